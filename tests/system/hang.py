#!/usr/bin/env python3
"""Processes that hang outside a call are found, killed and replaced; one that is busy in a call has until its deadline."""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

FILES = {
    "programs/wait/desktop-flow.ini": """[desktop-flow]
name = wait
version = 1
run = sh $HOSTLER_PACKAGE/wait.sh
screenshots = none

[output word]
type = text
""",
    "flows/call.ini": "[flow]\nname = call\n\n[step it]\nuse = connector:slow.run\ntimeout = 2h\n",
    "notes/notes": "",
}
MORE = """
[connector slow]
plugin = exec
program = programs/wait/desktop-flow.ini

[connector notes]
plugin = file
root = notes
"""
STOPPED = ("engine", "gateway/here", "worker/connector/notes")


def children(house):
    """NAME: (state, pid, the first line behind it)"""
    found, last = {}, None
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if line.startswith("\t"):
                found[last] = (*found[last][:2], found[last][2] or line.strip())
            else:
                last = words[0]
                found[last] = (words[1], int(words[2]), "")
    return found


def replaced(house, before):
    now = children(house)
    return all(now[name][0] == "ready" and now[name][1] != before[name][1] for name in STOPPED)


with null_house(FILES, more=MORE) as house:
    gate = house.path("gate")
    house.write("programs/wait/wait.sh", f"until [ -e {gate} ]; do sleep 0.1; done\nhostler-event output word done\n")
    house.up()
    house.hostler("run", "call")
    tap.ok(house.wait(lambda: house.json("show", "last")["state"] == "running", 20), "a worker is busy in a long call", house.said())
    before = children(house)
    for name in STOPPED:
        os.kill(before[name][1], signal.SIGSTOP)
    tap.ok(house.wait(lambda: replaced(house, before), 90), "engine, gateway and a worker that hang are replaced", children(house), house.said())
    now = children(house)
    tap.ok(all(now[name][2].startswith("killed at ") and "had said nothing" in now[name][2] for name in STOPPED),
           "state_dir/children says when and why", now)
    tap.same(house.said().count("hangs and is killed"), len(STOPPED), "the log says it of each")
    tap.same(now["worker/connector/slow"], before["worker/connector/slow"], "the worker that was busy is left alone")
    tap.ok(house.wait(house.online, 30), "the house works again", house.said())
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "and runs start")
    open(gate, "w", encoding="utf-8").close()
    house.down()
tap.end()
