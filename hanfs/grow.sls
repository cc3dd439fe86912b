{#-
  Where pillar says `grow: true`: lets the physical volume, the volume and the file system grow with the disk, online, on
  the node that has it mounted. Nothing is rendered for a file system that does not ask for it.

  Needs: hanfs.configuration.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.configuration
{%- for storage in hanfs.file_systems if storage.get("grow") is true %}

{{ ("The file system of " ~ storage.get("mountpoint") ~ " is as large as its disk") | json }}:
  hanfs.storage_grown:
    - storage: {{ storage | json(sort_keys=False) }}
    - file_systems: {{ hanfs.file_systems | json(sort_keys=False) }}
    - require:
      - sls: hanfs.configuration
{%- endfor %}
