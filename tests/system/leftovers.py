#!/usr/bin/env python3
"""kill -9 of what a session on driver x11 has to do with, at each stage of its life: once the gateway is back no process, socket, cookie,
cgroup, mount or folder of it is left, and the display of a person is as it was. Without options the rows that differ most; with --long
every victim at every stage, in some two minutes."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user
from leftovers_house import gateway, pids, session_process

USER, PERSON = "hosttestleft", "hosttesthere"
DEATHS_ALLOWED = 3  # in one house: the fifth of a child would have its supervisor give it up

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "xprop", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("what is left of sessions", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

# Something of it lets go of the flow, as programs do.
SLOW = """setsid -f sleep 1000 >/dev/null 2>&1 </dev/null
until [ -e HOME/marks/gate ]; do sleep 0.05; done
"""
# The window manager of these sessions waits where it finds a pipe, and the session is not ready before it is. It says when it is to end,
# and stays, so that closing takes its grace.
MANAGER = """#!/bin/sh
[ ! -p HOME/marks/hold-up ] || read -r line <HOME/marks/hold-up
trap "touch HOME/marks/closing; sleep 20" TERM
openbox &
wait
"""
FILES = {
    "hostler.ini": device_conf(USER, "it", "open", "[driver it]\nplugin = x11\nwindow_manager = HOME/manager\ngrace = 1s\n\n" +
                               connection_conf(USER)),
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    "desktop-flows/slow/desktop-flow.ini":
        "[desktop-flow]\nname = slow\nversion = 1\nrun = sh $HOSTLER_PACKAGE/slow.sh\ntimeout = 2m\nscreenshots = none\n",
    "desktop-flows/slow/slow.sh": SLOW,
    "manager": MANAGER,
}


def of_user(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid == pwd.getpwnam(USER).pw_uid
    except OSError:
        return False


def program(name):
    return lambda house: pids(lambda pid, words: of_user(pid) and os.path.basename(words[0]) == name)


VICTIMS = {
    "gateway": gateway,
    "watch": lambda house: session_process(house, "watch"),
    "hold": lambda house: session_process(house, "hold"),
    "gateway, watch and hold": lambda house: gateway(house) + session_process(house, "watch") + session_process(house, "hold"),
    "X server": program("Xvfb"),
    "window manager": program("openbox"),
    "buses": program("dbus-daemon"),
}


def state(house):
    return house.json("show", "last:slow").get("state")


def step_state(house):
    return (house.json("show", "last:slow").get("steps") or [{}])[0].get("state")


def answers(house):
    """The window manager of the session, asked with its own cookie."""
    cookies = glob.glob(house.path("run/sessions/*/driver/hostler-session.xauth"))
    displays = [os.path.basename(path)[1:] for path in glob.glob("/tmp/.X11-unix/X*") if owner(path) == USER]
    return cookies and displays and b"window id" in subprocess.run(
        ["xprop", "-root", "-display", f":{displays[0]}", "_NET_SUPPORTING_WM_CHECK"], env={**os.environ, "XAUTHORITY": cookies[0]},
        capture_output=True, check=False).stdout


def let_manager_go(house):
    pipe = house.path("marks/hold-up")
    with contextlib.suppress(OSError):  # nobody waits at it any more
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(pipe)


def opening(house):
    os.mkfifo(house.path("marks/hold-up"), 0o644)
    house.hostler("run", "slow")
    return house.wait(lambda: pids(lambda pid, words: of_user(pid) and house.path("manager") in words), 20)


def opened(house):
    """The gateway does not hear of it, and so does not say that the flow may start."""
    reached = opening(house)
    os.kill(gateway(house)[0], signal.SIGSTOP)
    let_manager_go(house)
    return reached and house.wait(lambda: answers(house), 20)


def running(house):
    house.hostler("run", "slow")
    return house.wait(lambda: step_state(house) == "running" and program("sleep")(house), 20)


def closing(house):
    reached = running(house)
    open(house.path("marks/gate"), "w", encoding="utf-8").close()
    return reached and house.wait(lambda: os.path.exists(house.path("marks/closing")), 20)


STAGES = {"opening": opening, "opened": opened, "running": running, "closing": closing}
SHORT = [("opening", "hold"), ("opening", "X server"), ("opened", "gateway, watch and hold"), ("running", "gateway, watch and hold"),
         ("running", "X server"), ("closing", "hold")]
# It only starts then, or has ended before the one that takes its time.
NOT_THERE = {("opening", "window manager"), ("closing", "window manager"), ("closing", "buses")}


def owner(path):
    try:
        return pwd.getpwuid(os.lstat(path).st_uid).pw_name
    except (OSError, KeyError):
        return ""


def cgroups():
    """Those that the user's processes are in, as folders."""
    found = set()
    for pid in pids(lambda pid, words: of_user(pid)):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            found |= {line.strip().split("::", 1)[1] for line in file if line.startswith("0::") and "/hostler-" in line}
    return {root + path for path in found for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")}


def files():
    """Of the user, whose number nobody else has had."""
    return {path for place in ("/tmp/.X11-unix/*", "/tmp/.X*-lock", "/tmp/*", "/run/*", "/run/user/*") for path in glob.glob(place)
            if owner(path) == USER}


def left(house, groups):
    found = [f"{folder}/{name}" for folder in ("state/work", "state/notes", "run/sessions")
             for name in (os.listdir(house.path(folder)) if os.path.isdir(house.path(folder)) else [])]
    found += processes_of(USER)
    found += sorted(files())
    found += [group for group in groups if os.path.isdir(group)]
    with open("/proc/mounts", encoding="utf-8") as file:
        found += [line for line in file if house.home in line]
    return found


def over(house):
    """A run that is to start again, because its session came to nothing, is called off."""
    if step_state(house) == "queued":
        house.hostler("cancel", "last:slow")
    return state(house) in ("succeeded", "failed", "lost", "cancelled")


def person_display():
    """An X server as a person has it; its process and its number."""
    account = pwd.getpwnam(PERSON)
    here, there = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(there), "-nolisten", "tcp", "-noreset"], pass_fds=[there], user=account.pw_uid,
                              group=account.pw_gid, extra_groups=[], cwd="/", stderr=subprocess.DEVNULL)
    os.close(there)
    with open(here, encoding="ascii") as said:
        return server, said.readline().strip()


