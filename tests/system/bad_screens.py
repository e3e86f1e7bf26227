#!/usr/bin/env python3
"""Desktop flows that turn against their own session, of an ordinary user with a real X server: the session is closed or given up,
nothing of it is left, and the next run works. Each time with sessions that are closed and with sessions that are kept."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user

USER = "hostbad01"
tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("flows that turn against their session", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

KILL_X = 'pkill -9 -u $(id -u) -x Xvfb || exit 9\n'
FLOWS = {
    "fine": ("hostler-event output done \"$(ulimit -u)\"", "succeeded", None),
    "blinds": (KILL_X + "echo the screen is gone >&2; exit 3", "failed", "the screen is gone"),
    "blindly": (KILL_X + "hostler-event output done yes", "succeeded", None),
    "rampage": ("kill -9 -1\nexit 6", "failed", "exit status 6"),
    "bomb": ("ulimit -u 200\nb() { b | b & }\nb\nsleep 2\nexit 5", "failed", "exit status 5"),
    # dash gives up at the first process that it cannot have; bash would try again for a quarter of a minute each time.
    "bombs": ("cat >bomb.sh <<'END'\nulimit -p 200\nb() { setsid sh -c 'sleep 7553' & b; }\nb\nEND\nexec dash bomb.sh", "failed", ""),
}


def files(strategy):
    made = {
        "hostler.ini": device_conf(USER, strategy="mine", more=f"[strategy mine]\nplugin = server-rds\n{strategy}\n\n" + connection_conf(USER)),
    }
    for name, (script, *_) in FLOWS.items():
        made[f"desktop-flows/{name}/desktop-flow.ini"] = (f"[desktop-flow]\nname = {name}\nversion = 1\nrun = bash $HOSTLER_PACKAGE/run.sh\n"
                                                          "timeout = 60s\nscreenshots = errors\n\n[output done]\ntype = text\n")
        made[f"desktop-flows/{name}/run.sh"] = script + "\n"
        made[f"flows/{name}.ini"] = f"[flow]\nname = {name}\n\n[step it]\nuse = desktop:{name}\nconnection = me\nmode = unattended\n"
    return made


make_user(USER)
try:
    for strategy in ("reuse_session = no", "reuse_session = yes"):
        with House(files(strategy)) as house:
            house.up()
            for name, (_, state, part) in FLOWS.items():
                house.hostler("run", name, "--wait", time_out=120)
                step = house.json("show", f"last:{name}")["steps"][0]
                tap.ok(step["state"] == state and (part is None or part in str((step["reason"] or {}).get("text"))),
                       f"\"{name}\" ends as {state} ({strategy})", step, house.said()[-2000:])
                tap.ok(house.wait(lambda: house.json("devices")[0]["running"] == 0, 60), f"its place is free again ({name}, {strategy})",
                       house.json("devices"), house.said()[-2000:])
                tap.ok(house.wait(lambda: not [line for line in processes_of(USER) if "sleep 7553" in line or "run.sh" in line], 20),
                       f"nothing of the flow is left ({name}, {strategy})", processes_of(USER))
                done = house.hostler("run", "fine", "--wait", time_out=120)
                tap.same(done.returncode, 0, f"and the next run of its user works ({name}, {strategy})") or \
                    print("#", (done.stdout + done.stderr + house.said()[-3000:]).replace("\n", "\n# "))
            limit = house.json("show", "last:fine")["steps"][0]["outputs"]["done"]
            tap.ok(limit.isdigit() and int(limit) <= 4096, "a flow has a limit of processes", limit)
            house.down()
            tap.ok(not processes_of(USER), f"when the house is down, the user has no process left ({strategy})", processes_of(USER))
            left = [name for folder in ("run/sessions", "state/notes", "state/work") if os.path.isdir(house.path(folder))
                    for name in os.listdir(house.path(folder))]
            tap.same(left, [], f"and no folder of a session is left ({strategy})")
finally:
    remove_user(USER)
tap.end()
