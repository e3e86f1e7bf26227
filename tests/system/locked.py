#!/usr/bin/env python3
"""Somebody locks the screen, or signs out, while a flow runs on their desktop: the flow is stopped, and its run fails with the reason.
The next run waits, and starts when the screen is unlocked. Seven people at once, each with another way to lock, so that it takes no longer
than with one."""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop_house import Desktop
from house import House, Tap, device_conf, make_user, remove_user
from logind_house import Logind

# A locker that nobody knows by its name: pointer, keyboard, and a window over everything that no window manager has seen.
STRANGER = """
import ctypes, time
x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
x.XDefaultRootWindow.restype = x.XCreateSimpleWindow.restype = ctypes.c_ulong
display = ctypes.c_void_p(x.XOpenDisplay(None))
root = ctypes.c_ulong(x.XDefaultRootWindow(display))
window = ctypes.c_ulong(x.XCreateSimpleWindow(display, root, 0, 0, 4000, 3000, 0, 0, 0))
attributes = (ctypes.c_ulong * 16)()
ctypes.c_int.from_buffer(attributes, 88).value = 1  # override_redirect
x.XChangeWindowAttributes(display, window, ctypes.c_ulong(1 << 9), attributes)
x.XMapRaised(display, window)
none = ctypes.c_ulong(0)
while x.XGrabPointer(display, root, 0, 0, 1, 1, none, none, none) or x.XGrabKeyboard(display, root, 0, 1, 1, none):
    time.sleep(0.01)
x.XSync(display, 0)
time.sleep(600)
"""

# A flow that fails by itself as soon as its display is gone, before anybody else has noticed.
DRAWS = """
import ctypes, subprocess
x = ctypes.CDLL("libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
display = ctypes.c_void_p(x.XOpenDisplay(None))
subprocess.run(["hostler-event", "progress", "Main", "Drawing"], check=True)
x.XNextEvent(display, ctypes.create_string_buffer(256))
"""

WAYS = ("i3lock", "xscreensaver", "xsecurelock", "stranger", "logind", "leaving", "vanishing")
GOING = ("leaving", "vanishing")
USERS = {way: f"hosttestlock{i}" for i, way in enumerate(WAYS)}

tap = Tap()
programs = ("Xvfb", "openbox", "dbus-run-session", "dbus-daemon", "i3lock", "xscreensaver", "xsecurelock", "unshare", "useradd")
missing = [program for program in programs if not shutil.which(program)]
if subprocess.run(["/usr/bin/python3", "-c", "import dbusmock"], capture_output=True).returncode != 0:
    missing.append("python3-dbusmock")
