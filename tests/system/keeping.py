#!/usr/bin/env python3
"""A backup while the house works, and the house put back from it: nothing that was unfinished starts before it is released,
and what devices have done since is no longer believed to be this host's."""

import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

FILES = {
    "desktop-flows/slow/desktop-flow.ini": """[desktop-flow]
name = slow
version = 1
run = sh $HOSTLER_PACKAGE/slow.sh
screenshots = none

[output done]
type = text
""",
    "desktop-flows/slow/slow.sh": "echo $HOSTLER_RUN >> GATE.starts\nuntil [ -e GATE ]; do sleep 0.1; done\nhostler-event output done yes\n",
    "desktop-flows/noisy/desktop-flow.ini": "[desktop-flow]\nname = noisy\nversion = 1\nrun = echo noise\nscreenshots = none\n",
    "flows/noisy.ini": "[flow]\nname = noisy\n\n[step it]\nuse = desktop:noisy\nconnection = two\nmode = unattended\n",
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    "flows/other.ini": "[flow]\nname = other\n\n[step it]\nuse = desktop:greet\nconnection = two\nmode = unattended\ninput.name = Bo\n",
}
MORE = "[connection two]\ntarget = device:here\nuser = bot2\n"


def state(house, run):
    return house.json("show", run)["state"]


def reason(house, run):
    return (house.json("show", run)["steps"][0]["reason"] or {}).get("code")


def starts(house):
    with open(house.path("gate.starts"), encoding="ascii") as file:
        return file.read().split()


