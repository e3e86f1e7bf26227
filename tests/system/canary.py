#!/usr/bin/env python3
"""A different canary goes every way that a secret can go, and nothing but those who use it ever has it: not in a file, in a log, in
an argument, in memory, or on its way out."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import canaries
from canary_house import FAILING, FILES, KNOWN_TO, LASTING, TRACE, CanaryHouse
from canary_hunt import Beat, Hunt
from house import Tap

tap = Tap()
HOLDING = ("used", "crash", "program", "desk")  # flows
HELD = {"worker/connector/martyr": {"crash"}, "worker/connector/program": {"program"}, **LASTING, "worker/connector/friend": {"connector-option", "used"}}
SHARED_FOLDERS = ("/tmp", "/dev/shm")
# Whose memory is looked at all the time, and at some points as core images.
OTHERS = ("engine", "gateway/here", "hostlerd", "worker/trigger/idle", "worker/connector/idle")
HOLDING = ("used", "crash", "program", "desk")  # flows
HELD = {"worker/connector/martyr": {"crash"}, "worker/connector/program": {"program"}, **LASTING, "worker/connector/friend": {"connector-option", "used"}}


def everything_holds(house):
    """Those that wait at the gate have what they were given."""
    states = house.states()
    return all(states.get(flow) == "running" for flow in HOLDING)


def remembered(house, hunt):
    """What is still there of what a process had to know for a call."""
    return {name: known for name, known in hunt.memory("at rest").items() if known != LASTING.get(name, set())}


def known_in_sessions(house, hunt, read=canaries.memory_of):
    names = [name for name in house.children() if name.startswith("session/hold")]
    return set().union(*hunt.memory("while sessions hold secrets", names, read).values())


def round_of(house, hunt, read):
    """All flows once, with looks before, while some hold what they were given, and after."""
    for name in "door", "gate":
        if os.path.exists(house.path(name)):
            os.remove(house.path(name))
    hunt.memory("idle", OTHERS[:2], read)
    with Beat(hunt, OTHERS):
        house.press()
        tap.ok(house.wait(lambda: "password" in known_in_sessions(house, hunt), 60), "a session is given a password", house.states(), house.said())
        hunt.memory("while a password is held", OTHERS[:2], read)
        house.write("door", "")
        tap.ok(house.wait(lambda: everything_holds(house) and "desk-input" in known_in_sessions(house, hunt), 60),
               "those that are to wait with their secrets do", house.states(), house.said())
        held = hunt.memory("while secrets are held", {*OTHERS, *HELD}, read)
        known_in_sessions(house, hunt, read)
        house.write("gate", "")
        tap.ok(house.wait(house.is_quiet, 60), "all runs end", house.states(), house.said())
        states = house.states()
        tap.same({flow for flow in states if states[flow] == "failed"}, FAILING, "as they are meant to")
    hunt.memory("afterwards", (*OTHERS[:2], "worker/connector/out"), read)
    tap.same({name: held.get(name) for name in HELD}, HELD, "who needed one then had it in memory")
    tap.ok(house.wait(lambda: not remembered(house, hunt), 10), "and has wiped it", remembered(house, hunt))


def shown(house):
    """All that operators can be shown."""
    house.must("report", house.path("report.txt"))
    house.must("backup", "--files", house.path("everything.backup"))
    said = [house.said()]
    for words in (("runs",), ("--json", "runs"), ("events",), ("triggers",), ("devices",), ("secrets",), ("--json", "secrets")):
        said.append(house.hostler(*words).stdout)
    for number in house.numbers:
        for words in (("show",), ("--json", "show")):
            said.append(house.hostler(*words, str(number)).stdout)
    for step in (f"{house.numbered('desk')}/talk", f"{house.numbered('deskdying')}/die"):
        said.append(house.hostler("log", step).stdout)
    return "\n".join(said)


def traced(house, hunt, aside):
    """One round in which everything that leaves a process is written down."""
    house.tracing = os.path.join(aside, "traces")
    os.mkdir(house.tracing)
    house.up()
    round_of(house, hunt, canaries.memory_of)
    house.down()
    sent = hunt.sent(house.tracing, house.seen)
    house.tracing = None
    tap.same([sent[name][1] for name in ("worker/connector/out", "worker/connector/friend")],
             [KNOWN_TO[name] for name in ("worker/connector/out", "worker/connector/friend")], "in what consumers write by intent they are found")
    for name in "engine", "gateway/here":
        tap.ok({"write", "sendto"} <= sent[name][0], f"what {name} wrote and what it sent was seen", sent[name])


def pictured(house, hunt, aside):
    """One round with core images; nobody can be traced and pictured at once."""
    house.up()
    round_of(house, hunt, lambda pid: canaries.core_of(pid, aside))
    said = shown(house)
    tap.ok("nobody believes that it is [secret]" in said and "it was [secret]" in said, "secrets in errors are masked")
    tap.ok("gossip: it is [secret]" in said and "signed in with [secret]" in said and "signing in with [secret]" in said and
           "session/hold/here: signed in with [secret]" in said,
           "and in what workers and session processes print")
    tap.ok(len(re.findall(r"and (Y.)?\[secret\]", said)) == 6 and "the last word is [secret]" in said, "and in the logs of desktop flows")
    tap.ok(house.canaries["desk-input"].text in house.hostler("get", f"{house.numbered('desk')}/talk", "screenshots/end.png", "-o", "-").stdout,
           "who opens a screenshot as an operator sees what was on the screen")
    hunt.look("what operators are shown", said.encode())
    kept = hunt.files("while it is up")
    tap.same(kept, FILES, "in the files that they are to be in they are found")
    house.down()


def works(line):
    """Whether a tool is there and may be used; some containers forbid to look into other processes."""
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            return subprocess.run([word.replace("PID", str(other.pid)) for word in line], capture_output=True, timeout=60, check=False).returncode == 0
        except OSError:
            return False
        finally:
            other.kill()


def main():
    aside = tempfile.mkdtemp(prefix="hostler-canary-", dir="/var/tmp")
    parts = {"strace": (traced, [*TRACE, "-o", os.path.join(aside, "true"), "true"]),
             "gcore": (pictured, ["gcore", "-a", "-o", os.path.join(aside, "sleep"), "PID"])}
    lacking = {tool for tool, (_, line) in parts.items() if os.geteuid() != 0 or not works(line)}
    try:
        with CanaryHouse() as house:
            house.prepare()
            hunt = Hunt(house, house.canaries.values(), KNOWN_TO, FILES)
            for tool, (part, _) in parts.items():
                if tool in lacking:
                    tap.skip(part.__doc__, f"it takes root and {tool}, which can look into other processes")
                else:
                    part(house, hunt, aside)
            hunt.files("afterwards")
            if len(lacking) < len(parts):
                tap.same(hunt.finds, {}, f"nobody else had any of them, in {hunt.looks} looks")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


main()
tap.end()
