#!/usr/bin/env python3
"""Runs that nobody can answer for: what the flow says follows, a late answer settles them, and none is forgotten."""

import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

# It notes every start, and ends when its file appears, so that the test decides how long it takes.
SCRIPT = "echo start >> STARTS\nuntil [ -e GATE ]; do sleep 0.1; done\nhostler-event output done yes\n"


def flow(name, more=""):
    return f"[flow]\nname = {name}\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n{more}"


FILES = {
    "desktop-flows/slow/desktop-flow.ini": """[desktop-flow]
name = slow
version = 1
run = sh $HOSTLER_PACKAGE/slow.sh
screenshots = none

[output done]
type = text
""",
    "flows/ask.ini": flow("ask"),
    "flows/fail.ini": flow("fail", "on_lost = fail\n"),
    "flows/again.ini": flow("again", "on_lost = again\n"),
    "flows/old.ini": flow("old"),
    "flows/note.ini": "[flow]\nname = note\n\n[step it]\nuse = connector:notes.append\ninput.file = notes\ninput.text = x\n",
    "flows/read.ini": "[flow]\nname = read\n\n[step it]\nuse = connector:notes.read\ninput.file = notes\n",
    "notes/notes": "",
}
MORE = "[connector notes]\nplugin = file\nroot = notes\n"


def pid_of(house, name):
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words and words[0] == name:
                return int(next(word for word in words[1:] if word.isdigit() and int(word) > 1))
    return None


def kill(house, *names):
    for pid in [pid_of(house, name) for name in names]:
        os.kill(pid, signal.SIGKILL)


def starts(house):
    with open(house.path("starts"), encoding="utf-8") as file:
        return len(file.readlines())


def is_at(house, run, state):
    return house.json("show", run)["state"] == state


def begin(house, name):
    before = starts(house)
    house.hostler("run", name)
    return house.wait(lambda: starts(house) == before + 1, 30)


def stat_of(pid):
    """The name of a process and its parent."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        text = file.read()
    return text[text.index("(") + 1:text.rindex(")")], int(text.rsplit(")", 1)[1].split()[1])


def kill_hold(house):
    """The session process that has the desktop flow as its child, and would say how it ended."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            name, parent = stat_of(pid)
            if name == "sh" and house.home in os.readlink(f"/proc/{pid}/cwd") and stat_of(parent)[0].startswith("hostler-session"):
                os.kill(parent, signal.SIGKILL)
                return
        except (OSError, ValueError):
            continue
    raise AssertionError("no desktop flow runs")