if os.geteuid() != 0 or missing:
    tap.skip("locks in the middle of a run", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

FILES = {
    "hostler.ini": device_conf(", ".join(USERS.values()), strategy="many", more="[strategy many]\nplugin = server-rds\nmax_sessions = 50\n\n" +
                               "".join(f"[connection {way}]\ntarget = device:here\nuser = {user}\n\n" for way, user in USERS.items())),
    "desktop-flows/stay/desktop-flow.ini": "[desktop-flow]\nname = stay\nversion = 1\nrun = sh $HOSTLER_PACKAGE/stay.sh\n",
    "desktop-flows/stay/stay.sh": "trap 'echo put everything back; exit 0' TERM\nhostler-event progress Main Typing\n"
                                  "while :; do sleep 1000 & wait; done\n",
    "desktop-flows/draw/desktop-flow.ini": "[desktop-flow]\nname = draw\nversion = 1\nrun = /usr/bin/python3 $HOSTLER_PACKAGE/draw.py\n",
    "desktop-flows/draw/draw.py": DRAWS,
}
for each in WAYS:
    package = "draw" if each == "vanishing" else "stay"
    FILES[f"flows/{each}.ini"] = f"[flow]\nname = {each}\n\n[step it]\nuse = desktop:{package}\nconnection = {each}\nmode = attended\n"


class BusHouse(House):
    """For it alone the system bus is the test's."""

    def __init__(self, files, bus):
        super().__init__(files)
        self.bus = bus

    def command(self, *words):
        line = super().command(*words)
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /run/dbus && exec "$@"', self.bus, *line] if "up" in words else line


def lock(way, desktop, logind):
    """What has to be ended to unlock it."""
    if way == "logind":
        return logind.set_locked(desktop.server.pid, True)
    if way == "xscreensaver":
        desktop.ask("xscreensaver-command", "-lock")
        return desktop.screensaver
    if way == "stranger":
        return desktop.start("/usr/bin/python3", "-c", STRANGER)
    if way in GOING:
        return desktop.sign_out()
    return desktop.start(way) if way == "xsecurelock" else desktop.lock()


def steps(house):
    return {way: house.json("show", f"last:{way}")["steps"][0] for way in WAYS}


def times(house, ways, done):
    """How long each of the ways took; one that takes more than 10 s is missing."""
    begin, found = time.monotonic(), {}

    def look():
        said = steps(house)
        found.update({way: time.monotonic() - begin for way in ways if way not in found and done(said[way])})
        return len(found) == len(ways)

    house.wait(look, 10)
    print("#", {way: round(took, 2) for way, took in found.items()})
    return found


os.makedirs("/run/dbus", exist_ok=True)
desktops, logind = {}, None
try:
    for user in USERS.values():
        make_user(user)
    for way, user in USERS.items():
        desktops[way] = Desktop(user)
    desktops["xscreensaver"].screensaver = desktops["xscreensaver"].start_screensaver()
    bus = os.path.join("/var/tmp", f"hostler-bus-{os.getpid()}")
    os.mkdir(bus)
    logind = Logind(bus)
    for way, desktop in desktops.items():
        logind.add_session(way, USERS[way], desktop.account.pw_uid, desktop.server.pid)
    with BusHouse(FILES, bus) as house:
        house.up()
        for way in WAYS:
            house.hostler("run", way)
        tap.ok(house.wait(lambda: all(step["progress"] for step in steps(house).values()), 30), "seven flows run on seven desktops", steps(house),
               house.said()[-3000:])

        locks = {way: lock(way, desktops[way], logind) for way in WAYS}
        took = times(house, WAYS, lambda step: step["state"] == "failed")
        said = steps(house)
        for way in WAYS:
            wanted = "SessionEnded" if way in GOING else "SessionLockedInRun"
            tap.ok(took.get(way, 99) < 4 and said[way]["reason"]["code"] == wanted, f"{way}: the run fails with {wanted}", said[way], took)
            if way not in GOING:
                tap.ok("put everything back" in house.hostler("log", f"last:{way}/it").stdout, f"{way}: the flow could put everything back",
                       house.hostler("log", f"last:{way}/it").stdout)
        locked = [way for way in WAYS if way not in GOING]
        tap.ok(all(program.poll() is None for way in locked for program in desktops[way].programs), "what the people run was let be",
               {way: [program.args[0] for program in desktops[way].programs if program.poll() is not None] for way in locked})

        for way in locked:
            house.hostler("run", way)
        tap.ok(house.wait(lambda: all((steps(house)[way]["reason"] or {}).get("code") == "AttendedUserSessionNotActive" for way in locked), 10),
               "the next run of each waits", steps(house))
        logind.set_locked(desktops["logind"].server.pid, False)
        for way in locked:
            if way != "logind":
                desktops[way].unlock(locks[way])  # what xscreensaver has said on the display stands there still
        took = times(house, locked, lambda step: step["progress"])
        for way in locked:
            tap.ok(took.get(way, 99) < 4, f"{way}: and starts when the screen is unlocked", steps(house)[way], took)
finally:
    for desktop in desktops.values():
        desktop.sign_out()
        desktop.end_rest()
    if logind:
        logind.end()
        shutil.rmtree(bus)
    for user in USERS.values():
        remove_user(user)
tap.end()
