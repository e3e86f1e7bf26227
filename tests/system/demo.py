#!/usr/bin/env python3
"""The demo as a person runs it: a real program is driven, what comes back follows the CSV file, and nothing is left."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "galculator", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("the demo", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

STAGE = os.path.dirname(PROGRAMS)


def users():
    return {user.pw_name for user in pwd.getpwall()}


def demo(home, order):
    return subprocess.run(["sh", os.path.join(SOURCE, "conf/demo.sh"), STAGE, order], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=170,
                          env={"PATH": os.environ["PATH"], "HOME": home, "HOSTLER_DEMO_HOME": home})


def running(home):
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if home in line and "demo.sh" not in line]


home = tempfile.mkdtemp(prefix="hostler-demo-", dir="/var/tmp")
os.chmod(home, 0o755)
before = users()
try:
    done = demo(home, "1043")
    tap.ok(done.returncode == 0 and "succeeded" in done.stdout, "the demo ends by itself and says how it went", done.stdout, done.stderr)
    tap.ok("1043,Café Lindqvist,18,17.49,314.82" in done.stdout, "18 times 17.49 came back out of the calculator", done.stdout)
    picture = next((word for word in done.stdout.split() if word.endswith("end.png")), "")
    tap.ok(os.path.isfile(picture) and open(picture, "rb").read(8) == b"\x89PNG\r\n\x1a\n", "the picture it names is there",
           picture, done.stdout)
    tap.ok("Type the quantity 18" in done.stdout, "the progress is shown live", done.stdout)
    tap.ok("press order --input number=" in done.stdout, "it says how to press again")
    tap.same(users(), before, "every user it made is gone")
    tap.same(running(home), [], "no process of it is left")

    orders = os.path.join(home, "etc/hostler/orders/orders.csv")
    with open(orders, encoding="utf-8") as file:
        text = file.read()
    with open(orders, "w", encoding="utf-8") as file:
        file.write(text.replace("1 kg,18,17.49", "1 kg,7,0.05"))
    done = demo(home, "1043")
    tap.ok("1043,Café Lindqvist,7,0.05,0.35" in done.stdout, "a changed order changes what comes back", done.stdout, done.stderr)

    done = demo(home, "9999")
    tap.ok(done.returncode == 1 and "9999" in done.stdout + done.stderr, "an order that is not there fails and says so",
           done.stdout, done.stderr)
    tap.same(users(), before, "and again every user it made is gone")
finally:
    shutil.rmtree(home, ignore_errors=True)
tap.end()
