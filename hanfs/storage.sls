{#-
  Makes the mount points, and on the first node of the site the volume groups, volumes and file systems on the shared disk:
  only where the disk is empty and only with `initialize: true`. The other nodes wait until they see them. Mounts nothing.

  Needs: hanfs.settings.
#}
{%- from "hanfs/map.jinja" import hanfs %}
{%- set file_systems = hanfs.file_systems or [{}] %}
{%- set hardened = hanfs.site.get("profile", "hardened") == "hardened" %}
{%- set of_mount_point = "hardened_mount_" if hardened else "mount_" %}

include:
  - hanfs.settings
{%- for storage in file_systems %}
{%-   set where = storage.get("mountpoint") or "" %}
{%-   set of = " of " ~ where if file_systems | length > 1 else "" %}

{{ ("The mount point" ~ (" " ~ where if of else "") ~ " exists") | json }}:
  hanfs.mount_point:
    - name: {{ where | json }}
    - user: {{ storage.get("user", hanfs[of_mount_point ~ "user"]) | json }}
    - group: {{ storage.get("group", hanfs[of_mount_point ~ "group"]) | json }}
    - mode: {{ storage.get("mode", hanfs[of_mount_point ~ "mode"]) | json }}
    - require:
      - sls: hanfs.settings

{{ ("The shared disk carries the file system" ~ of) | json }}:
  hanfs.storage_ready:
    - storage: {{ storage | json(sort_keys=False) }}
    - file_systems: {{ file_systems | json(sort_keys=False) }}
    - creator: {{ hanfs.creator | json }}
    - cluster: {{ hanfs.cluster_name | json }}
    - protection: {{ ("system_id" if hardened else none) | json }}
    - timeout: {{ hanfs.timeouts.get("storage", 300) | json }}
    - require:
      - hanfs: {{ ("The mount point" ~ (" " ~ where if of else "") ~ " exists") | json }}
{%- endfor %}
