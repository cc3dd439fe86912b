{#-
  Pacemaker's alert agent, which writes what happens in the cluster to a file, and the beacon that forwards it to the
  master (docs/health.md). Only with the site's `events: true`: the agent is called from hanfs.configuration on.

  Needs: hanfs.packages.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.packages

{%- if hanfs.events %}

The alert agent is on this node:
  file.managed:
    - name: /var/lib/pacemaker/hanfs-alert
    - source: salt://hanfs/files/alert.sh
    - user: root
    - group: root
    - mode: '0755'
    - require:
      - sls: hanfs.packages

{%- if not opts.get("test") and "_ssh_version" not in opts %}

The beacon of the formula is on this minion:
  saltutil.sync_beacons:
    - require:
      - file: The alert agent is on this node
{%- endif %}
{%- endif %}
