#!/bin/sh
# Pacemaker alert agent of hanfs: one line of JSON for each event of the cluster, for the minion's beacon to read.
#
# Pacemaker runs it as hacluster, on each node that sees an event, with the event in its environment and the file in
# CRM_alert_recipient (Pacemaker Administration, "Alert Agents"). It has no rights but that file. Managed by Salt.

spool=${CRM_alert_recipient:-/var/lib/pacemaker/hanfs/events}
most=262144 # bytes; then the file becomes FILE.1, and the FILE.1 before is gone

umask 027
mkdir -p "${spool%/*}" || exit 1

# Quotes, backslashes and control signs would end the text or its line; nothing that is looked for has one.
clean() {
    printf '%s' "$1" | LC_ALL=C tr '\000-\037\177"\\' ' ' | LC_ALL=C cut -c 1-400
}

field() {
    printf ',"%s":"%s"' "$1" "$(clean "$2")"
}

now=${CRM_alert_timestamp_epoch:-$(date +%s)}
case $now in
'' | *[!0-9]*) now=$(date +%s) ;;
esac

line="{\"time\":$now$(field kind "$CRM_alert_kind")$(field node "$CRM_alert_node")$(field desc "$CRM_alert_desc")"
line="$line$(field rsc "$CRM_alert_rsc")$(field task "$CRM_alert_task")$(field rc "$CRM_alert_rc")"
line="$line$(field target_rc "$CRM_alert_target_rc")}"

# Two events at once: one writes after the other, and the file is put aside once.
exec 9>>"$spool.lock"
if command -v flock >/dev/null; then
    flock -w 10 9 || exit 1
fi
size=$(wc -c 2>/dev/null <"$spool" || echo 0)
if [ "$size" -ge "$most" ]; then
    mv -f "$spool" "$spool.1"
fi
printf '%s\n' "$line" >>"$spool"
