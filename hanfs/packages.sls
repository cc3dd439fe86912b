{#-
  Installs NFS server, cluster software, LVM and file system tools, firewalld; on the RedHat family it enables the
  repository that holds the cluster software. Then checks that the resource agents the site needs are there.

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

The resource agents of the site are known:
  hanfs.agents_known:
    - path: {{ hanfs.path | json }}
    - require:
      - pkg: The packages are installed
