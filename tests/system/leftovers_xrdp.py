#!/usr/bin/env python3
"""kill -9 of what a session on driver xrdp that is held connected has to do with, at each stage of its life: once the gateway is back no
process, socket, note or folder of it is left, and the session of a person on the same terminal server is as it was. Without options the
rows that differ most; with --long every victim at every stage, in some five minutes; `--only WORDS` plays the rows that have them.
`--disconnected`, before these, has sessions that nobody holds connected."""

import contextlib
import glob
import os
import pwd
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xrdp_house
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user
from keeper_house import KEEPER, fingerprint_of
from leftovers_house import children_of, gateway, pids, session_process

xrdp_house.enter()
tap = Tap()
USER, PERSON = "hostleftbot", "hostleftanna"
KEPT = "--disconnected" not in sys.argv
# In one house: the fifth death of a child would have its supervisor give it up, and whose sessions come to nothing is asked for less often.
TROUBLES_ALLOWED = 2
why_not = xrdp_house.missing() or (None if os.path.exists(KEEPER) else "hostler-rdp-keeper is not built")
if why_not:
    tap.skip("what is left of sessions on a terminal server", why_not)
    tap.end()

# Something of it lets go of the flow, as programs do.
SLOW = """setsid -f sleep 1000 >/dev/null 2>&1 </dev/null
until [ -e HOME/marks/gate ]; do sleep 0.05; done
"""
# The window manager of these sessions waits where it finds a pipe, and the session is not ready before it is.
MANAGER = """#!/bin/sh
[ ! -p HOME/marks/hold-up ] || read -r line <HOME/marks/hold-up
openbox
"""
FILES = {
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    "desktop-flows/slow/desktop-flow.ini":
        "[desktop-flow]\nname = slow\nversion = 1\nrun = sh $HOSTLER_PACKAGE/slow.sh\ntimeout = 2m\nscreenshots = none\n",
    "desktop-flows/slow/slow.sh": SLOW,
    "manager": MANAGER,
}
MORE = """[driver it]
plugin = xrdp
keep = {}
window_manager = HOME/manager
grace = 1s
certificate = """


def owner(path):
    try:
        return pwd.getpwuid(os.lstat(path).st_uid).pw_name
    except (OSError, KeyError):
        return ""


def program(name, user=USER):
    return lambda house: pids(lambda pid, words: owner(f"/proc/{pid}") == user and os.path.basename(words[0]) == name)


def keeper(house):
    return pids(lambda pid, words: os.path.basename(words[0]).startswith("hostler-rdp-keeper"))


def broker(house):
    """The process of the session manager that looks after this one session."""
    of_user = {str(pid) for pid in program("Xorg")(house)}
    return [pid for pid in program("xrdp-sesman", "root")(house) if of_user & set(children_of(pid))]


def hold(house):
    """Those that have something to undo; while a session is closed they have no children any more."""
    return [pid for pid in session_process(house, "hold", False) if os.path.exists(house.path(f"state/notes/{pid}.notes"))]


VICTIMS = {
    "gateway": gateway,
    "watch": lambda house: session_process(house, "watch"),
    "hold": hold,
    "gateway, watch and hold": lambda house: gateway(house) + session_process(house, "watch") + hold(house),
    "keeper": keeper,
    "hold and keeper": lambda house: hold(house) + keeper(house),
    "X server": program("Xorg"),
    "window manager": program("openbox"),
    "sesman": lambda house: [sesman.pid],
    "sesman's process of the session": broker,
    "xrdp": program("xrdp", "root"),
}


def run(house):
    return house.json("show", "last:slow")


def step_state(house):
    return (run(house).get("steps") or [{}])[0].get("state")


def send(number, victims):
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def let_manager_go(house):
    pipe = house.path("marks/hold-up")
    with contextlib.suppress(OSError):  # nobody waits at it any more
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(pipe)


