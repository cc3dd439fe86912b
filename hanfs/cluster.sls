{#-
  Joins the nodes into one cluster: each node authenticates all of them, the first node of the site sets the cluster up,
  the others wait until they are members. Then corosync and pacemaker run on this node, now and at boot, and it is
  online in a cluster with a coordinator (DC) and quorum. In an existing cluster a peer that is down is only named
  here; hanfs.healthy fails at the end and names it again.

  SBD, where the site has it, starts and ends with corosync: it is enabled once the cluster is set up (which disables it)
  and before it starts, and nothing goes on before it runs on every node.

  Needs: hanfs.fencing on this node; for a new cluster on every node of the site (each waits for the others, up to
  `timeouts:peer` seconds).
#}
{%- from "hanfs/map.jinja" import hanfs %}
{%- set peer_timeout = hanfs.timeouts.get("peer", 600) %}
{%- set fencing = hanfs.site.get("fencing") %}
{%- set sbd = fencing.get("sbd") if fencing is mapping and fencing.get("enabled") else none %}

include:
  - hanfs.fencing

The nodes reach each other over every link:
  hanfs.nodes_ready:
    - site: {{ hanfs.site | json(sort_keys=False) }}
    - timeout: {{ peer_timeout | json }}
    - require:
      - sls: hanfs.fencing

The nodes trust each other:
  pcs.hosts_authenticated:
    - nodes: {{ hanfs.nodes | json(sort_keys=False) }}
    - password_pillar: {{ hanfs.password_pillar | json }}
    - timeout: {{ peer_timeout | json }}
    - require:
      - hanfs: The nodes reach each other over every link

The nodes form the cluster:
  pcs.cluster_created:
    - name: {{ hanfs.cluster_name | json }}
    - nodes: {{ hanfs.nodes | json(sort_keys=False) }}
    - creator: {{ hanfs.creator | json }}
    - totem: {{ hanfs.cluster.get("totem") | json(sort_keys=False) }}
{%- if hanfs.links %}
    - links: {{ hanfs.links | json(sort_keys=False) }}
{%- endif %}
    - timeout: {{ peer_timeout | json }}
    - require:
      - pcs: The nodes trust each other
{%- if sbd is mapping %}

SBD starts with the cluster:
  hanfs.sbd_enabled:
    - name: sbd
    - require:
      - pcs: The nodes form the cluster
    - require_in:
      - service: corosync is running
{%- endif %}

corosync is running:
  service.running:
    - name: {{ hanfs.corosync_unit | json }}
    - enable: true
    - require:
      - pcs: The nodes form the cluster

pacemaker is running:
  service.running:
    - name: {{ hanfs.pacemaker_unit | json }}
    - enable: true
    - require:
      - service: corosync is running

The cluster is online:
  pcs.cluster_online:
    - name: {{ hanfs.cluster_name | json }}
    - nodes: {{ hanfs.nodes | list | json }}
    - timeout: {{ peer_timeout | json }}
    - require:
      - service: pacemaker is running

{%- if sbd is mapping %}

SBD watches over the nodes:
  hanfs.sbd_running:
    - sbd: {{ sbd | json }}
    - nodes: {{ hanfs.nodes | list | json }}
    - require:
      - pcs: The cluster is online
{%- endif %}
