#!/usr/bin/env python3
"""A secret for a desktop flow that is tried: typed where nobody sees it, or piped in, and found nowhere afterwards."""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap

PATIENCE_S = 30
CANARY = "canary-7f3Q"
FLOW = """[desktop-flow]
name = pin
version = 1
run = sh $HOSTLER_PACKAGE/run.sh
[input pin]
type = secret
required = yes
[input other]
type = secret
[output length]
type = integer
"""
SCRIPT = """pin=$(hostler-event input pin)
echo "it is $pin"
hostler-event output length ${#pin}
"""

tap = Tap()


class Typed:
    """hostler on a terminal of its own."""

    def __init__(self, *words):
        self.said = ""
        self.pid, self.near = pty.fork()
        if self.pid == 0:
            os.execv(os.path.join(PROGRAMS, "hostler"), ["hostler", *words])

    def until(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.said and time.monotonic() < end:
            if not select.select([self.near], [], [], 1)[0]:
                continue
            try:
                more = os.read(self.near, 4096)
            except OSError:
                break
            if not more:
                break
            self.said += more.decode(errors="replace")
        return text in self.said

    def type(self, text):
        os.write(self.near, text.encode())

    def unseen(self):
        """True as soon as the terminal does not show what is typed."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not termios.tcgetattr(self.near)[3] & termios.ECHO:
                return True
            time.sleep(0.01)
        return False

    def end(self):
        self.until("\0")
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.near)
        return status


folder = tempfile.mkdtemp(prefix="hostler-test-")
try:
    flow = os.path.join(folder, "flow")
    os.mkdir(flow)
    for name, text in ("desktop-flow.ini", FLOW), ("run.sh", SCRIPT):
        with open(os.path.join(flow, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.environ["TMPDIR"] = folder

    typed = Typed("try", flow)
    asked = typed.until("Secret input pin: ") and typed.unseen()
    typed.type(CANARY + "\n")
    status = typed.end()
    tap.ok(asked and status == 0 and f"length = {len(CANARY)}" in typed.said, "a secret that the flow cannot do without is asked for", typed.said)
    tap.ok(CANARY not in typed.said and "it is [secret]" in typed.said, "it is shown neither as it is typed nor when the flow prints it", typed.said)

    typed = Typed("try", flow, "--secret", "other")
    for name in "pin", "other":
        tap.ok(typed.until(f"Secret input {name}: ") and typed.unseen(), f"{name} is asked for", typed.said)
        typed.type(CANARY + "\n")
        typed.said = ""
    tap.ok(typed.end() == 0, "both are taken", typed.said)

    typed = Typed("try", flow)
    typed.until("Secret input pin: ") and typed.unseen()
    typed.type("\x03")
    status = typed.end()
    tap.ok(os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0, "Ctrl-C ends it without a flow", status, typed.said)

    def piped(given, *words):
        return subprocess.run([os.path.join(PROGRAMS, "hostler"), "try", flow, *words], input=given, capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)

    done = piped(CANARY + "\n")
    tap.ok(done.returncode == 0 and f"length = {len(CANARY)}" in done.stdout and CANARY not in done.stdout, "it can come from a pipe", done)
    done = piped("")
    tap.ok(done.returncode == 2 and "empty" in done.stderr, "an empty one is refused", done)
    done = piped("a\0b")
    tap.ok(done.returncode == 2 and "NUL" in done.stderr, "one with a NUL is refused", done)
    done = piped("x" * (65 << 10))
    tap.ok(done.returncode == 2 and "64 KiB" in done.stderr, "one that is too long is refused", done)
    done = piped(CANARY, "--secret", "other")
    tap.ok(done.returncode == 2 and "terminal" in done.stderr, "a pipe has room for one", done)
    done = piped(CANARY, "--secret", "nothing")
    tap.ok(done.returncode == 2 and "no input of that name" in done.stderr, "an input that is not there is told", done)
    found = subprocess.run(["grep", "-rl", CANARY, folder], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    tap.ok(not found.stdout, "nothing of it is left in a file", found.stdout)
finally:
    shutil.rmtree(folder)
tap.end()
