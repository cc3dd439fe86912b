{#-
  Waits until the cluster is idle and proves that the service is there: every node online, the group on exactly one
  node, nothing failed, quorum, fencing as asked. Changes nothing; a run that ends without it is not a success. Fails at
  the deadline (`timeouts:settle`), or once there was no news for 120 seconds.

  Needs: hanfs.configuration.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.configuration

The NFS service is healthy:
  hanfs.healthy:
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.configuration
