{#-
  Tells the other nodes what must be the same on all of them, and compares it with what they have told. An error that
  pillar does not accept, such as a cloned node or another disk, stops the run before the cluster's configuration is
  touched.

  Needs: hanfs.cluster.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.cluster

The nodes agree with each other:
  hanfs.peers_agree:
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.cluster