with null_house(FILES, more=MORE) as house:
    gate = house.path("gate")
    os.chmod(house.path("notes"), 0o777)
    os.chmod(house.path("notes/notes"), 0o666)
    house.write("starts", "", 0o666)
    house.write("desktop-flows/slow/slow.sh", SCRIPT.replace("GATE", gate).replace("STARTS", house.path("starts")))
    house.up()

    tap.ok(begin(house, "ask"), "a run is under way", house.said())
    kill_hold(house)
    tap.ok(house.wait(lambda: is_at(house, "last:ask", "lost"), 30), "its session process dies: nobody knows how far it came",
           house.json("show", "last:ask"), house.said())
    why = house.hostler("why", "last:ask").stdout
    tap.ok("hostler resolve" in why, "why says what to do", why)
    shown = house.hostler("show", "last:ask").stdout
    tap.ok("hostler resolve " in shown and "OutcomeUnknown" in shown and "it fails at" in shown,
           "show says what is not known, until when somebody may say it, and how", shown)
    done = house.hostler("resolve", "last:ask/it", "succeeded", "--output", "dne=yes")
    tap.ok(done.returncode == 2 and "dne" in done.stderr, "an output that is not declared is refused with its name", done.returncode, done.stderr)
    done = house.hostler("resolve", "last:ask/it", "maybe")
    tap.ok(done.returncode == 2 and "requeue" in done.stderr, "a word that says nothing is refused", done.returncode, done.stderr)
    done = house.hostler("resolve", "last:ask/it", "succeeded", "--output", "done=by hand")
    shown = house.json("show", "last:ask")
    tap.ok(done.returncode == 0 and shown["state"] == "succeeded" and shown["steps"][0]["outputs"] == {"done": "by hand"},
           "a person says how it ended, and with what", done.stderr, shown)
    tap.ok([row for row in shown["history"] if row["what"] == "resolved" and row["as"] == "succeeded" and row["who"]],
           "and its history says who it was", shown["history"])
    done = house.hostler("resolve", "last:ask", "failed")
    tap.ok(done.returncode == 1 and "has ended already" in done.stderr, "what has ended is not resolved", done.returncode, done.stderr)

    tap.ok(begin(house, "ask"), "another run is under way", house.said())
    kill_hold(house)
    tap.ok(house.wait(lambda: is_at(house, "last:ask", "lost"), 30), "it is lost, too", house.json("show", "last:ask"))
    tap.same(house.hostler("resolve", "last:ask", "failed").returncode, 0, "somebody looked, and says that it failed")
    tap.same(house.json("show", "last:ask")["reason"]["code"], "OutcomeUnknown", "the run says why it has failed")

    tap.ok(begin(house, "fail"), "a run whose flow says that it fails")
    kill_hold(house)
    tap.ok(house.wait(lambda: is_at(house, "last:fail", "failed"), 30), "fails without being asked for", house.json("show", "last:fail"))

    before = starts(house)
    tap.ok(begin(house, "again"), "a run whose flow says that it may be done twice")
    kill_hold(house)
    tap.ok(house.wait(lambda: starts(house) == before + 2, 30), "is done again", house.json("show", "last:again"), house.said())
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: is_at(house, "last:again", "succeeded"), 30), "and succeeds", house.json("show", "last:again"))
    tap.same(house.json("show", "last:again")["steps"][0]["attempt"], 2, "in its second attempt")
    os.remove(gate)

    # Offers in every state while the engine dies again and again: each run starts once.
    before = starts(house)
    open(gate, "w", encoding="utf-8").close()
    for _ in range(3):
        for _ in range(3):
            house.hostler("run", "ask")
        kill(house, "engine")
        house.wait(house.online, 30)
    tap.ok(house.wait(lambda: [run["state"] for run in house.json("runs", "--flow", "ask")].count("succeeded") == 10, 60),
           "an engine that dies again and again carries every run to its end", house.json("runs", "--flow", "ask"), house.said())
    tap.same(starts(house) - before, 9, "and each has started once")
    os.remove(gate)

    for name, state in (("note", "lost"), ("read", "succeeded")):
        house.hostler("run", "read", "--wait")  # its process is there and takes calls
        worker = pid_of(house, "worker/connector/notes")
        os.kill(worker, signal.SIGSTOP)
        house.hostler("run", name)
        house.wait(lambda: is_at(house, f"last:{name}", "running"), 20)
        os.kill(worker, signal.SIGKILL)
        tap.ok(house.wait(lambda: is_at(house, f"last:{name}", state), 60),
               f"a call whose process died is {state}: {name}", house.json("show", f"last:{name}"), house.said())
    tap.same(house.hostler("resolve", "last:note", "requeue").returncode, 0, "the call is made again as somebody says")
    tap.ok(house.wait(lambda: is_at(house, "last:note", "succeeded"), 30), "and succeeds", house.json("show", "last:note"))

    tap.ok(begin(house, "ask"), "the device is busy")
    house.hostler("run", "old")
    tap.ok(house.wait(lambda: (house.json("show", "last:old")["steps"] or [{}])[0].get("state") == "queued", 20), "a run waits for it")
    house.down()
    house.write("flows/old.ini", flow("old", "queue_timeout = 2h\n"))
    store = sqlite3.connect(house.path("state/store/hostler.db"))
    store.execute("UPDATE flow SET text = '[flow]' || char(10) || 'name = old' || char(10) || '[step it]' || char(10)"
                  " || 'use = mainframe:x' WHERE text LIKE '%name = old%'")
    store.commit()
    store.close()
    house.up()
    shown = house.json("show", "last:old")
    tap.ok(shown["state"] == "failed" and shown["reason"]["code"] == "DefinitionGone" and "mainframe" in shown["reason"]["text"],
           "a run whose flow this version cannot read is not forgotten, and says why", shown)
    tap.same([shown["steps"][0]["state"], shown["history"][-1]["what"]], ["failed", "ended"], "its step and its history say so too")
    house.down()
tap.end()
