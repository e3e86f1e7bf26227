#!/usr/bin/env python3
"""Attended runs, with a real person's desktop: a run waits until its user has signed in and unlocked the screen, works in that
desktop, leaves it as it is, and fails when the screen is locked under it."""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop_house import Desktop, go_alone
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user

USER = "hosttestsits"
OTHER = "hosttestother"

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-run-session", "galculator", "i3lock", "unshare", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("attended runs", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()
go_alone()

FLOW = """[flow]
name = {name}

[step it]
use = desktop:{package}
connection = me
mode = attended
{inputs}
"""

FILES = {
    "hostler.ini": device_conf(USER, more=connection_conf(USER)),
    "flows/total.ini": FLOW.format(name="total", package="order-total",
                                   inputs="input.article = Tea\ninput.quantity = 6\ninput.price = 7.5"),
    "flows/stay.ini": FLOW.format(name="stay", package="stay", inputs=""),
    "desktop-flows/stay/desktop-flow.ini":
        "[desktop-flow]\nname = stay\nversion = 1\nrun = sh -c 'hostler-event progress Main Typing; sleep 300'\n",
}


def step(house, flow):
    return house.json("show", f"last:{flow}")["steps"][0]


def waits_with(house, flow, code):
    return house.wait(lambda: (step(house, flow)["reason"] or {}).get("code") == code, 20)


desktops = []
try:
    make_user(USER)
    make_user(OTHER)
    with House(FILES) as house:
        house.copy("conf/desktop-flows/order-total", "desktop-flows/order-total")
        done = house.hostler("check")
        tap.ok(done.returncode == 0, "a flow may be attended", done.stdout, done.stderr)
        house.up()
        house.hostler("run", "total")
        tap.ok(waits_with(house, "total", "AttendedUserNotLoggedIn"), "nobody is there: it waits", step(house, "total"))

        desktops.append(Desktop(OTHER))
        tap.ok(house.wait(lambda: len(house.json("devices")[0]["sessions"]) == 1, 20), "somebody else signs in")
        tap.same(step(house, "total")["state"], "queued", "and it goes on waiting")
        desktops.pop().sign_out()

        # An unlocked screen is taken at once, so the run that is to find a locked one comes when it is locked.
        house.hostler("cancel", "last:total")
        mine = Desktop(USER)
        desktops.append(mine)
        locker = mine.lock()
        tap.ok(house.wait(lambda: any(session["locked"] == "yes" for session in house.json("devices")[0]["sessions"]), 20),
               "its user comes, and locks the screen", house.json("devices")[0]["sessions"])
        house.hostler("run", "total")
        tap.ok(waits_with(house, "total", "AttendedUserSessionNotActive"), "a run that finds it locked waits", step(house, "total"))
        tap.ok(f"the session of {USER} (locked)" in step(house, "total")["reason"]["text"], "and the reason says whose",
               step(house, "total")["reason"])
        mine.unlock(locker)
        begin = time.monotonic()
        tap.ok(house.wait(lambda: step(house, "total")["state"] not in ("queued", "offered"), 20),
               "the screen is unlocked: it starts", step(house, "total"))
        tap.ok(time.monotonic() - begin < 8, "within seconds", time.monotonic() - begin)
        tap.ok(house.wait(lambda: step(house, "total")["state"] == "succeeded", 60), "it works in the desktop of its user",
               step(house, "total"), house.hostler("log", "last:total").stdout)
        tap.same((step(house, "total")["outputs"] or {}).get("total"), 45, "and brings back what the calculator says")
        tap.ok(all(program.poll() is None for program in mine.programs if program is not locker) and
               not any("galculator" in line for line in processes_of(USER)), "the desktop is left as it was", processes_of(USER))

        house.hostler("run", "stay")
        tap.ok(house.wait(lambda: step(house, "stay")["progress"], 20), "another one runs", step(house, "stay"))
        mine.lock()
        tap.ok(house.wait(lambda: step(house, "stay")["state"] == "failed", 20), "the screen is locked under it",
               step(house, "stay"))
        tap.same(step(house, "stay")["reason"]["code"], "SessionLockedInRun", "which is what it fails with")
        tap.ok(mine.programs[-1].poll() is None, "the screen stays locked")
finally:
    for desktop in desktops:
        desktop.sign_out()
    remove_user(USER)
    remove_user(OTHER)
tap.end()
