#!/usr/bin/env python3
"""Whatever of the house is killed in the middle of a run, nothing of the session is left: no process, no file."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user

USER = "hosttestreap"

tap = Tap()


def files(driver, user):
    return {
        "hostler.ini": device_conf(user, "it", "open", f"[driver it]\nplugin = {driver}\n" + ("start = yes\n" if driver == "null" else "")
                                   + "\n" + connection_conf(user)),
        "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
        "desktop-flows/slow/desktop-flow.ini": "[desktop-flow]\nname = slow\nversion = 1\nrun = sh $HOSTLER_PACKAGE/slow.sh GATE\n",
        # Something of it lets go of the flow, as programs do.
        "desktop-flows/slow/slow.sh": "setsid sleep 1000 &\nuntil [ -e \"$1\" ]; do sleep 0.1; done\n",
    }


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []


def session_processes(house, what):
    """The hostler-session processes of this house that do this."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        words = words_of(pid)
        if words and words[0].endswith("hostler-session") and words[1:2] == [what] and house.ini in words:
            found.append(int(pid))
    return found


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def role(house, name):
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            if line.split()[:1] == [name]:
                return int(line.split()[2])
    raise AssertionError(name)


def hold(house):
    return [next(pid for pid in session_processes(house, "hold") if children_of(pid))]


VICTIMS = {
    "the gateway": lambda house: [role(house, "gateway/here")],
    "the process of the session": hold,
    "all session processes": lambda house: session_processes(house, "hold") + session_processes(house, "watch"),
    "the watch": lambda house: session_processes(house, "watch"),
    "the gateway and all session processes": lambda house: [role(house, "gateway/here"), *session_processes(house, "hold"),
                                                            *session_processes(house, "watch")],
    "the supervisor": lambda house: [house.daemon.pid],
    "everything": lambda house: [house.daemon.pid, role(house, "gateway/here"), role(house, "engine"),
                                 *session_processes(house, "hold"), *session_processes(house, "watch")],
}


def left(house, user, driver):
    """What should not be there any more, as a list of texts."""
    found = [f"{folder}/{name}" for folder in ("state/work", "state/notes", "run/sessions")
             for name in (os.listdir(house.path(folder)) if os.path.isdir(house.path(folder)) else [])]
    if driver == "x11":
        found += processes_of(user)
        found += [path for path in glob.glob("/tmp/.X11-unix/X*") + glob.glob("/tmp/.X*-lock") if owned_by(path, user)]
    found += [line for line in os.popen("ps -eo args").read().splitlines() if house.path("gate") in line and "sh " in line]
    return found


def owned_by(path, user):
    try:
        return os.stat(path).st_uid == pwd.getpwnam(user).pw_uid
    except OSError:
        return False


def state(house):
    """None while the host is away for a moment and answers nothing."""
    return house.json("show", "last:slow").get("state")


def ended(house):
    return state(house) in ("succeeded", "failed", "lost")


def kill_and_look(house, user, driver, whom):
    gate = house.path("gate")
    house.hostler("run", "slow")
    if not house.wait(lambda: house.json("show", "last:slow")["steps"][0]["state"] == "running", 30):
        tap.ok(False, f"{driver}: a run is under way before {whom} is killed", house.said())
        return
    pids = VICTIMS[whom](house)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # one that was about to end anyway
            os.kill(pid, signal.SIGKILL)
    if house.daemon.pid in pids:
        house.daemon.wait()
        house.daemon = None
        alone(house)
        house.up()
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: ended(house), 60), f"{driver}: {whom} killed: the run ends or is lost", state(house), house.said())
    tap.ok(house.wait(lambda: not left(house, user, driver), 60), f"{driver}: {whom} killed: nothing of the session is left",
           *left(house, user, driver), house.said())
    os.remove(gate)
    tap.ok(house.wait(lambda: works(house, gate), 90), f"{driver}: {whom} killed: the next run works", house.said())


def stuck(house):
    """Of the house's own user: other tests have sessions on this machine too."""
    device = house.json("devices")[0]
    return [session["user"] for session in device["sessions"] if session["reason"] and session["user"] in device["accounts"]]


def watched(house):
    """The watch has looked from beginning to end: it clears away what a dead process noted, then lists the sessions."""
    for _ in range(2):
        notes = house.path("state/notes/0.notes")
        house.write("state/notes/0.notes", "device here\n", mode=0o600)
        if not house.wait(lambda: not os.path.exists(notes), 30):
            return False
    return True


def show_what_is_stuck(house, user):
    """As long as nobody clears away what a dead process left, its session holds a slot, and is shown with the remedy."""
    gate = house.path("gate")
    house.hostler("run", "slow")
    house.wait(lambda: house.json("show", "last:slow")["steps"][0]["state"] == "running", 30)
    watch = session_processes(house, "watch")[0]
    tap.ok(watched(house), "the watch has seen the session", house.said())
    os.kill(watch, signal.SIGSTOP)
    os.kill(hold(house)[0], signal.SIGKILL)
    tap.ok(house.wait(lambda: stuck(house) == [user], 30), "a session that nobody closes is stuck", house.json("devices"))
    said = house.hostler("devices").stdout
    tap.ok("SessionCloseFailed" in said and "End the processes of that user" in said, "and shown with the remedy", said)
    os.kill(watch, signal.SIGCONT)
    tap.ok(house.wait(lambda: not stuck(house) and house.json("devices")[0]["running"] == 0, 60), "until it is cleared away",
           house.json("devices"))
    tap.ok(house.wait(lambda: works(house, gate), 90), "and then its slot is free", house.said())


def alone(house):
    """Children of a dead supervisor end by themselves; a new house waits for nobody."""
    end = time.monotonic() + 60
    while time.monotonic() < end and any(house.ini in words_of(pid) for pid in filter(str.isdigit, os.listdir("/proc"))):
        time.sleep(0.05)


def works(house, gate):
    open(gate, "w", encoding="utf-8").close()
    done = house.hostler("run", "slow", "--wait", time_out=60)
    os.remove(gate)
    return done.returncode == 0


def play(driver, user):
    with House(files(driver, user)) as house:
        script = house.path("desktop-flows/slow/desktop-flow.ini")
        with open(script, encoding="utf-8") as file:
            text = file.read()
        house.write("desktop-flows/slow/desktop-flow.ini", text.replace("GATE", house.path("gate")))
        house.up()
        for whom in VICTIMS:
            kill_and_look(house, user, driver, whom)
        if driver == "x11":
            # A gateway that was handed its processes knows at once when one of them is dead; the first of a house waits a while for
            # the watch to say so, and this test stops the watch.
            kill_and_look(house, user, driver, "the gateway")
            show_what_is_stuck(house, user)
        house.down()
        tap.same(left(house, user, driver), [], f"{driver}: after all of it nothing is left")


play("null", "bot1")
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("sessions with a real X server", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
else:
    make_user(USER)
    try:
        play("x11", USER)
    finally:
        remove_user(USER)
tap.end()