with null_house(FILES, more=MORE) as house:
    gate = house.path("gate")
    with open(house.path("desktop-flows/slow/slow.sh"), encoding="utf-8") as file:
        text = file.read()
    house.write("desktop-flows/slow/slow.sh", text.replace("GATE", gate))
    backup = house.path("backup.tar")

    tap.ok(house.hostler("backup", backup).returncode == 1, "where nothing is, there is nothing to back up")
    house.up()
    tap.same(house.hostler("run", "noisy", "--wait").returncode, 0, "a run ends")
    house.hostler("run", "slow")
    house.wait(lambda: state(house, "2") == "running" and house.json("show", "2")["steps"][0]["state"] == "running", 20)
    house.hostler("run", "slow")
    done = house.hostler("backup", backup)
    tap.ok(done.returncode == 0 and "3 runs, 2 of them unfinished" in done.stdout, "a backup is made while the house works", done.stdout, done.stderr)
    tap.same(os.stat(backup).st_mode & 0o777, 0o600, "it is for its owner alone")
    done = house.hostler("backup", backup)
    tap.ok(done.returncode == 1 and "--force" in done.stderr, "it is not replaced unasked", done.stderr)
    tap.same(house.hostler("backup", "--force", "--files", backup).returncode, 0, "but when that is said")
    names = subprocess.run(["tar", "-tf", backup], capture_output=True, text=True, check=True).stdout.split()
    tap.ok({"hostler-backup", "store.db", "host.seed", "roster", "SHA256SUMS"} <= set(names) and
           [name for name in names if name.startswith("files/")], "any tar can look into it", names)
    tap.ok(not [name for name in os.listdir(house.path("state/store")) if "backup" in name], "no copy is left behind")

    # The former life goes on: what was unfinished ends, more comes, and the gateway's journal knows of it all.
    open(gate, "w", encoding="utf-8").close()
    for run in ("2", "3"):
        house.wait(lambda run=run: state(house, run) == "succeeded", 20)
    os.remove(gate)
    tap.same(house.hostler("run", "other", "--wait").returncode, 0, "the house goes on after the backup")
    tap.same(len(starts(house)), 2, "both runs were started once")
    done = house.hostler("restore", backup)
    tap.ok(done.returncode == 1 and "hostler down" in done.stderr, "nothing is restored while the house is up", done.stderr)
    house.down()

    damaged = house.path("damaged.tar")
    shutil.copy(backup, damaged)
    with open(damaged, "r+b") as file:
        file.seek(9000)
        byte = file.read(1)
        file.seek(9000)
        file.write(bytes([byte[0] ^ 1]))
    before = sorted(os.listdir(house.path("state")))
    done = house.hostler("restore", damaged)
    tap.ok(done.returncode == 1 and "damaged" in done.stderr and sorted(os.listdir(house.path("state"))) == before,
           "a damaged backup is refused, and nothing is touched", done.stderr, os.listdir(house.path("state")))
    done = house.hostler("restore", "--check", backup)
    tap.ok(done.returncode == 0 and "is whole" in done.stdout, "a backup can be checked", done.stdout, done.stderr)

    done = house.hostler("restore", backup)
    tap.ok(done.returncode == 0 and "#2" in done.stdout and "#3" in done.stdout and "--release" in done.stdout,
           "restore says what was unfinished, and what to do", done.stdout, done.stderr)
    aside = [name for name in os.listdir(house.path("state")) if name.startswith("before-restore-")]
    tap.ok(len(aside) == 1 and "hostler.db" in os.listdir(house.path("state/" + aside[0])), "what was there is kept aside", aside)
    house.up()
    tap.ok(house.wait(lambda: state(house, "2") == "lost", 30), "a run that has ended since the backup is lost", house.json("show", "2"), house.said())
    tap.same(reason(house, "3"), "RestoreHeld", "one that waited is held")
    done = house.hostler("why", "3")
    tap.ok("restore --release" in done.stdout, "why says so", done.stdout)
    tap.ok("held since the host was restored" in house.hostler("runs").stdout, "runs says so", house.hostler("runs").stdout)
    tap.ok("RestoreHeld" in house.hostler("doctor").stdout, "doctor says so", house.hostler("doctor").stdout)
    done = house.hostler("run", "other", "--wait")
    tap.ok(done.returncode == 0 and house.json("show", "last")["number"] == 5, "what comes now runs, with a number of its own", done.stdout, done.stderr)
    house.down()
    house.up()
    tap.same((reason(house, "3"), len(starts(house))), ("RestoreHeld", 2), "it stays held across a restart, and nothing was started")

    open(gate, "w", encoding="utf-8").close()
    tap.same(house.hostler("cancel", "2").returncode, 0, "what must not happen again is cancelled")
    done = house.hostler("restore", "--release")
    tap.ok(done.returncode == 0 and "1 run goes on" in done.stdout, "the rest is released", done.stdout, done.stderr)
    tap.ok(house.wait(lambda: state(house, "3") == "succeeded", 30), "and runs to its end", house.json("show", "3"), house.said())
    tap.same(len(starts(house)), 3, "once")
    tap.ok("nothing was held" in house.hostler("restore", "--release").stdout, "a second release does nothing")
    house.down()
    # A report, with secrets in every place where people and programs leave them.
    with open(house.ini, "a", encoding="utf-8") as file:
        file.write("\n[driver canary]\nplugin = null\npassword = CANARY-1\nurl = https://anna:CANARY-2@example.org/\n")
    with open(house.path("state/hostlerd.log"), "a", encoding="utf-8") as file:
        file.write("ERROR hostler-worker: token=CANARY-3 was refused\n")
    house.hostler("report", "--force", house.path("down.txt"))
    os.rename(house.ini, house.path("canary.ini"))
    with open(house.path("canary.ini"), encoding="utf-8") as file:
        house.write("hostler.ini", file.read().split("\n[driver canary]")[0])
    house.up()
    house.hostler("run", "other", "--wait")
    done = house.hostler("report")
    shutil.copy(house.path("canary.ini"), house.ini)
    loud = house.hostler("report", "-")
    with open(house.path("hostler-report.txt"), encoding="utf-8") as file:
        report = file.read()
    with open(house.path("down.txt"), encoding="utf-8") as file:
        down = file.read()
    parts = ["=== versions", "=== doctor", "=== processes", "=== configuration", "=== runs", "other succeeded", "gateway/here ready", "state_dir = state"]
    tap.ok(done.returncode == 0 and os.stat(house.path("hostler-report.txt")).st_mode & 0o777 == 0o600 and not [part for part in parts if part not in report],
           "a report says how the house stands", done.stdout, done.stderr, [part for part in parts if part not in report])
    with open(house.path("state/host.seed"), "rb") as file:
        seed = file.read()
    with open(house.key, encoding="utf-8") as file:
        secret = [word for word in file.read().split() if len(word) > 30]
    secrets = ["CANARY", seed.hex(), *secret]
    found = [word for word in secrets for text in (report, down, loud.stdout) if word in text]
    tap.ok(secret and not found and "(left out)" in down and "(left out)" in loud.stdout and "Bo" not in report.split("=== runs")[1].split("===")[0],
           "and nothing that is secret", found)
    tap.ok(house.hostler("report").returncode == 1, "it replaces nothing unasked")
    with open(house.path("canary.ini"), encoding="utf-8") as file:
        house.write("hostler.ini", file.read().split("\n[driver canary]")[0])
    house.down()
    db = sqlite3.connect(house.path("state/store/hostler.db"))
    tokens = [row[0] for row in db.execute("SELECT token FROM step ORDER BY id")]
    tap.ok(max(tokens[:2]) < 100 and min(tokens[-2:]) > 10 ** 15 and max(tokens) < 2 ** 53,
           "tokens of this life are beyond all of the former", tokens)
    db.execute("PRAGMA user_version = 1000")
    db.close()
    done = house.hostler("up", time_out=60)
    tap.ok(done.returncode == 1 and "has version 1000" in done.stderr and "use the newer program" in done.stderr,
           "a store of a newer program is refused with a sentence", done.returncode, done.stderr)

    done = house.hostler("restore", backup)
    tap.same(done.returncode, 0, "it can be restored again")
    open(house.path("state/restoring"), "w", encoding="utf-8").close()
    done = house.hostler("up", time_out=60)
    tap.ok(done.returncode != 0 and "restore was interrupted" in done.stderr, "a restore that was interrupted is not started", done.stderr)
tap.end()
