{#-
  Compiles the site into the cluster's configuration (resources, groups, order, properties), compares it with what the
  cluster has, and pushes the difference in one step. Every node does it; the first one to come finds the work.
  Exported directories that do not exist are made first, by the node that has the file system mounted. Then each node gets
  the exports in a file of /etc/exports.d, before the cluster's part changes: an `exportfs -r` takes nothing away.

  Needs: hanfs.peers. A new directory is made by a run on the node that runs the service; the others wait for it, up to
  `timeouts:storage` seconds.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.peers
  - hanfs.events

The exported directories exist:
  hanfs.export_directories:
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.peers

An exportfs -r takes no export of the cluster away:
  hanfs.exports_file:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The exported directories exist

The cluster is configured as the site says:
  hanfs.configured:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: An exportfs -r takes no export of the cluster away
{%- if hanfs.hardened and hanfs.statd_user %}

rpc.statd may write where the shared disk keeps its clients:
  hanfs.statd_directory:
    - path: {{ hanfs.path | json }}
    - user: {{ hanfs.statd_user | json }}
    - shared: true
    - require:
      - hanfs: The cluster is configured as the site says
{%- endif %}
