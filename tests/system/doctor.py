#!/usr/bin/env python3
"""doctor, of houses with something wrong, and by people who may not see everything."""

import os
import signal
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, null_house

tap = Tap()


def found(findings, state):
    return {finding["area"]: finding for finding in findings if finding["state"] == state}


def examined(house):
    done = house.hostler("--json", "doctor")
    findings = house.json("doctor")
    problems = found(findings, "problem")
    tap.ok(done.returncode == (1 if problems else 0), "its exit status says whether there is a problem", done.returncode, findings)
    tap.ok(all(problem["remedy"] for problem in problems.values()), "every problem has a remedy", problems)
    return findings


def by_another(house):
    """What a user who has nothing to do with the house is told."""
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", os.path.join(PROGRAMS, "hostler"),
                           "-c", house.ini, "--json", "doctor"], env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
                          cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done


def break_store(house):
    path = house.path("state/store/hostler.db")
    with open(path, "r+b") as store:
        store.seek(4096)
        store.write(b"\xff" * 8192)


with null_house({}) as house:
    house.up()
    findings = examined(house)
    good = found(findings, "ok")
    tap.ok({"desktop flows", "state_dir", "disk", "host", "files", "processes"} <= set(good) and
           not found(findings, "problem"), "of a house that is well, all is", findings)
    house.hostler("disable", "flow:hello")
    note = found(house.json("doctor"), "note").get("flow hello", {})
    tap.same(note.get("remedy"), "hostler enable flow:hello", "what somebody disabled is noted")
    house.hostler("enable", "flow:hello")
    if os.geteuid() == 0:
        done = by_another(house)
        tap.ok(done.returncode == 0 and '"area":"user"' in done.stdout and '"state":"problem"' not in done.stdout,
               "to another user the owner's folders are no problem", done.stdout, done.stderr)
    os.chmod(house.key, 0o644)
    os.chmod(house.path("state/host.seed"), 0o640)
    os.chmod(house.path("run"), 0o777)
    problems = [finding for finding in examined(house) if finding["state"] == "problem"]
    tap.ok(sum(finding["area"] == "keys" and finding["remedy"].startswith("chmod 600 ") for finding in problems) == 2 and
           any(finding["area"] == "run_dir" and finding["remedy"].startswith("chmod go-w ") for finding in problems),
           "keys and folders that are open to others are problems", problems)
    os.chmod(house.key, 0o600)
    os.chmod(house.path("state/host.seed"), 0o600)
    os.chmod(house.path("run"), 0o700)

    with open(house.ini, encoding="utf-8") as file:
        right = file.read()
    house.write("hostler.ini", right + "[trigger\n")
    findings = examined(house)
    tap.ok("configuration" in found(findings, "problem") and "in force" in found(findings, "note")["configuration"]["text"] and
           "host" in found(findings, "ok"), "with a file that cannot be read it goes on with what is in force", findings)
    house.write("hostler.ini", right)

    house.write("desktop-flows/greet/desktop-flow.ini", open(house.path("desktop-flows/greet/desktop-flow.ini"),
                                                             encoding="utf-8").read().replace("run", "run = walked.sh\n;", 1))
    findings = examined(house)
    tap.ok(any("walked.sh" in finding["text"] and finding["state"] == "problem" for finding in findings),
           "a desktop flow whose program is not there is a problem", findings)
    tap.same(house.json("down"), {"ended": True}, "down has an answer for programs, too")
    house.daemon.wait(30)
    house.daemon = None
    tap.same(house.json("down").get("error", {}).get("code"), "NotRunning", "also where nothing runs")

    good = found(examined(house), "ok")
    tap.ok("is whole" in good.get("store", {}).get("text", ""), "of a house that is down the store is looked at", good)
    house.write("state/notes/99999.notes", "device here\n")
    break_store(house)
    shutil.move(house.path("state/host.seed"), house.path("seed"))
    findings = examined(house)
    problems = found(findings, "problem")
    tap.ok("store" in problems and "restore" in problems["store"]["remedy"], "a damaged store is a problem", findings)
    tap.ok("host.seed is gone" in problems.get("keys", {}).get("text", ""), "so is a store without its keys", findings)
    tap.ok("left something" in found(findings, "note").get("sessions", {}).get("text", ""), "what sessions left is noted", findings)

BOX = """
[trigger inbox]
plugin   = email
server   = localhost
user     = robot
password = secret:inbox
"""

with null_house(more=BOX) as house:
    house.hostler("init")
    sealed = subprocess.run(house.command("hostler", "-c", house.ini, "seal", "inbox"), env=house.environment(), cwd=house.home,
                            input="correct horse\n", capture_output=True, text=True, timeout=60)
    tap.same(sealed.returncode, 0, "the password of a mailbox is sealed")
    findings = examined(house)
    tap.ok("secrets" in found(findings, "ok").get("trigger inbox", {}).get("text", ""),
           "what only a worker can open the secrets of is not said to lack them", findings)

tap.end()
