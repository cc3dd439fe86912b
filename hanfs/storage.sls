{#-
  Makes the mount points, and on the first node of the site the volume groups, volumes and file systems on the shared disk:
  only where the disk is empty and only with `initialize: true`. The other nodes wait until they see them. Mounts nothing.

  Needs: hanfs.settings.
#}
{%- from "hanfs/map.jinja" import hanfs %}
{%- set of_mount_point = "hardened_mount_" if hanfs.hardened else "mount_" %}

include:
  - hanfs.settings
{%- for where in hanfs.mountpoints %}
{%-   set of = " of " ~ where if hanfs.mountpoints | length > 1 else "" %}

{{ ("The mount point" ~ (" " ~ where if of else "") ~ " exists") | json }}:
  hanfs.mount_point:
    - name: {{ where | json }}
    - path: {{ hanfs.path | json }}
    - user: {{ hanfs[of_mount_point ~ "user"] | json }}
    - group: {{ hanfs[of_mount_point ~ "group"] | json }}
    - mode: {{ hanfs[of_mount_point ~ "mode"] | json }}
    - require:
      - sls: hanfs.settings

{{ ("The shared disk carries the file system" ~ of) | json }}:
  hanfs.storage_ready:
    - path: {{ hanfs.path | json }}
    - mountpoint: {{ where | json }}
    - require:
      - hanfs: {{ ("The mount point" ~ (" " ~ where if of else "") ~ " exists") | json }}
{%- endfor %}
