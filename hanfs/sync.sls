{#-
  Brings this formula's modules to the minion, so that a fresh one can run it at once and an updated formula never meets
  old modules. Nothing to do in a dry run (it writes nothing) and under salt-ssh (which ships the modules itself).

  Needs: nothing.
#}
{%- if not opts.get("test") and opts.get("__role") == "minion" %}

The modules of the formula are on this minion:
  saltutil.sync_all:
    - refresh: true
    - order: 1
{%- endif %}
