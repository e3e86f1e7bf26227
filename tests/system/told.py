#!/usr/bin/env python3
"""What the person at a device is told of attended runs: by notifications of a real desktop, as that person, and of unattended runs
nothing."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop_house import Desktop
from house import PROGRAMS, SOURCE, House, Tap, connection_conf, device_conf, make_user, remove_user
from terminal import Terminal

USER = "hosttesttold"

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-run-session", "dunst", "useradd") if not shutil.which(program)]
missing += [f"python3-{name}" for name, module in (("dbus", "dbus"), ("gi", "gi"))
            if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True).returncode]
if os.geteuid() != 0 or missing:
    tap.skip("what people are told", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

FLOW = """[flow]
name = {name}
on = {name}
label = ${{trigger.label}}

[step enter]
use = desktop:{package}
connection = me
mode = {mode}
"""

# It goes on until its person has said so in a file, and looks at its checkpoint ten times a second.
WAITS = """hostler-event progress Main "Press <Save> & wait"
until test -e ~/go; do hostler-event checkpoint || exit; sleep 0.1; done
rm ~/go
"""

FILES = {
    "hostler.ini": device_conf(USER, strategy="open", more=connection_conf(USER) + "".join(
        f"\n[trigger {name}]\nplugin = button\ninput.label = text\n" for name in ("order", "wrong", "alone"))),
    "flows/order.ini": FLOW.format(name="order", package="waits", mode="attended"),
    "flows/wrong.ini": FLOW.format(name="wrong", package="wrong", mode="attended"),
    "flows/alone.ini": FLOW.format(name="alone", package="waits", mode="unattended"),
    "desktop-flows/waits/desktop-flow.ini":
        "[desktop-flow]\nname = waits\nversion = 1\nrun = sh $HOSTLER_PACKAGE/waits.sh\nscreenshots = none\n",
    "desktop-flows/waits/waits.sh": WAITS,
    "desktop-flows/wrong/desktop-flow.ini":
        "[desktop-flow]\nname = wrong\nversion = 1\nrun = sh -c 'hostler-event error \"The order is not there\"; exit 1'\n",
}


class Told(Desktop):
    """A desktop with a server for notifications that tells what it was asked to show."""

    def __init__(self, user, path):
        super().__init__(user)
        self.path = path
        self.server = None
        self.seen = 0
        bus = self.programs[-1].pid
        while not self.address(bus):
            pass

    def address(self, pid):
        """Of the session's bus, as its programs know it."""
        for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
            with open(f"/proc/{child}/environ", "rb") as environment:
                for one in environment.read().split(b"\0"):
                    if one.startswith(b"DBUS_SESSION_BUS_ADDRESS="):
                        self.bus = one.decode().split("=", 1)[1]
                        return True
        return False

    def run(self, *words, **more):
        return subprocess.Popen(words, env={"PATH": os.environ["PATH"], "HOME": self.account.pw_dir, "DISPLAY": f":{self.display}",
                                            "XAUTHORITY": self.cookies, "DBUS_SESSION_BUS_ADDRESS": self.bus},
                                cwd="/", user=self.account.pw_uid, group=self.account.pw_gid, extra_groups=[], text=True,
                                start_new_session=True, **more)

    def serve(self, *capabilities):
        open(self.path, "w", encoding="utf-8").close()
        os.chown(self.path, self.account.pw_uid, -1)
        self.server = self.run("/usr/bin/python3", os.path.join(SOURCE, "tests/system/notices.py"), self.path, *capabilities,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.programs.append(self.server)
        self.server.stdout.readline()
        self.seen = 0

    def end_server(self):
        self.programs.remove(self.server)
        self.server.terminate()
        self.server.wait()

    def does(self, words):
        self.server.stdin.write(words + "\n")
        self.server.stdin.flush()

    def shown(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]

    def showing(self, house, summary):
        """The next notification with this summary, or none."""
        def look():
            for at, one in enumerate(self.shown()):
                if at >= self.seen and one["summary"] == summary:
                    self.seen = at + 1
                    self.found = one
                    return True
            return False
        self.found = {}
        house.wait(look, 20)
        return self.found

    def displayed(self):
        """How many notifications dunst shows now."""
        asked = self.run("dunstctl", "count", "displayed", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return asked.communicate()[0].strip()

    def says_go(self):
        path = os.path.join(self.account.pw_dir, "go")
        open(path, "w", encoding="utf-8").close()
        os.chown(path, self.account.pw_uid, self.account.pw_gid)


WHO = f"{USER} at here"


def asked(house, flow):
    """What somebody has asked of the last run, in order, and who."""
    return [(one["what"], one["who"]) for one in house.json("events", "--run", f"last:{flow}") if one.get("who") and
            one["what"] in ("pause", "resume", "stop")]


def state(house, flow):
    return house.json("show", f"last:{flow}")["state"]


def as_user(uid, *words):
    return ["/usr/bin/setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *words]


def here(uid, *words):
    return as_user(uid, os.path.join(PROGRAMS, "hostler"), "watch", "--here", *words)


def begin(house, desktop, label):
    desktop.seen = len(desktop.shown())
    house.hostler("press", "order", "--input", f"label={label}")
    return desktop.showing(house, "hostler runs order in your session")


def windows(house, desktop):
    """`hostler watch --here`: at a terminal, as lines and for programs."""
    uid = desktop.account.pw_uid
    lines, objects = house.path("lines"), house.path("objects")
    others = [subprocess.Popen(here(uid, *more), stdin=subprocess.DEVNULL, stdout=open(path, "w", encoding="utf-8"))
              for path, more in ((lines, ()), (objects, ("--json",)))]
    screen = Terminal(here(uid), {"TERM": "xterm", "PATH": os.environ["PATH"]})
    tap.ok(screen.until("No flow works here now") and screen.until("q leave"), "a window for which nothing runs", screen.said)
    begin(house, desktop, "Invoice 1044")
    tap.ok(screen.until("hostler runs order in your session") and screen.until("Invoice 1044"), "shows what comes", screen.said,
           house.hostler("events", "--run", "last:order").stdout, house.said()[-2000:])
    screen.type("p")
    tap.ok(screen.until("order is paused") and house.wait(lambda: state(house, "order") == "paused", 20), "p pauses it", screen.said)
    screen.said = ""
    screen.type("p")
    tap.ok(screen.until("hostler runs order") and house.wait(lambda: state(house, "order") == "running", 20), "and lets it go on",
           screen.said)
    screen.type("sn")
    tap.ok(screen.until("y yes"), "s asks", screen.said)
    screen.said = ""
    screen.type("sy")
    tap.ok(screen.until("order was stopped") and house.wait(lambda: state(house, "order") == "cancelled", 20), "and stops it",
           screen.said)
    tap.same(asked(house, "order"), [("pause", WHO), ("resume", WHO), ("stop", WHO)], "all of it by its person")
    screen.type("q")
    tap.same(screen.end(), 0, "q leaves")
    for other in others:
        other.terminate()
        tap.same(other.wait(20), 0, "as does whoever ends it")
    with open(lines, encoding="utf-8") as file:
        said = file.read()
    tap.ok("hostler runs order in your session" in said and "order is paused" in said and "order was stopped" in said,
           "elsewhere it is a line for each change", said)
    with open(objects, encoding="utf-8") as file:
        states = [json.loads(line)["state"] for line in file]
    tap.ok(states[0] == "running" and "paused" in states and states[-1] == "cancelled", "for programs an object", states)


def window_alone(house, desktop):
    """With `notify = window` there is no notification, and the window has it all."""
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    house.write("hostler.ini", text.replace("driver = x11\n", "driver = x11\nnotify = window\n"))
    tap.same(house.hostler("reload").returncode, 0, "people may be told by windows alone")
    before = desktop.shown()
    screen = Terminal(here(desktop.account.pw_uid), {"TERM": "xterm", "PATH": os.environ["PATH"]})
    house.hostler("press", "order", "--input", "label=Invoice 1050")
    tap.ok(screen.until("Invoice 1050"), "the window shows the run", screen.said)
    screen.type("sy")
    tap.ok(screen.until("order was stopped") and house.wait(lambda: state(house, "order") == "cancelled", 20), "and stops it", screen.said)
    screen.type("q")
    screen.end()
    tap.same(desktop.shown(), before, "and there was no notification")
    house.write("hostler.ini", text)
    house.hostler("reload")


def process_of(uid, name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line, open(f"/proc/{pid}/status", encoding="utf-8") as status:
                if line.read().split(b"\0")[0].endswith(name.encode()) and f"Uid:\t{uid}\t" in status.read():
                    return int(pid)
        except OSError:
            continue
    return 0


def hostile(house, desktop):
    """Whoever is the program that tells can do no more than pause and stop this run."""
    uid = desktop.account.pw_uid
    begin(house, desktop, "Invoice 1045")
    notice = process_of(uid, "hostler-notice")
    pidfd = os.pidfd_open(notice)
    line = socket.socket(fileno=ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, 0, 0))
    os.kill(notice, signal.SIGSTOP)
    try:
        for _ in range(2000):
            line.send(b"cancel 1")
    except OSError:
        pass
    tap.ok(house.wait(lambda: "talks without end" in house.said(), 20), "nor does the session's process hear its program for ever")
    os.kill(notice, signal.SIGKILL)
    line.close()
    os.close(pidfd)
    desktop.says_go()
    tap.ok(house.wait(lambda: state(house, "order") == "succeeded", 20), "the run goes on without", state(house, "order"))


def trouble(house, desktop):
    """The screen is locked, the session's process dies, the desktop has another server, which does not answer."""
    uid = desktop.account.pw_uid
    begin(house, desktop, "Invoice 1046")
    locker = desktop.lock()
    tap.ok("locked" in desktop.showing(house, "order has failed").get("body", ""), "a locked screen fails it, as is told")
    desktop.unlock(locker)

    begin(house, desktop, "Invoice 1047")
    holds = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if held_by(house, pid, process_of(uid, "hostler-notice"))]
    os.kill(int(holds[0]), signal.SIGKILL)
    tap.ok(desktop.showing(house, "hostler no longer knows how order goes on"), "its process dies: that is told", desktop.shown())
    tap.ok(house.wait(lambda: not process_of(uid, "hostler-notice"), 20), "and nothing is left")
    house.hostler("resolve", "last:order/enter", "failed")

    # Another server comes into its place, a real one, which the bus starts as soon as it is spoken to.
    desktop.end_server()
    house.hostler("press", "order", "--input", "label=Invoice 1048")
    tap.ok(house.wait(lambda: desktop.displayed() == "1", 20), "a real server shows it, too", desktop.displayed())
    desktop.says_go()
    tap.ok(house.wait(lambda: state(house, "order") == "succeeded", 20), "to the end of the run", state(house, "order"))
    server = process_of(uid, "dunst")
    os.kill(server, signal.SIGSTOP)
    house.hostler("press", "order", "--input", "label=Invoice 1049")
    desktop.says_go()
    tap.ok(house.wait(lambda: state(house, "order") == "succeeded", 20), "one that hangs does not keep it", state(house, "order"))
    tap.ok(house.wait(lambda: not process_of(uid, "hostler-notice"), 20), "and is not waited for")
    os.kill(server, signal.SIGCONT)


def held_by(house, pid, notice):
    try:
        with open(f"/proc/{notice}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[1] == pid
    except OSError:
        return False


desktop = None
try:
    make_user(USER)
    with House(FILES) as house:
        desktop = Told(USER, house.path("shown"))
        desktop.serve("body", "body-markup", "actions")
        house.up()

        house.hostler("press", "order", "--input", "label=Invoice 1042")
        shown = desktop.showing(house, "hostler runs order in your session")
        tap.ok(shown and shown["body"].startswith("Invoice 1042"), "it is told that a run has started, and what it is about", shown,
               house.said()[-2000:])
        tap.same(shown.get("uid"), desktop.account.pw_uid, "by a program of the person's own")
        tap.ok(house.wait(lambda: any("Main: Press &lt;Save&gt; &amp; wait" in one["body"] for one in desktop.shown()), 20),
               "and what it is at, in the markup of the desktop", desktop.shown())
        house.hostler("pause", "last:order")
        tap.ok(desktop.showing(house, "order is paused"), "paused", desktop.shown())
        house.hostler("resume", "last:order")
        tap.ok(desktop.showing(house, "hostler runs order in your session"), "goes on", desktop.shown())
        desktop.says_go()
        tap.ok(desktop.showing(house, "order has succeeded"), "succeeded", desktop.shown())
        tap.same({one["id"] for one in desktop.shown()}, {1}, "all of it in one notification")
        tap.ok(house.wait(lambda: state(house, "order") == "succeeded", 20), "as the run has", state(house, "order"))

        house.hostler("press", "wrong")
        shown = desktop.showing(house, "wrong has failed")
        tap.same(shown.get("body"), "The order is not there", "failed, with the sentence of the failure")

        house.hostler("press", "order", "--input", "label=Invoice 1043")
        shown = desktop.showing(house, "hostler runs order in your session")
        tap.same(shown.get("actions"), ["pause", "Pause", "stop", "Stop"], "a run that can be paused and stopped")
        desktop.does(f"press {shown.get('id', 0)} pause")
        shown = desktop.showing(house, "order is paused")
        tap.same(shown.get("actions"), ["resume", "Go on", "stop", "Stop"], "is paused by its person")
        tap.ok(house.wait(lambda: state(house, "order") == "paused", 20), "which the host knows", state(house, "order"))
        tap.same(asked(house, "order"), [("pause", WHO)], "and who it was")
        desktop.does(f"press {shown.get('id', 0) + 1} stop")
        desktop.does(f"press {shown.get('id', 0)} pause")
        desktop.does(f"press {shown.get('id', 0)} cancel")
        desktop.does(f"press {shown.get('id', 0)} resume")
        shown = desktop.showing(house, "hostler runs order in your session")
        tap.ok(house.wait(lambda: state(house, "order") == "running", 20), "it goes on; what makes no sense changes nothing",
               state(house, "order"))
        tap.same(asked(house, "order"), [("pause", WHO), ("resume", WHO)], "as is written down")
        desktop.does(f"press {shown.get('id', 0)} stop")
        shown = desktop.showing(house, "order was stopped")
        tap.same(shown.get("actions"), [], "stopped by its person, at its next checkpoint")
        tap.ok(house.wait(lambda: state(house, "order") == "cancelled", 20), "the run is cancelled", state(house, "order"))
        tap.same(house.json("show", "last:order")["steps"][0]["reason"]["text"], f"stopped by {WHO}", "and says by whom")
        tap.ok(f"told to stop by {WHO}" in house.hostler("events", "--run", "last:order").stdout, "for people, too",
               house.hostler("events", "--run", "last:order").stdout)

        windows(house, desktop)
        window_alone(house, desktop)
        hostile(house, desktop)
        trouble(house, desktop)

        before = desktop.shown()
        house.hostler("press", "alone")
        desktop.says_go()
        tap.ok(house.wait(lambda: state(house, "alone") == "succeeded", 40), "an unattended run of the same user", state(house, "alone"))
        tap.same(desktop.shown(), before, "shows nothing")
finally:
    if desktop:
        desktop.sign_out()
    remove_user(USER)
tap.end()
