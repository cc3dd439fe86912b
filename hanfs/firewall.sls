{#-
  Opens cluster traffic and NFS in firewalld, permanently and at once, and no more than the site's NFS versions need. Site
  key `firewall: {manage: false}` leaves the machine's firewall alone and does not install firewalld.

  Needs: hanfs.packages.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.packages

{%- if hanfs.manage_firewall %}

firewalld is running:
  service.running:
    - name: {{ hanfs.firewalld_unit | json }}
    - enable: true
    - require:
      - sls: hanfs.packages

Cluster traffic and NFS pass the firewall:
  hanfs.firewall_allows:
    - path: {{ hanfs.path | json }}
    - services: {{ hanfs.firewall_services | json }}
    - require:
      - service: firewalld is running
    - require_in:
      - hanfs: The NFS server is left to the cluster
{%- endif %}
