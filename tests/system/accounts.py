#!/usr/bin/env python3
"""Several hostlerds that start for the first time on a machine at once agree on the users of the roles: useradd, which looks whether a
name is there before it locks anything, would give a name that two ask for at once a second number. In an /etc of the test's own."""

import os
import pwd
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

HOUSES = 6
ROLES = {"hostler-engine": "state/store", "hostler-worker": "state/workers", "hostler-gateway": "state/gateway"}
WORLD = """
mount -t tmpfs -o mode=755 none /mnt
cp -a /etc /mnt/etc 2>/dev/null || true # while somebody makes a user there, locks come and go
rm -f /mnt/etc/*.lock /mnt/etc/*+
mount --bind /mnt/etc /etc
for role in engine worker gateway; do userdel -f hostler-$role 2>/dev/null || true; done
groupdel hostler 2>/dev/null || true
exec "$0" "$@"
"""

tap = Tap()
if os.geteuid() != 0:
    tap.skip("accounts that several make at once", "needs root")
    tap.end()
if not os.environ.get("HOSTLER_TEST_ALONE"):
    os.execvpe("unshare", ["unshare", "--mount", "sh", "-ec", WORLD, sys.executable, *sys.argv], {**os.environ, "HOSTLER_TEST_ALONE": "1"})


def owners(house):
    return {role: os.stat(house.path(folder)).st_uid for role, folder in ROLES.items()}


houses = [null_house({}) for _ in range(HOUSES)]
try:
    tap.ok(not any(entry.pw_name in ROLES for entry in pwd.getpwall()), "no role has a user yet")
    for house in houses:
        house.up(ready=lambda: True)
    for number, house in enumerate(houses):
        tap.ok(house.wait(house.online, 60), f"house {number} comes up", house.said())
    users = {role: pwd.getpwnam(role).pw_uid for role in ROLES}
    tap.same(len(set(users.values())), len(ROLES), "each role has a user of its own")
    for number, house in enumerate(houses):
        tap.same(owners(house), users, f"and the folders of house {number} are theirs")
    for house in houses:
        house.down()
finally:
    for house in houses:
        house.remove()
tap.end()
