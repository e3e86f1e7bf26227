#!/usr/bin/env python3
"""Four users on one server with room for three sessions: two flows side by side, a third that waits for a slot, a fourth that is refused
because its user sits there behind a locked screen, and what happens when she signs out. The users are made for it and removed again; they
and their sessions are real. Called by `./bootstrap demo sessions` with the folder the programs were staged in and the one that pictures go
to; needs root (or sudo)."""

import os
import pwd
import shutil
import subprocess
import sys
import time

SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
if os.geteuid() != 0:
    if not shutil.which("sudo"):
        sys.exit("demo: error: it makes users and opens sessions for them, which needs root; run it as root")
    os.execvp("sudo", ["sudo", sys.executable, os.path.join(SOURCE, "conf", "demo-sessions.py"), *map(os.path.abspath, sys.argv[1:])])
STAGE, PICTURES = map(os.path.abspath, sys.argv[1:3])
os.environ["HOSTLER_PROGRAMS"] = os.path.join(STAGE, "bin")
os.environ["SRCDIR"] = SOURCE
# The house and the desk are those of the tests.
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))
from demo_story import accounts_for_a_while, is_there, say, show  # noqa: E402
from desktop_house import Desktop  # noqa: E402
from house import House, processes_of  # noqa: E402

USERS = ("demo-ann", "demo-bob", "demo-cem", "demo-dora")
WAIT = 60
PAGE = """<!doctype html>
<meta charset="utf-8"><title>Sessions side by side</title>
<style>body{font:16px sans-serif;margin:2em}figure{display:inline-block;margin:0 1em 1em 0}img{width:600px;border:1px solid}</style>
<h1>One server, four users</h1>
"""


def step(house, flow):
    return house.json("show", f"last:{flow}")["steps"][0]


def until(house, true, what):
    if not house.wait(true, WAIT):
        show(house.hostler("runs").stdout + house.hostler("queue").stdout + house.said())
        raise SystemExit(f"demo: error: {what} within {WAIT} seconds; what hostler said is above")


def pause_in_sessions(house, flows):
    """As soon as a flow does something in its session, it is told to wait at its next checkpoint; a quick one may have passed its last."""
    told = set()

    def all_wait():
        steps = {flow: step(house, flow) for flow in flows}
        for flow in flows:
            if flow not in told and steps[flow]["progress"]:
                house.hostler("pause", f"last:{flow}")
                told.add(flow)
        return all(one["state"] == "paused" or one["ended"] for one in steps.values())

    until(house, all_wait, "the flows did not pause")


def waits_or_ran(house, flow):
    it = step(house, flow)
    return (it["reason"] or {}).get("text") or it["ended"]


def why_it_waits(house, flow):
    """The code; there is none while the device is asked once more, as it is when a place has become free."""
    codes = []
    until(house, lambda: codes.append((step(house, flow)["reason"] or {}).get("code")) or codes[-1], f"nobody said why the run of {flow} waits")
    return codes[-1]


def ended(house, flow):
    until(house, lambda: house.json("show", f"last:{flow}")["ended"], f"the run of {flow} did not end")
    it = step(house, flow)
    show(f"{flow:5} {it['state']}: {it['inputs']['quantity']} × {it['inputs']['price']} = {(it['outputs'] or {}).get('shown')}")
    if it["state"] != "succeeded":
        show(house.hostler("show", f"last:{flow}").stdout)
        raise SystemExit(1)


def keep_picture(house, flow):
    path = next(file["path"] for file in reversed(step(house, flow)["files"]) if file["path"].endswith("end.png"))
    kept = os.path.join(PICTURES, f"{flow}.png")
    shutil.copy(path, kept)
    show(kept)
    return f'<figure><img src="{flow}.png" alt=""><figcaption>demo-{flow}: {step(house, flow)["outputs"]["shown"]}</figcaption></figure>\n'


