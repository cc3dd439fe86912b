{#-
  Takes the NFS server out of the machine's own hands: not started at boot, no exports of its own. The cluster starts it,
  exports the directories, and does so on one node at a time. What runs under the cluster is not touched. Nor may there be
  what keeps the cluster from stopping it: Debian's old start script, and fsidd.

  Needs: hanfs.packages.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.firewall

The NFS server is left to the cluster:
  hanfs.nfs_left_to_cluster:
    - name: {{ hanfs.nfs_unit | json }}
    - path: {{ hanfs.path | json }}
    - helpers: {{ hanfs.nfs_helper_units | json }}
    - require:
      - sls: hanfs.packages

The machine exports nothing by itself:
  file.managed:
    - name: /etc/exports
    - contents: |
        # Kept empty by Salt (hanfs): the cluster exports the shared directories.
        # A line here would be exported on every node, also where the shared disk is not mounted.
    - user: root
    - group: root
    - mode: '0644'
    - backup: minion
    - require:
      - hanfs: The NFS server is left to the cluster
{%- for script in hanfs.nfs_init_scripts | unique %}

{{ ("The cluster runs the NFS server with systemd and not with " ~ script) | json }}:
  hanfs.init_script_off:
    - name: {{ script | json }}
    - require:
      - hanfs: The NFS server is left to the cluster
{%- endfor %}
{%- for unit in hanfs.nfs_unwanted_units | unique %}

{{ ("The unit " ~ unit ~ " does not keep the NFS server's directory busy") | json }}:
  hanfs.unit_off:
    - name: {{ unit | json }}
    - require:
      - hanfs: The NFS server is left to the cluster
{%- endfor %}
