{#-
  Sets up the node for what the cluster will run: the NFS server's lease, grace, threads, versions and fixed ports, the
  lock manager's ports, which helpers systemd starts again, LVM's system id, what systemd stops after the cluster,
  rpc.statd's directory, SELinux, Kerberos.
  Only in the profile hardened; the profile article leaves a machine at its distribution's settings.

  Restarts nothing: a change counts from the next start of the NFS server on this node.

  Needs: hanfs.nfs.
#}
{%- from "hanfs/map.jinja" import hanfs %}

include:
  - hanfs.nfs

{%- if hanfs.hardened and hanfs.statd_user %}

rpc.statd keeps its clients where the resource agents look for them:
  hanfs.statd_directory:
    - name: /var/lib/nfs/statd
    - path: {{ hanfs.path | json }}
    - user: {{ hanfs.statd_user | json }}
    - require:
      - sls: hanfs.nfs
    - require_in:
      - hanfs: The NFS server has the settings of the site
{%- endif %}

{%- if hanfs.hardened %}

portblock finds its directory where the service does not run, too:
  file.directory:
    - name: /var/lib/nfs/tickle
    - user: root
    - group: root
    - mode: '0700'
    - require:
      - sls: hanfs.nfs
    - require_in:
      - hanfs: The NFS server has the settings of the site
{%- endif %}

The NFS server has the settings of the site:
  hanfs.nfs_settings:
    - path: {{ hanfs.path | json }}
    - style: {{ hanfs.nfs_settings | json }}
    - require:
      - sls: hanfs.nfs

{%- if hanfs.hardened %}

The lock manager has the ports of the site:
  hanfs.lockd_settings:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The NFS server has the settings of the site

Only what the site's NFS versions need can run:
  hanfs.nfs_versions:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: The lock manager has the ports of the site

systemd starts the NFS server under its scope:
  hanfs.nfs_scope:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: Only what the site's NFS versions need can run

A helper of the NFS server that dies is started again:
  hanfs.helpers_restarted:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: systemd starts the NFS server under its scope

LVM gives the shared volume group to one node at a time:
  hanfs.lvm_settings:
    - path: {{ hanfs.path | json }}
    - autoactivation: {{ hanfs.lvm_autoactivation | json }}
    - require:
      - hanfs: A helper of the NFS server that dies is started again

At shutdown the shared disk stays until the cluster has stopped:
  hanfs.storage_outlives_cluster:
    - require:
      - hanfs: LVM gives the shared volume group to one node at a time

SELinux lets the NFS server do its work:
  hanfs.selinux_ready:
    - path: {{ hanfs.path | json }}
    - require:
      - hanfs: At shutdown the shared disk stays until the cluster has stopped

What Kerberos needs is there:
  hanfs.kerberos_ready:
    - path: {{ hanfs.path | json }}
    - running: {{ hanfs.kerberos_running | json }}
    - wanted: {{ hanfs.kerberos_wanted | json }}
    - require:
      - hanfs: SELinux lets the NFS server do its work
{%- endif %}
