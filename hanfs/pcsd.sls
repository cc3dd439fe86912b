{#-
  Makes this node reachable for its peers' pcs: no stub cluster, the password of hacluster, pcsd running now and at boot.
  Debian's packages start a one-node cluster; while it exists, `pcs host auth` says 'Authorized' and stores nothing. Only
  that stub is removed, recognised by its content.

  Needs: hanfs.storage, pillar key `cluster:password` of the site.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.storage

No stub cluster of the distribution is left:
  pcs.stub_removed:
    - require:
      - sls: hanfs.storage

The cluster user has the password of the site:
  pcs.password_set:
    - name: hacluster
    - password_pillar: {{ (hanfs.path ~ ":cluster:password") | json }}
    - require:
      - pcs: No stub cluster of the distribution is left

pcsd is running:
  service.running:
    - name: {{ hanfs.pcsd_unit | json }}
    - enable: true
    - require:
      - pcs: The cluster user has the password of the site