def is_ready(house):
    """A client holds it connected, or the window manager has said that it is there."""
    names = [os.path.basename(path)[1:] for path in glob.glob("/tmp/.X11-unix/X*") if owner(path) == USER]
    if KEPT:
        return keeper(house) and any(xrdp_house.is_attached(name) for name in names)
    return names and b"window id" in subprocess.run(["xprop", "-root", "-display", f":{names[0]}", "_NET_SUPPORTING_WM_CHECK"], check=False,
        env={**os.environ, "XAUTHORITY": os.path.join(pwd.getpwnam(USER).pw_dir, ".Xauthority")}, capture_output=True).stdout


def opening(house):
    os.mkfifo(house.path("marks/hold-up"), 0o644)
    house.hostler("run", "slow")
    return house.wait(lambda: pids(lambda pid, words: owner(f"/proc/{pid}") == USER and words[-2:-1] == [house.path("manager")]), 20)


def connecting(house):
    """The keeper is there, and xrdp does not answer it."""
    reached = opening(house)
    send(signal.SIGSTOP, [xrdp.pid])
    let_manager_go(house)
    return reached and house.wait(lambda: keeper(house), 20)


def opened(house):
    """The gateway does not hear of it, and so does not say that the flow may start."""
    reached = opening(house)
    send(signal.SIGSTOP, gateway(house))
    let_manager_go(house)
    return reached and house.wait(lambda: is_ready(house), 20)


def running(house):
    house.hostler("run", "slow")
    return house.wait(lambda: step_state(house) == "running" and program("sleep")(house), 20)


def leader(house):
    """The shell in which sesman runs the window manager, and which is told to end first."""
    return pids(lambda pid, words: owner(f"/proc/{pid}") == USER and any("HOSTLER_SESSION=" in word and house.home in word for word in words))


def closing(house):
    """The session manager does not see that its session ends, so that closing takes its grace."""
    reached = running(house)
    send(signal.SIGSTOP, broker(house))
    open(house.path("marks/gate"), "w", encoding="utf-8").close()
    return reached and house.wait(lambda: not leader(house), 20)


STAGES = {"opening": opening, "connecting": connecting, "opened": opened, "running": running, "closing": closing}
SHORT = [("connecting", "keeper"), ("running", "hold and keeper")] if KEPT else [("opened", "X server"), ("running", "hold")]
# They only start then, or have ended before the one that takes its time.
NOT_THERE = {("opening", "window manager"), ("opening", "keeper"), ("opening", "hold and keeper"), ("closing", "window manager"),
             ("closing", "keeper"), ("closing", "hold and keeper")}

def left(house):
    found = [f"{folder}/{name}" for folder in ("state/work", "state/notes", "run/sessions")
             for name in (os.listdir(house.path(folder)) if os.path.isdir(house.path(folder)) else [])]
    found += processes_of(USER)
    found += [f"keeper {pid}" for pid in keeper(house)]
    # Of the user, whose number nobody else has had.
    found += sorted(path for place in ("/tmp/.X11-unix/*", "/tmp/.X*-lock", "/tmp/*", "/run/*", "/run/user/*", f"{xrdp_house.SOCKETS}/*")
                    for path in glob.glob(place) if owner(path) == USER)
    with open("/proc/mounts", encoding="utf-8") as file:
        return found + [line for line in file if house.home in line]


def over(house):
    """A run that is to start again, because its session came to nothing, is called off."""
    if step_state(house) == "queued":
        house.hostler("cancel", "last:slow")
    return run(house).get("state") in ("succeeded", "failed", "lost", "cancelled")


def servers_again():
    """Those of the terminal server that were killed."""
    global sesman, xrdp  # pylint: disable=global-statement
    send(signal.SIGCONT, [xrdp.pid])
    if sesman.poll() is not None:
        sesman = xrdp_house.begin_sesman()
    if xrdp.poll() is not None:
        xrdp = xrdp_house.begin_xrdp()


