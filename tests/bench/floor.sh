#!/bin/bash
# The least that moves an NFS server with its address and its disk from one machine to another, without a cluster:
# "floor.sh down" on one, "floor.sh up" on the other. floor.py writes floor.conf beside it. Prints a line at the begin of
# each part, NAME SECONDS, and one at the end.
set -e
. "${0%/*}/floor.conf"
state=/var/lib/nfs
daemons=/run/floor-daemons

mark() { echo "$1 $EPOCHREALTIME"; }

down() {
	ss -Htn state established "src $IP and sport = 2049" | while read -r _ _ local remote; do
		echo "$local $remote"
	done >"$STATE/floor-connections"
	mark ip_floor
	ip address del "$IP/$BITS" dev "$NIC"
	mark exports
	exportfs -au
	mark nfsd
	rpc.nfsd 0
	kill $(<"$daemons")
	for process in $(<"$daemons"); do
		while [ -d "/proc/$process" ]; do sleep 0.02; done
	done
	mark fs
	umount "$state/rpc_pipefs" "$state" "$MOUNTPOINT"
	mark vg
	vgchange -an "$VG" >/dev/null
	mark end
}

up() {
	mark vg
	# where it was last, it is already this machine's
	[ -n "$STAY" ] || vgchange --yes --config "local/extra_system_ids=[\"$OTHER\"]" --systemid "$SELF" "$VG" >/dev/null
	vgchange -ay "$VG" >/dev/null
	mark fs
	mount -o "$OPTIONS" "/dev/$VG/$LV" "$MOUNTPOINT"
	mount --bind "$STATE" "$state"
	mount -t rpc_pipefs sunrpc "$state/rpc_pipefs"
	mark nfsd
	nfsdcld -F </dev/null &>/dev/null &
	echo $! >"$daemons"
	rpc.mountd -F </dev/null &>/dev/null &
	echo $! >>"$daemons"
	unshare --uts bash -c 'hostname "$0" && exec rpc.nfsd "$1"' "$SCOPE" "$THREADS"
	mark exports
	exportfs -r
	mark ip_floor
	ip address add "$IP/$BITS" dev "$NIC"
	"$SEND_ARP" -i 10 -r 1 "$NIC" "$IP" auto not_used not_used >/dev/null
	mark tickle_floor
	"$TICKLE" -n 3 <"$STATE/floor-connections"
	mark end
}

"$1"
