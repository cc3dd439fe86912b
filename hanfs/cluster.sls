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

include:
  - hanfs.fencing

The nodes reach each other over every link:
  hanfs.nodes_ready:
    - path: {{ hanfs.path | json }}
    - require:
      - sls: hanfs.fencing

The nodes trust each other:
  hanfs.nodes_trusted:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The nodes reach each other over every link

The nodes form the cluster:
  hanfs.cluster_formed:
    - path: {{ hanfs.path | json }}
    - link_priorities: {{ hanfs.link_priorities | json }}
    - require:
      - hanfs: The nodes trust each other
{%- if hanfs.sbd %}

SBD starts with the cluster:
  hanfs.sbd_enabled:
    - name: sbd
    - require:
      - hanfs: The nodes form the cluster
    - require_in:
      - service: corosync is running
{%- endif %}

corosync is running:
  service.running:
    - name: {{ hanfs.corosync_unit | json }}
    - enable: true
    - require:
      - hanfs: The nodes form the cluster

pacemaker is running:
  service.running:
    - name: {{ hanfs.pacemaker_unit | json }}
    - enable: true
    - require:
      - service: corosync is running

The cluster is online:
  hanfs.cluster_online:
    - path: {{ hanfs.path | json }}
    - require:
      - service: pacemaker is running

{%- if hanfs.sbd %}

SBD watches over the nodes:
  hanfs.sbd_running:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The cluster is online
{%- endif %}
