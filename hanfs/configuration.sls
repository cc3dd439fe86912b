{#-
  Compiles the site into the cluster's configuration (resources, group, order, properties), compares it with what the
  cluster has, and pushes the difference in one step. Every node does it; the first one to come finds the work.

  Needs: hanfs.cluster.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.cluster

The cluster is configured as the site says:
  hanfs.configured:
    - site: {{ hanfs.site | json(sort_keys=False) }}
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.cluster
