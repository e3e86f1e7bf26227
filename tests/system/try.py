#!/usr/bin/env python3
"""hostler-worker try: a plugin of each kind at work, without host and configuration; and the contract, kept by every plugin
that is installed."""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap

tap = Tap()
environment = {name: os.environ[name] for name in ("PATH", "LANG", "ASAN_OPTIONS") if name in os.environ}


def attempt(*words):
    return subprocess.run([os.path.join(PROGRAMS, "hostler-worker"), "try", *words], env=environment, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=60)


def said(done):
    return done.stdout + done.stderr


def connectors(folder):
    done = attempt("connector/file", "write", "-o", f"root={folder}", "file=a.txt", "text=äöü")
    tap.ok(done.returncode == 0 and json.loads(done.stdout) == {"bytes": 6}, "an action is called with its inputs", said(done))
    done = attempt("connector/file", "read", "-o", f"root={folder}", "file=a.txt")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["text"] == "äöü", "and its outputs are printed", said(done))
    done = attempt("connector/file", "read", "-o", f"root={folder}", "file=b.txt")
    tap.ok(done.returncode == 2 and "b.txt" in done.stderr, "one that fails says why", said(done))
    done = attempt("connector/file", "read", "-o", f"rot={folder}", "file=b.txt")
    tap.ok(done.returncode == 2 and "did you mean \"root\"" in done.stderr, "options are checked", said(done))
    done = attempt("connector/file", "-o", f"root={folder}")
    tap.ok(done.returncode == 2 and "read, write" in done.stderr, "without an action they are listed", said(done))


def triggers():
    done = attempt("trigger/schedule", "-o", "every=1s", "-n", "2")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    tap.ok(done.returncode == 0 and len(events) == 2 and events[0]["key"] < events[1]["key"], "a trigger's events are printed",
           said(done))
    done = attempt("trigger/button", "press", "-o", "input.size=choice small, large", "size=large")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["size"] == "large", "a trigger is pressed", said(done))
    done = attempt("trigger/button", "watch")
    tap.ok(done.returncode == 2 and "press" in done.stderr, "one that waits for nothing is not waited for", said(done))


def deciders():
    done = attempt("strategy/win10")
    rows = dict(re.findall(r"^(.{30})  (.{38})", done.stdout, re.MULTILINE))
    rows = {row.strip(): cell.strip() for row, cell in rows.items()}
    tap.ok(rows.get("none") == "open" and rows.get("user, locked") == "UnattendedUserSessionLocked", "a strategy shows its table",
           said(done))
    known = open(os.path.join(SOURCE, "docs/reasons.md"), encoding="utf-8").read()
    words = set(re.findall(r"\b[A-Z]\w*[a-z][A-Z]\w+", done.stdout))
    tap.ok(words and all(word in known for word in words), "in codes that docs/reasons.md has", words)
    done = attempt("balancer/primary", "a=1/3", "b=0/1")
    tap.same(re.findall(r"^ +\d+  (\w+)", done.stdout, re.MULTILINE), ["a", "a", "b"], "a balancer places run after run")
    done = attempt("driver/null", "-o", "system=server")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["system"] == "server", "a driver lists the device", said(done))


# Options without which a plugin cannot be opened, and inputs that do no harm.
GIVEN = {
    "connector/exec": [f"--option=program={SOURCE}/conf/desktop-flows/greet/desktop-flow.ini", "--input=run.name=Anna"],
    "connector/http": ["--option=hosts=127.0.0.1"],
    "connector/file": ["--option=root=PLACE", "--input=write.file=b.txt", "--input=write.text=b"],
    "trigger/button": ["--option=input.size=choice small, large", "--input=size=small"],
    "trigger/event": ["--option=field.number=integer from 1 required", "--input=number=3"],
    "trigger/file": ["--option=directory=PLACE"],
    "trigger/schedule": ["--option=every=1m"],
}
# They need a server, which their own tests have; here they only say of themselves what there is to say.
SERVED = ("connector/mail", "driver/xrdp", "trigger/email")


def contract(folder):
    plugins = os.environ.get("HOSTLER_PLUGINS") or os.path.join(os.path.dirname(PROGRAMS), "lib/hostler/plugins")
    for path in sorted(glob.glob(os.path.join(plugins, "*/*.so"))):
        name = "/".join(path[:-3].split("/")[-2:])
        given = [word.replace("PLACE", folder) for word in GIVEN.get(name, [])]
        done = subprocess.run([os.path.join(PROGRAMS, "hostler"), "plugin", "test", path, *given], env=environment, cwd="/",
                              capture_output=True, text=True, timeout=60)
        kept = done.stdout.count("ok ") >= 3 if name in SERVED else done.returncode == 0 and done.stdout.count("ok ") >= 4
        tap.ok(kept, f"{name} keeps the contract", said(done))


with tempfile.TemporaryDirectory() as place:
    connectors(place)
    contract(place)
triggers()
deciders()
done = attempt("trigger/schedul")
tap.ok(done.returncode == 2 and "did you mean \"schedule\"" in done.stderr, "a plugin that is not there gets its nearest", said(done))
tap.end()
