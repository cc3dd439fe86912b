{#-
  Where pillar says `grow: true`: lets the physical volume, the volume and the file system grow with the disk, online, on
  the node that has it mounted. Nothing is rendered for a file system that does not ask for it.

  Needs: hanfs.configuration.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.configuration
{%- for mountpoint in hanfs.growing %}

{{ ("The file system of " ~ mountpoint ~ " is as large as its disk") | json }}:
  hanfs.storage_grown:
    - path: {{ hanfs.path | json }}
    - mountpoint: {{ mountpoint | json }}
    - require:
      - sls: hanfs.configuration
{%- endfor %}
