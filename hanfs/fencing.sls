{#-
  What fencing needs on this node before the cluster first starts: the agents' key files, and SBD's disks, watchdog and
  settings. The devices themselves are part of the cluster's configuration (hanfs.configuration). Nothing is started or
  restarted here, and SBD's header is written on an empty disk only.

  SBD is enabled in hanfs.cluster: pcs disables it when it sets a cluster up.

  Needs: hanfs.pcsd.
#}
{%- from "hanfs/map.jinja" import hanfs %}
{%- set fencing = hanfs.site.get("fencing") %}
{%- set fencing = fencing if fencing is mapping else {} %}

include:
  - hanfs.pcsd

The key files of the fencing agents are there:
  hanfs.fencing_keys:
    - key_files: {{ fencing.get("key_files", {}) | json }}
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.pcsd

{%- if fencing.get("enabled") and fencing.get("sbd") is mapping %}

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
    - sbd: {{ fencing.sbd | json }}
    - require:
      - pkg: The package of SBD is installed

The disks of SBD carry its header:
  hanfs.sbd_disks_ready:
    - sbd: {{ fencing.sbd | json }}
    - creator: {{ hanfs.creator | json }}
    - timeout: {{ hanfs.timeouts.get("storage", 300) | json }}
    - require:
      - hanfs: SBD is set up on this node
{%- endif %}
