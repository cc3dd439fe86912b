{#-
  Checks this machine's site in pillar before anything is touched, and looks for what an expert would object to. A
  finding of severity `error` stops the run here, unless pillar accepts it (docs/lint.md). Every later step requires
  this, directly or not.

  Needs: the formula's modules (hanfs.sync).
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.sync

The site in pillar is complete and fits this machine:
  hanfs.checked:
    - defaults: {{ hanfs.defaults | json }}

Nothing about the site is dangerous:
  hanfs.linted:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The site in pillar is complete and fits this machine

{%- if not hanfs.supported %}

This operating system is supported:
  test.fail_without_changes:
    - name: >-
        hanfs has no package names for {{ grains.get("os") }} {{ grains.get("osrelease") }}. Supported: RHEL and its kin
        7 to 10, Debian 11 to 13, Ubuntu 22.04, 24.04 and 26.04. Others: set them under hanfs:lookup, with supported: true.
{%- endif %}
