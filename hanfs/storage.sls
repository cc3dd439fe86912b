{#-
  Makes the mount point, and on the first node of the site the volume group, volume and file system on the shared disk:
  only where the disk is empty and only with `initialize: true`. The other nodes wait until they see them. Mounts nothing.

  Needs: hanfs.nfs.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.nfs

The mount point exists:
  hanfs.mount_point:
    - name: {{ hanfs.mountpoint | json }}
    - user: {{ hanfs.storage.get("user", hanfs.mount_user) | json }}
    - group: {{ hanfs.storage.get("group", hanfs.mount_group) | json }}
    - mode: {{ hanfs.storage.get("mode", hanfs.mount_mode) | json }}
    - require:
      - sls: hanfs.nfs

The shared disk carries the file system:
  hanfs.storage_ready:
    - storage: {{ hanfs.storage | json(sort_keys=False) }}
    - creator: {{ hanfs.creator | json }}
    - cluster: {{ hanfs.cluster_name | json }}
    - timeout: {{ hanfs.timeouts.get("storage", 300) | json }}
    - require:
      - hanfs: The mount point exists
