#!/usr/bin/env python3
"""A secret for a desktop flow that is tried: typed where nobody sees it, or piped in, and found nowhere afterwards."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap
from terminal import Terminal

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
[output code]
type = secret
[output half]
type = text
derived = yes
"""
SCRIPT = """pin=$(hostler-event input pin)
echo "it is $pin"
hostler-event output length ${#pin}
printf %s-made "$pin" | hostler-event output code -
hostler-event output half "${pin%Q}"
"""

tap = Tap()


def typed_try(*words):
    return Terminal([os.path.join(PROGRAMS, "hostler"), "try", *words])


folder = tempfile.mkdtemp(prefix="hostler-test-")
try:
    flow = os.path.join(folder, "flow")
    os.mkdir(flow)
    for name, text in ("desktop-flow.ini", FLOW), ("run.sh", SCRIPT):
        with open(os.path.join(flow, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.environ["TMPDIR"] = folder

    typed = typed_try(flow)
    asked = typed.until("Secret input pin: ") and typed.unseen()
    typed.type(CANARY + "\n")
    status = typed.end()
    tap.ok(asked and status == 0 and f"length = {len(CANARY)}" in typed.said, "a secret that the flow cannot do without is asked for", typed.said)
    tap.ok(CANARY not in typed.said and "it is [secret]" in typed.said, "it is shown neither as it is typed nor when the flow prints it", typed.said)

    typed = typed_try(flow, "--secret", "other")
    for name in "pin", "other":
        tap.ok(typed.until(f"Secret input {name}: ") and typed.unseen(), f"{name} is asked for", typed.said)
        typed.type(CANARY + "\n")
        typed.said = ""
    tap.ok(typed.end() == 0, "both are taken", typed.said)

    typed = typed_try(flow)
    typed.until("Secret input pin: ") and typed.unseen()
    typed.type("\x03")
    status = typed.end()
    tap.ok(os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0, "Ctrl-C ends it without a flow", status, typed.said)

    def piped(given, *words):
        return subprocess.run([os.path.join(PROGRAMS, "hostler"), "try", flow, *words], input=given, capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)

    done = piped(CANARY + "\n")
    tap.ok(done.returncode == 0 and f"length = {len(CANARY)}" in done.stdout and CANARY not in done.stdout, "it can come from a pipe", done)
    tap.ok("code = (secret)" in done.stdout and "-made" not in done.stdout and CANARY[:-1] not in done.stdout, "a secret that the flow makes is not shown", done)
    done = piped(CANARY + "\n", "--json")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["outputs"] == {"length": len(CANARY), "code": {"sealed": "code"}, "half": {"sealed": "half"}}, "nor as JSON", done)
    done = piped("")
    tap.ok(done.returncode == 2 and "empty" in done.stderr, "an empty one is refused", done)
    tap.ok("Secret input pin" in done.stderr, "and named", done)
    done = piped("a\0b")
    tap.ok(done.returncode == 2 and "NUL" in done.stderr, "one with a NUL is refused", done)
    done = piped("x" * (65 << 10))
    tap.ok(done.returncode == 2 and "64 KiB" in done.stderr, "one that is too long is refused", done)
    done = piped(CANARY, "--secret", "other")
    tap.ok(done.returncode == 2 and '"pin", "other"' in done.stderr and "terminal" in done.stderr, "a pipe has room for one", done)
    done = piped(CANARY, "--secret", "nothing")
    tap.ok(done.returncode == 2 and "no input of that name" in done.stderr, "an input that is not there is told", done)
    found = subprocess.run(["grep", "-rl", CANARY, folder], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    tap.ok(not found.stdout, "nothing of it is left in a file", found.stdout)
finally:
    shutil.rmtree(folder)
tap.end()