def strike(house, stage, victim):
    for mark in os.listdir(house.path("marks")):
        os.unlink(house.path(f"marks/{mark}"))
    name = f"{stage}: {victim} killed"
    tap.ok(STAGES[stage](house), f"{name}: it has come so far", run(house), house.said()[-3000:], xrdp_house.log())
    victims, stopped = VICTIMS[victim](house), gateway(house) + broker(house)
    tap.ok(victims, f"{name}: there is somebody to kill") if not victims else None
    send(signal.SIGKILL, victims)
    for server in (sesman, xrdp):
        if server.pid in victims:
            server.wait(20)
    send(signal.SIGCONT, stopped)
    servers_again()
    let_manager_go(house)
    open(house.path("marks/gate"), "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: over(house), 30) and house.wait(lambda: not left(house), 20), f"{name}: nothing is left",
           run(house), *left(house), house.said()[-3000:], xrdp_house.log())
    tap.ok(not person.gone(), f"{name}: the session of a person is as it was", person.evidence()) if person.gone() else None
    return "gateway" in victim or "watch" in victim or run(house).get("state") == "cancelled"


ITS_USER = "connecting: X server killed, and its user signs in"


def another_comes(house):
    """Where the session has gone and its user has signed in meanwhile, the keeper that is about to sign in goes, and theirs is let be."""
    name = ITS_USER
    tap.ok(connecting(house), f"{name}: it has come so far", run(house), house.said()[-3000:])
    was, gone = VICTIMS["X server"](house), broker(house)
    send(signal.SIGKILL, was)
    tap.ok(house.wait(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in was + gone), 20), f"{name}: it has ended")
    of_user = xrdp_house.Session(USER)
    send(signal.SIGCONT, [xrdp.pid])
    tap.ok(house.wait(lambda: not keeper(house) and "SessionNotFound" in str(run(house)), 20), f"{name}: the run waits, without a keeper", run(house))
    house.hostler("cancel", "last:slow")
    tap.ok(not of_user.gone(), f"{name}: the session is as it was", of_user.evidence())
    of_user.sign_out()
    tap.ok(house.wait(lambda: not left(house), 20), f"{name}: nothing is left", *left(house))


def play(rows):
    troubles = 0
    for stage, victim in rows:
        if troubles == TROUBLES_ALLOWED:
            house.down()
            house.up()
            troubles = 0
        troubles += bool(strike(house, stage, victim))
    done = house.hostler("run", "slow", "--wait", time_out=100)
    tap.ok(done.returncode == 0, "the next run succeeds", done.stdout, done.stderr, house.said()[-2000:])
    house.down()
    tap.same(left(house), [], "after all of it nothing is left")


EVERY = [(stage, victim) for stage in STAGES for victim in VICTIMS if (stage, victim) not in NOT_THERE]
if not KEPT:
    EVERY = [row for row in EVERY if row[0] != "connecting" and "keeper" not in row[1]]
ROWS = EVERY if "--long" in sys.argv else SHORT
if "--only" in sys.argv:
    ROWS = [row for row in EVERY if sys.argv[-1] in f"{row[0]}: {row[1]}"]
make_user(USER)
make_user(PERSON)
sesman, xrdp = xrdp_house.begin(USER, PERSON)
try:
    MORE = MORE.format("yes" if KEPT else "no") + fingerprint_of("/run/cert.pem") + "\n\n"
    FILES["hostler.ini"] = device_conf(USER, driver="it", strategy="open", more=MORE + connection_conf(USER) + f"password = secret:{USER}\n")
    with House(FILES) as house:
        for path, text in FILES.items():
            house.write(path, text.replace("HOME", house.home), 0o755 if path == "manager" else 0o644)
        os.mkdir(house.path("marks"))
        os.chmod(house.path("marks"), 0o777)
        house.up()
        xrdp_house.seal(house, USER)
        person = xrdp_house.Session(PERSON)
        if KEPT and ("--only" not in sys.argv or sys.argv[-1] in ITS_USER):
            another_comes(house)
        play(ROWS)
        tap.ok(not person.gone() and os.path.exists(f"{xrdp_house.SOCKETS}/xrdp_display_{person.display}"),
               "the session of a person is as it was", person.evidence())
        person.sign_out()
finally:
    remove_user(USER)
    remove_user(PERSON)
tap.end()
