#!/usr/bin/env python3
"""A folder that files come into while its trigger's process and the engine are killed again and again: every file makes exactly
one run, with its bytes, and is moved."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()
FILES = 120
KILLS = 4

FILES_OF_HOUSE = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger incoming]
plugin = file
directory = incoming
match = *.txt
settle = 200ms

[connector copies]
plugin = file
root = copies
""",
    "flows/keep.ini": """[flow]
name = keep
on = incoming
label = ${trigger.name}

[step keep]
use = connector:copies.write
on_lost = again
input.file = ${trigger.name}
input.text = ${trigger.size}
""",
}


def children(house, name):
    """Process ids below this house's hostlerd that run this program."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, parent, args in (line.split(None, 2) for line in listed.splitlines())
            if int(parent) == house.daemon.pid and name in args]


def drop(house, number):
    path = house.path(f"incoming/f{number}.txt")
    if number % 3 == 0:
        with open(house.path(f"aside-{number}"), "w", encoding="utf-8") as file:
            file.write(f"file {number}")
        os.rename(house.path(f"aside-{number}"), path)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"file {number}")


def moved(house):
    return sorted(os.listdir(house.path("incoming/done"))) if os.path.isdir(house.path("incoming/done")) else []


with House(FILES_OF_HOUSE) as house:
    os.mkdir(house.path("incoming"))
    os.mkdir(house.path("copies"))
    for folder in ("incoming", "copies"):
        os.chmod(house.path(folder), 0o777)
    for number in range(20):
        drop(house, number)
    house.up()
    killed = []
    for number in range(20, FILES):
        drop(house, number)
        if number % (FILES // KILLS) == 0:
            victim = ["trigger/incoming", "hostler-engine"][len(killed) % 2]
            house.wait(lambda: children(house, victim), 10)
            for pid in children(house, victim):
                os.kill(pid, signal.SIGKILL)
                killed.append(victim)
    names = sorted(f"f{number}.txt" for number in range(FILES))
    tap.ok(len(killed) >= KILLS - 1, "processes were killed in the midst of it", killed)
    tap.ok(house.wait(lambda: moved(house) == names, 60), "every file is moved to done", len(moved(house)), house.said()[-3000:])
    house.wait(lambda: all(run["state"] in ("succeeded", "failed") for run in house.json("runs", "-n", "1000")), 30)
    runs = house.json("runs", "-n", "1000")
    tap.same(sorted(run["label"] for run in runs), names, "every file made exactly one run")
    tap.same(sorted({run["state"] for run in runs}), ["succeeded"], "and each went well")
    bytes_of = {}
    for run in runs:
        with open(house.path(f"state/files/{run['id']}/trigger/{run['label']}"), encoding="utf-8") as file:
            bytes_of[run["label"]] = file.read()
    tap.same(bytes_of, {f"f{number}.txt": f"file {number}" for number in range(FILES)}, "with the bytes of its file")
    tap.same([name for name in os.listdir(house.path("incoming")) if name.endswith(".txt")], [], "nothing is left in the folder")
    os.symlink("/etc/passwd", house.path("incoming/link.txt"))
    tap.ok(house.wait(lambda: any("symbolic link" in look["outcome"] for look in house.json("why", "trigger:incoming").get("looked", [])), 10),
           "why says what became of the last files, and of what is not taken", house.hostler("why", "trigger:incoming").stdout)
    house.down()
tap.end()
