{#-
  Brings this formula's modules to the minion, so that a fresh one can run it at once and an updated formula never meets
  old modules. No pillar or grains refresh, so it costs a few hundredths of a second when there is nothing new.
  Left out in a dry run (which writes nothing) and under salt-ssh (which ships the modules by itself).

  Needs: nothing.
#}
{%- if not opts.get("test") and "_ssh_version" not in opts %}

The execution modules of the formula are on this minion:
  saltutil.sync_modules:
    - refresh: false
    - reload_modules: true
    - order: 1

The state modules of the formula are on this minion:
  saltutil.sync_states:
    - refresh: false
    - reload_modules: true
    - order: 2
{%- endif %}
