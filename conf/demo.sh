#!/bin/sh
# The demo: a button press becomes a desktop flow in a real session, and its outputs come back.
# Called by `./bootstrap demo` with the folder the programs were staged in; needs root (or sudo).
set -eu
stage=${1:?usage: conf/demo.sh STAGE [ORDER]}
order=${2:-1042}
home=${HOSTLER_DEMO_HOME:-/opt/hostler-demo}
user=hostler-demo
source=$(cd "$(dirname "$0")" && pwd)

say() {
	printf '\n== %s\n' "$*"
}

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "demo: error: it makes a user and opens a session for it, which needs root; run it as root" >&2
		exit 1
	}
	exec sudo sh "$0" "$@"
fi

# What was here before stays when the demo goes.
roles=
for role in hostler-engine hostler-worker hostler-gateway; do
	id "$role" >/dev/null 2>&1 || roles="$roles $role"
done
had_group=no
getent group hostler >/dev/null && had_group=yes
daemon=

clean_up() {
	trap - EXIT INT TERM HUP
	[ -z "$daemon" ] || {
		say "Taking everything down again"
		"$home/bin/hostler" -c "$ini" down || true
		wait "$daemon" 2>/dev/null || true
	}
	for account in $user $roles; do
		id "$account" >/dev/null 2>&1 && userdel -r "$account" >/dev/null 2>&1 || true
	done
	[ "$had_group" = yes ] || groupdel hostler 2>/dev/null || true
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "Installing into $home"
# A demo that is still running is taken down first. Of earlier ones only the ledger and changed orders are kept.
if [ -x "$home/bin/hostler" ] && [ -f "$home/etc/hostler/hostler.ini" ]; then
	"$home/bin/hostler" -c "$home/etc/hostler/hostler.ini" down >/dev/null 2>&1 || true
fi
rm -rf "${home:?}/var/lib" "${home:?}/var/run"
mkdir -p "$home/etc/hostler/orders" "$home/var/ledger"
chmod 755 "$home" "$home/etc" "$home/etc/hostler" "$home/var"
for part in bin lib share include; do
	rm -rf "${home:?}/$part"
	[ ! -e "$stage/$part" ] || cp -a "$stage/$part" "$home/$part"
done
chown -R root:root "$home/bin" "$home/lib" "$home/share"
ini=$home/etc/hostler/hostler.ini
cp "$source/hostler.ini" "$ini"
rm -rf "$home/etc/hostler/flows" "$home/etc/hostler/desktop-flows"
cp -R "$source/flows" "$source/desktop-flows" "$home/etc/hostler/"
# The orders are the demo's data: yours to change, so a changed file is kept.
[ -f "$home/etc/hostler/orders/orders.csv" ] || cp "$source/orders/orders.csv" "$home/etc/hostler/orders/"
chmod -R a+rX "$home/etc"

say "Making the user $user, whose session the desktop flow will have"
id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --comment "hostler demo" "$user"

say "Starting hostler (its log: $home/var/hostlerd.log)"
HOSTLER_KEY=$home/var/operator.key
export HOSTLER_KEY
"$home/bin/hostler" -c "$ini" check
"$home/bin/hostler" -c "$ini" up >"$home/var/hostlerd.log" 2>&1 &
daemon=$!
tries=0
until "$home/bin/hostler" -c "$ini" --json devices 2>/dev/null | grep -q '"state":"online"'; do
	tries=$((tries + 1))
	if [ $tries -gt 150 ] || ! kill -0 $daemon 2>/dev/null; then
		tail -n 20 "$home/var/hostlerd.log" >&2
		echo "demo: error: hostler did not start; its last words are above" >&2
		exit 1
	fi
	sleep 0.2
done
chown hostler-worker:hostler "$home/var/ledger"
"$home/bin/hostler" -c "$ini" devices

press() {
	say "Pressing the button \"order\" with number $1"
	grep "^$1," "$home/etc/hostler/orders/orders.csv" || true
	"$home/bin/hostler" -c "$ini" press order --input "number=$1" --wait
}

status=0
press "$order" || status=$?
say "The ledger now ends with"
tail -n 1 "$home/var/ledger/ledger.csv" 2>/dev/null || echo "(nothing)"
cat <<TEXT

== The last picture of the program's window
$("$home/bin/hostler" -c "$ini" files last | awk '/end\.png/ { print $NF }' | tail -n 1)

== To press again: ./bootstrap demo 1043
On a terminal the demo stays, takes further order numbers, and can be pressed from another terminal, too:
  ${SUDO_USER:+sudo }HOSTLER_KEY=$HOSTLER_KEY $home/bin/hostler -c $ini press order --input number=1043 --wait
The orders are in $home/etc/hostler/orders/orders.csv: change quantity or price, press again, and see.
TEXT

# On a terminal the demo stays until it is told to end; elsewhere it ends by itself.
if [ -t 0 ] && [ -t 1 ]; then
	while printf '\nAn order number presses again, an empty line ends the demo: ' && read -r number && [ -n "$number" ]; do
		press "$number" || true
	done
fi
exit $status
