#!/usr/bin/env python3
"""The demo of mail as a person runs it: each hop is printed, the answer has what the desktop flow found, and nothing is left."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap

tap = Tap()
before = set(os.listdir("/var/tmp"))
# A session of its own: what it leaves behind is what is still in there.
demo = subprocess.Popen([sys.executable, os.path.join(SOURCE, "conf/demo-mail.py"), os.path.dirname(PROGRAMS)], stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
said = demo.communicate(timeout=150)[0]
tap.same(demo.returncode, 0, "the demo ends by itself, and well")
tap.ok("turned away by subject" in said, "a mail that is no invoice is turned away, and why is said", said)
tap.ok("desktop:read-invoice  succeeded" in said and "connector:post.send  succeeded" in said, "the desktop flow and the answer are in the run", said)
tap.ok("To: ada@example.org" in said and "Subject: Re: Invoice 1042" in said and "comes to 379.98" in said and "under TLS" in said,
       "18 times 17.49, 4 times 1.29 and 24 times 2.50 are in the answer", said)
tap.ok("receipt.txt: Received: 3 lines, 379.98 in all." in said, "the file that the flow left goes with it", said)
left = [name for name in set(os.listdir("/var/tmp")) - before if name.startswith("hostler-demo-")]
tap.same(left, [], "no folder of it is left")
lines = subprocess.run(["ps", "-eo", "sid=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
tap.same([line for line in lines if line.split(None, 1)[0] == str(demo.pid)], [], "no process of it is left")
tap.end()
