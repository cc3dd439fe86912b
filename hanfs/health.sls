{#-
  Tells the health of the service, as hanfs.health does: for salt-ssh, where a single function gets no pillar. No part of
  a run of the whole formula. Changes nothing; fails if the service is in a critical or unknown state.

  Needs: the formula's modules (hanfs.sync).
#}
{%- from "hanfs/map.jinja" import hanfs %}

The health of the service is told:
  hanfs.health_told:
    - path: {{ hanfs.path | json }}