def play(house, desks):
    say("Starting hostler: one device, room for three sessions, people's own included")
    house.up()
    say("Dora signs in at a desk of that server, and locks her screen")
    desks.append(Desktop("demo-dora"))
    desks[0].lock()
    until(house, lambda: any(one["locked"] == "yes" for one in house.json("devices")[0]["sessions"]), "the locked screen was not seen")
    show(house.hostler("devices").stdout)

    say("A run for her robot, unattended: it is refused as long as she is there: hostler why")
    show(house.hostler("run", "dora").stdout)
    until(house, lambda: waits_or_ran(house, "dora"), "nobody said why Dora's run waits")
    show(house.hostler("why", "last:dora/total").stdout)

    say("Runs for Ann and Bob, each in a session of its own")
    for flow in ("ann", "bob"):
        show(house.hostler("run", flow).stdout)
    pause_in_sessions(house, ("ann", "bob"))
    say("Both flows are held in the middle for a moment, so that there is time to look; then one for Cem: hostler devices, hostler queue")
    house.hostler("run", "cem")
    until(house, lambda: waits_or_ran(house, "cem"), "nobody said why Cem's run waits")
    show(house.hostler("devices").stdout)
    show(house.hostler("queue").stdout)
    say("Cem's waits for a slot: hostler why")
    show(house.hostler("why", "last:cem/total").stdout)

    say("Ann's and Bob's flows go on, and Cem's starts as soon as there is a place")
    for flow in ("ann", "bob"):
        house.hostler("resume", f"last:{flow}")
    for flow in ("ann", "bob", "cem"):
        ended(house, flow)
    show(f"dora  queued: {why_it_waits(house, 'dora')}")

    say("Dora comes back, and signs out")
    begin = time.monotonic()
    desks.pop().sign_out()
    until(house, lambda: step(house, "dora")["state"] not in ("queued", "offered"), "Dora's run did not start")
    show(f"her run was given a session {time.monotonic() - begin:.1f} s after she began to")
    ended(house, "dora")
    say("How it went for her: hostler show last:dora")
    show(house.hostler("show", "last:dora").stdout)

    say("The last picture of each session")
    os.makedirs(PICTURES, exist_ok=True)
    page = os.path.join(PICTURES, "index.html")
    text = PAGE + "".join(keep_picture(house, flow) for flow in ("ann", "bob", "cem", "dora"))
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
    if "SUDO_UID" in os.environ:
        subprocess.run(["chown", "-R", os.environ["SUDO_UID"], PICTURES], check=False)
    show(f"{page} has them side by side")
    until(house, lambda: not any(processes_of(user) for user in USERS), "a process of the sessions was left")
    show("No process of any of the four is left.")


def tell():
    house = House({"hostler.ini": ""})
    desks = []
    try:
        say(f"Making the users {', '.join(USERS)}")
        for name in USERS:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--comment", "hostler demo", name], check=True)
        shutil.copytree(os.path.join(SOURCE, "conf", "sessions"), house.home, dirs_exist_ok=True)
        house.copy("conf/desktop-flows/order-total", "desktop-flows/order-total")
        subprocess.run(["chmod", "-R", "a+rX", house.path("flows"), house.ini], check=True)
        play(house, desks)
    except KeyboardInterrupt:
        return 130
    finally:
        say("Taking everything down again")
        for desk in desks:
            desk.sign_out()
        house.remove()
        for name in USERS:
            if not is_there(pwd.getpwnam, name):
                continue
            # A locker may have a second process, which misses that the first is gone; an account in use is not removed.
            subprocess.run(["pkill", "-KILL", "-u", name], check=False)
            house.wait(lambda user=name: not processes_of(user), 10)
            shutil.rmtree(f"/tmp/hostler-here-{pwd.getpwnam(name).pw_uid}", ignore_errors=True)
            subprocess.run(["userdel", "-r", name], capture_output=True, check=False)
    return 0


def main():
    there = [name for name in USERS if is_there(pwd.getpwnam, name)]
    if there:
        sys.exit(f"demo: error: these accounts exist, and the demo makes and removes its own: {', '.join(there)}; remove them with userdel -r")
    with accounts_for_a_while():
        return tell()


if __name__ == "__main__":
    sys.exit(main())
