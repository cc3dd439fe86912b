{#-
  Installs NFS server, cluster software, LVM and file system tools, firewalld; on the RedHat family it enables the
  repository that holds the cluster software. Puts the formula's own agent for the NFS server beside the others, where the
  site uses it. Then checks that the resource agents the site needs are there.

  Needs: hanfs.check.
#}
{%- from "hanfs/map.jinja" import hanfs %}
{%- from "hanfs/software.jinja" import packages %}

include:
  - hanfs.check

{%- for repository in hanfs.ha_repositories | unique %}

{{ ("The repository " ~ repository ~ " is enabled") | json }}:
  hanfs_repository.enabled:
    - name: {{ repository | json }}
    - require:
      - sls: hanfs.check
    - require_in:
      - pkg: The packages are installed
{%- endfor %}

{%- if hanfs.policy_rc_d %}

Packages start nothing of the cluster's:
  hanfs.packages_start_nothing:
    - require:
      - sls: hanfs.check
    - require_in:
      - pkg: The packages are installed
{%- endif %}

The packages are installed:
  pkg.installed:
    - pkgs: {{ packages | json }}
{%- if not hanfs.install_recommends %}
    - install_recommends: false
{%- endif %}
{%- if opts.get("test") %}
    - refresh: false
{%- endif %}
    - require:
      - sls: hanfs.check

{%- if hanfs.hardened and hanfs.agent != "heartbeat" %}

The agent of the formula for the NFS server is there:
  file.managed:
    - name: /usr/lib/ocf/resource.d/hanfs/nfsserver
    - source: salt://hanfs/files/nfsserver
    - user: root
    - group: root
    - mode: '0755'
    - makedirs: true
    - dir_mode: '0755'
    - require:
      - pkg: The packages are installed
    - require_in:
      - hanfs: The resource agents of the site are known
{%- endif %}

The resource agents of the site are known:
  hanfs.agents_known:
    - path: {{ hanfs.path | json }}
    - require:
      - pkg: The packages are installed
