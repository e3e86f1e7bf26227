#!/usr/bin/env python3
"""The demo of sessions as a person runs it: what waits says why, everything succeeds in the end, pictures are there, and nothing is left."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-run-session", "galculator", "i3lock", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("the demo of sessions", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

with tempfile.TemporaryDirectory(prefix="hostler-test-", dir="/var/tmp") as pictures:
    # A session of its own: what it leaves behind is what is still in there.
    demo = subprocess.Popen([sys.executable, os.path.join(SOURCE, "conf/demo-sessions.py"), os.path.dirname(PROGRAMS), pictures],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    said = demo.communicate(timeout=200)[0]
    tap.ok(demo.returncode == 0, "the demo ends by itself, and well", said)
    tap.ok("the session of demo-dora (locked)" in said and "UnattendedUserSessionLocked" in said, "who is refused hears whose session is in the way", said)
    tap.ok("its 2 slots are taken by" in said, "who waits for a slot hears who has them", said)
    tap.ok(all(word in said for word in ("= 314.82", "= 5.16", "= 60", "= 45")), "all four totals are there in the end", said)
    sizes = {name: os.path.getsize(os.path.join(pictures, name)) for name in sorted(os.listdir(pictures))}
    tap.ok(list(sizes) == ["ann.png", "bob.png", "cem.png", "dora.png", "index.html"] and min(sizes.values()) > 300, "with a picture of each", sizes)
    houses = set(re.findall(r"/var/tmp/hostler-test-\w+(?=/state)", said))
    tap.ok(len(houses) == 1 and not any(map(os.path.exists, houses)), "no folder of it is left", houses)
tap.same([user.pw_name for user in pwd.getpwall() if user.pw_name.startswith("demo-")], [], "none of its users is left")
lines = subprocess.run(["ps", "-eo", "sid=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
tap.same([line for line in lines if line.split(None, 1)[0] == str(demo.pid)], [], "no process of it is left")
tap.end()
