{#-
  What fencing needs on this node before the cluster first starts: the agents' key files, and SBD's disks, watchdog and
  settings. The devices themselves are part of the cluster's configuration (hanfs.configuration). Nothing is started or
  restarted here, and SBD's header is written on an empty disk only.

  SBD is enabled in hanfs.cluster: pcs disables it when it sets a cluster up.

  Needs: hanfs.pcsd.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.pcsd

The key files of the fencing agents are there:
  hanfs.fencing_keys:
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.pcsd

{%- if hanfs.sbd %}

The package of SBD is installed:
  pkg.installed:
    - pkgs: {{ hanfs.sbd_packages | json }}
{%- if opts.get("test") %}
    - refresh: false
{%- endif %}
    - require:
      - hanfs: The key files of the fencing agents are there

SBD is set up on this node:
  hanfs.sbd_configured:
    - path: {{ hanfs.path | json }}
    - require:
      - pkg: The package of SBD is installed

The disks of SBD carry its header:
  hanfs.sbd_disks_ready:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: SBD is set up on this node
{%- endif %}
