#!/usr/bin/env python3
"""hostler-notice and `hostler watch --here` without a session: a test is the process of the session that tells, and what does not let
itself be told anything but a few words. As a user that has no account, in a place of their own."""

import json
import os
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from house import PROGRAMS, Tap
from terminal import Terminal

UID = 64987
PATIENCE_S = 20
PLACE = f"/tmp/hostler-here-{UID}"

tap = Tap()
if os.geteuid() != 0:
    tap.skip("what a person is told in a window", "needs root")
    tap.end()


def as_user(uid, *words):
    return ["/usr/bin/setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *words]


def here(*words):
    return as_user(UID, os.path.join(PROGRAMS, "hostler"), "watch", "--here", *words)


def until(true):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


class Notice:
    """The program, and this end of what it is told over."""

    def __init__(self):
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(as_user(UID, os.path.join(PROGRAMS, "hostler-notice"), "popup"), stdin=theirs, cwd="/",
                                        env={"PATH": "/usr/bin:/bin", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
        theirs.close()
        self.path = f"{PLACE}/{self.process.pid}"

    def tell(self, state, title="order: Invoice 1042", token=7, text=""):
        self.line.send(json.dumps({"run": "r-1", "number": 4711, "token": token, "title": title, "step": "enter", "device": "ts-01",
                                   "state": state, "subflow": "Main", "action": "Press Save", "reason": "FlowFailed" if text else "",
                                   "text": text, "at_us": int(time.time() * 1e6)}).encode())

    def hears(self):
        return self.line.recv(1000).decode() if select.select([self.line], [], [], PATIENCE_S)[0] else None

    def end(self):
        self.line.close()
        return self.process.wait(PATIENCE_S)


def written(file):
    """Without moving the place where the program goes on, which is the file's."""
    return os.pread(file.fileno(), 1 << 20, 0)


shutil.rmtree(PLACE, ignore_errors=True)
running = []
try:
    lines = tempfile.TemporaryFile("w+", encoding="utf-8")
    objects = tempfile.TemporaryFile("w+", encoding="utf-8")
    running = [subprocess.Popen(here(), stdin=subprocess.DEVNULL, stdout=lines),
               subprocess.Popen(here("--json"), stdin=subprocess.DEVNULL, stdout=objects)]
    screen = Terminal(here(), {"TERM": "xterm", "PATH": os.environ["PATH"]})
    tap.ok(screen.until("No flow works here now") and screen.until("q leave"), "a window for which nothing runs", screen.said)

    notice = Notice()
    running.append(notice.process)
    tap.same(notice.hears(), "trouble 1", "a session without a bus is a trouble that is told")
    tap.ok(until(lambda: os.path.exists(notice.path)), "the program can be looked at all the same")
    notice.tell("running")
    tap.ok(screen.until("hostler runs order in your session") and screen.until("Invoice 1042") and screen.until("Main: Press Save"),
           "a window that was there first shows what comes", screen.said)
    screen.type("p")
    tap.same(notice.hears(), "pause 7", "p asks to pause")
    notice.tell("pausing")
    tap.ok(screen.until("pauses at its next checkpoint"), "which is shown", screen.said)
    notice.tell("paused")
    tap.ok(screen.until("order is paused") and screen.until("p go on"), "as is that it has", screen.said)
    # Others that look are not asked for anything, so nothing waits for them; one that is late would be told of what is then alone.
    tap.ok(until(lambda: b"order is paused" in written(lines) and b'"paused"' in written(objects)), "elsewhere, too", written(lines))
    screen.type("p")
    tap.same(notice.hears(), "resume 7", "p asks to go on")
    notice.tell("running")
    screen.said = ""
    screen.type("s")
    tap.ok(screen.until("y yes"), "s asks whether that is meant", screen.said)
    screen.type("n")
    tap.ok(screen.until("s stop"), "no", screen.said)
    screen.said = ""
    screen.type("s")
    tap.ok(screen.until("y yes"), "it asks each time", screen.said)
    screen.type("y")
    tap.same(notice.hears(), "stop 7", "yes")

    second = Notice()
    running.append(second.process)
    second.hears()
    second.tell("running", title="other", token=8)
    tap.ok(screen.until("hostler runs other in your session"), "another device's run beside it", screen.said)
    screen.type("\t")
    screen.type("p")
    tap.same(second.hears(), "pause 8", "Tab leads to it")
    # Every window has found it by then: one that had not would rightly know nothing of its end.
    tap.ok(until(lambda: b"other" in written(lines) and b'"other' in written(objects)), "elsewhere, too", written(objects))
    second.process.kill()
    second.process.wait()
    tap.ok(screen.until("no longer knows how other goes on"), "its program dies: nobody knows", screen.said)

    denied = subprocess.run(as_user(65534, "/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_UNIX, "
                                    f"socket.SOCK_SEQPACKET).connect({notice.path!r})"), capture_output=True, text=True, cwd="/")
    tap.ok("PermissionError" in denied.stderr, "another user cannot connect", denied.stderr)
    listed = subprocess.run(as_user(65534, "/bin/ls", PLACE), capture_output=True, text=True)
    tap.ok(listed.returncode != 0, "nor see what is there", listed.stdout)

    seed = random.randrange(1 << 32)
    chance, tries = random.Random(seed), 0
    for _ in range(4):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as window:
            window.connect(notice.path)
            try:
                for _ in range(60):
                    line = bytearray(chance.choice((b"pause", b"stop 1 2 3", b"trouble 4", b"cancel 7", b"\0" * 9, b"x" * 60000)))
                    line[chance.randrange(len(line))] = chance.randrange(256)
                    window.send(line)
                    tries += 1
            except (BrokenPipeError, ConnectionResetError):
                pass
    tap.ok(tries < 240, "a window that talks without end is let go", tries)
    tap.ok(not select.select([notice.line], [], [], 0)[0], f"nothing of it went further (seed {seed})")
    crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(20)]
    for one in crowd:
        one.connect(notice.path)
    notice.line.send(b"no JSON")
    notice.line.send(b"x" * 100000)
    notice.tell("failed", text="The order\x1b[31m is not there")
    tap.ok(screen.until("order has failed: The order [31m is not there"), "the window goes on, and nothing steers its terminal", screen.said)
    tap.ok(until(lambda: b"order has failed" in written(lines) and b'"failed"' in written(objects)), "elsewhere, too", written(objects))
    for one in crowd:
        one.close()
    tap.same(notice.end(), 0, "the program ends with the run")
    tap.ok(not os.path.exists(notice.path), "and takes its socket away")

    late = Terminal(here("--close"), {"TERM": "xterm", "PATH": os.environ["PATH"]})
    tap.ok(late.until("Ended lately") and late.until("order has failed"), "who looks later sees what ended", late.said)
    tap.ok(not os.path.exists(second.path), "what a killed program left is removed by then")
    tap.same(late.end(), 0, "with --close it ends by itself")
    screen.type("q")
    tap.same(screen.end(), 0, "q leaves")
    for one in running[:2]:
        one.terminate()
        tap.same(one.wait(PATIENCE_S), 0, "whoever ends it ends it well")
    lines.seek(0)
    said = lines.read()
    tap.ok("#4711 hostler runs order in your session: Press Save" in said and "#4711 order is paused" in said, "elsewhere: lines", said)
    objects.seek(0)
    states = [(one["title"], one["state"]) for one in map(json.loads, objects)]
    tap.ok(("other", "gone") in states and states[-1] == ("order: Invoice 1042", "failed"), "for programs: objects", states)
finally:
    for one in running:
        if one.poll() is None:
            one.kill()
    shutil.rmtree(PLACE, ignore_errors=True)
tap.end()
