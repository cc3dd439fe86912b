{#-
  Waits until the cluster is idle and proves that the service is there: the group on exactly one node, nothing failed,
  quorum, fencing as asked. Changes nothing; a run that ends without it is not a success.

  Needs: hanfs.configuration.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.configuration

The NFS service is healthy:
  hanfs.healthy:
    - site: {{ hanfs.site | json(sort_keys=False) }}
    - timeout: {{ hanfs.timeouts.get("settle", 600) | json }}
    - require:
      - sls: hanfs.configuration