def strike(house, stage, victim):
    for mark in os.listdir(house.path("marks")):
        os.unlink(house.path(f"marks/{mark}"))
    name = f"{stage}: {victim} killed"
    tap.ok(STAGES[stage](house), f"{name}: it has come so far", house.json("devices"), house.said()[-3000:])
    groups, victims, serving = cgroups(), VICTIMS[victim](house), gateway(house)
    tap.ok(victims, f"{name}: there is somebody to kill") if not victims else None
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in serving:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    let_manager_go(house)
    open(house.path("marks/gate"), "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: over(house), 60) and house.wait(lambda: not left(house, groups), 60), f"{name}: nothing is left",
           state(house), *left(house, groups), house.said()[-3000:])


def play(rows, long):
    deaths = 0
    with House(FILES) as house:
        for path, text in FILES.items():
            house.write(path, text.replace("HOME", house.home), 0o755 if path == "manager" else 0o644)
        os.mkdir(house.path("marks"))
        os.chmod(house.path("marks"), 0o777)
        house.up()
        for stage, victim in rows:
            dies = "gateway" in victim or "watch" in victim
            if dies and deaths == DEATHS_ALLOWED:
                house.down()
                house.up()
                deaths = 0
            deaths += dies
            strike(house, stage, victim)
        if not long:
            done = house.hostler("run", "slow", "--wait", time_out=100)
            tap.ok(done.returncode == 0, "the next run succeeds", done.stdout, done.stderr, house.said()[-2000:])
        house.down()
        tap.same(left(house, set()), [], "after all of it nothing is left")


long_form = "--long" in sys.argv
make_user(USER, 54410)
make_user(PERSON, 54411)
person, number = person_display()
try:
    play([(stage, victim) for stage in STAGES for victim in VICTIMS if (stage, victim) not in NOT_THERE] if long_form else SHORT, long_form)
    tap.same([person.poll(), owner(f"/tmp/.X11-unix/X{number}")], [None, PERSON], "the display of a person is as it was")
finally:
    person.terminate()
    person.wait()
    remove_user(USER)
    remove_user(PERSON)
tap.end()
