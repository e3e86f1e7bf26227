#!/usr/bin/env python3
"""Twenty sessions at once, of twenty ordinary users, with a real X server each; nothing of them is left afterwards."""

import concurrent.futures
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user

USERS = [f"hosttest{i:02}" for i in range(20)]

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("twenty sessions at once", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

# All twenty meet before any goes on, so they are there at the same time or the flow fails by its time-out.
SCRIPT = """set -e
touch "$1/$(id -un)"
tries=0
while [ "$(ls "$1" | wc -l)" -lt 20 ]; do
	tries=$((tries + 1)); [ $tries -lt 1200 ] || { hostler-event error "only $(ls "$1" | wc -l) of 20 met"; exit 1; }
	sleep 0.1
done
hostler-event output who "$(id -un)"
hostler-event output display "$DISPLAY"
"""


def house_files():
    connections = "\n".join(connection_conf(user, f"c-{user}") for user in USERS)
    files = {
        "hostler.ini": device_conf(", ".join(USERS), strategy="big",
                                   more="[strategy big]\nplugin = server-rds\nmax_sessions = 20\n\n" + connections),
        "desktop-flows/meet/desktop-flow.ini": """[desktop-flow]
name = meet
version = 1
run = sh $HOSTLER_PACKAGE/meet.sh MEETING
timeout = 3m
screenshots = none

[output who]
type = text
[output display]
type = text
""",
        "desktop-flows/meet/meet.sh": SCRIPT,
    }
    for user in USERS:
        files[f"flows/{user}.ini"] = f"""[flow]
name = {user}

[step meet]
use = desktop:meet
connection = c-{user}
mode = unattended
"""
    return files


def run(house, flow):
    done = house.hostler("run", flow, "--wait", time_out=280)
    return done, house.json("show", f"last:{flow}")


try:
    for user in USERS:
        make_user(user)
    with House(house_files()) as house:
        meeting = house.path("meeting")
        os.mkdir(meeting)
        os.chmod(meeting, 0o1777)
        manifest = house.path("desktop-flows/meet/desktop-flow.ini")
        with open(manifest, encoding="utf-8") as file:
            text = file.read()
        house.write("desktop-flows/meet/desktop-flow.ini", text.replace("MEETING", meeting))
        house.up()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            results = list(pool.map(lambda user: run(house, user), USERS))
        states = [shown["state"] for _, shown in results]
        tap.ok(states == ["succeeded"] * 20, "all twenty runs succeed, all at the same time",
               *[shown["steps"][0]["reason"] for _, shown in results if shown["state"] != "succeeded"], house.said()[-3000:])
        outputs = [shown["steps"][0]["outputs"] or {} for _, shown in results]
        tap.same([output.get("who") for output in outputs], USERS, "each ran as its own user")
        tap.same(len({output.get("display") for output in outputs}), 20, "each on a display of its own")
        tap.ok(house.json("devices")[0]["containment"] in ("cgroup", "processes"), "the device says what holds them together",
               house.json("devices"))
        tap.ok(house.wait(lambda: not any(processes_of(user) for user in USERS), 60), "no process of any of them is left",
               *[f"{user}: {processes_of(user)}" for user in USERS])
        tap.ok(house.wait(lambda: house.json("devices")[0]["sessions"] == [], 30), "the device reports no session any more",
               house.json("devices")[0]["sessions"])
        tap.same(os.listdir(house.path("run/sessions")) if os.path.isdir(house.path("run/sessions")) else [], [],
                 "no directory of a session is left") or print("#", os.listdir(house.path("run/sessions")))
        house.down()
finally:
    for user in USERS:
        remove_user(user)
tap.end()
