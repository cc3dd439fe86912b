{#-
  The whole formula: from two plain machines with one shared disk to a running, highly available NFS service.
  Run it on every node of a site, all at once: they wait for each other where they have to.

  Needs: pillar `hanfs` (see pillar.example).
  On a machine that never got this formula's modules, a dry run cannot know anything: it says what to do first.
#}
{%- if opts.get("test") and "hanfs.converge" not in salt %}

The hanfs modules are not on this minion yet:
  test.show_notification:
    - text: >-
        Run saltutil.sync_all on this minion first: without it a dry run cannot know anything (a real run syncs by itself).

{%- else %}

include:
  - hanfs.sync
  - hanfs.check
  - hanfs.packages
  - hanfs.firewall
  - hanfs.nfs
  - hanfs.settings
  - hanfs.storage
  - hanfs.pcsd
  - hanfs.fencing
  - hanfs.cluster
  - hanfs.peers
  - hanfs.configuration
  - hanfs.grow
  - hanfs.healthy
{%- endif %}
