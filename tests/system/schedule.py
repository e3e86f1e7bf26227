#!/usr/bin/env python3
"""A schedule of one second makes one run for each second, also when its worker and the engine are killed and the house is
started again; and what becomes of its times while the run before goes on."""

import datetime
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()

FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger second]
plugin = schedule
every = 1s
overlap = allow

[trigger yearly]
plugin = schedule
cron = 30 2 29 mar *
zone = Europe/Berlin

[trigger slow]
plugin = schedule
every = 1s

[trigger shaken]
plugin = schedule
every = 4s
jitter = 4s
overlap = allow

[connector notes]
plugin = file
root = .

[connector gate]
plugin = exec
program = gate/desktop-flow.ini
""",
    "gate/desktop-flow.ini": """[desktop-flow]
name = gate
version = 1
run = sh $HOSTLER_PACKAGE/gate.sh
""",
    "gate/gate.sh": "while [ ! -e \"$HOSTLER_PACKAGE/open\" ]; do sleep 0.05; done\n",
    "gate/open": "",
    "flows/shaken.ini": """[flow]
name = shaken
on = shaken
label = ${trigger.due}

[step read]
use = connector:notes.read
input.file = hostler.ini
""",
    "flows/pass.ini": """[flow]
name = pass
on = slow

[step gate]
use = connector:gate.run
timeout = 1m
""",
    "flows/look.ini": """[flow]
name = look
on = second
label = ${trigger.due}

[step read]
use = connector:notes.read
input.file = hostler.ini
""",
}


def labels(house):
    return sorted(run["label"] for run in house.json("runs", "--flow", "look", "-n", "1000"))


def passing(house, state):
    return house.json("runs", "--flow", "pass", "--state", state)


def more(house, n):
    """Waits for so many further runs."""
    before = len(labels(house))
    return house.wait(lambda: len(labels(house)) >= before + n, 30)


def second(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def processes(house, words):
    said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in said.splitlines() if house.ini in line and words in line]


def kill(house, words):
    """Once it is there."""
    house.wait(lambda: processes(house, words), 30)
    found = processes(house, words)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    return len(found)


def due_of(at):
    """Of a time that jitter has delayed by less than four seconds, what was due."""
    moment = second(at)
    return (moment - datetime.timedelta(seconds=moment.second % 4)).strftime("%Y-%m-%dT%H:%M:%SZ")


def fired(house, at):
    return [run for run in house.json("runs", "--flow", "shaken", "-n", "1000") if run["label"] == due_of(at) and run["requested"] >= at[:-1]]


def coming(house, trigger, n):
    answer = house.json("next", trigger, "-n", str(n))
    return answer, [time["at"] for time in answer["next"]]


with House(FILES) as house:
    house.online = lambda: all(trigger["ready"] for trigger in house.json("triggers"))
    answer, times = coming(house, "yearly", 2)
    tap.ok(not answer["running"] and [time["local"][4:] for time in answer["next"]][0] in
           ("-03-29T02:30:00+01:00", "-03-29T02:30:00+02:00", "-03-29T03:00:00+02:00") and len(times) == 2,
           "next answers from the configuration while no host runs", answer)
    house.up(lambda: house.hostler("triggers").returncode == 0 and house.online())
    again, same = coming(house, "yearly", 2)
    tap.ok(again["running"] and same == times and again["flows"] == [], "next asks the trigger where the host runs, and hears the same",
           again)
    _, shaken = coming(house, "shaken", 2)
    answer, times = coming(house, "second", 3)
    tap.same(answer["flows"], ["look"], "it says what will be started")
    tap.ok(house.wait(lambda: set(times) <= set(labels(house)), 20), "what it says is what happens", times, labels(house))
    done = house.hostler("next", "second", "-n", "0")
    tap.same(done.returncode, 2, "a number out of range is refused")
    tap.same(house.hostler("next", "nobody").returncode, 2, "so is a trigger that is none")

    house.hostler("disable", "slow")
    tap.ok(kill(house, "--instance trigger/second") == 1 and more(house, 2), "a killed worker is started again and fires", house.said()[-1000:])
    tap.ok(kill(house, "hostler-engine") == 1 and house.wait(lambda: house.hostler("triggers").returncode == 0, 30) and more(house, 2),
           "so it goes on when the engine was killed", house.said()[-1000:])
    house.down()
    house.up(lambda: house.hostler("triggers").returncode == 0 and house.online())
    tap.ok(more(house, 2), "a house that is started again fires", house.said()[-1000:])
    house.hostler("disable", "second")
    answer, _ = coming(house, "second", 1)
    tap.ok("disabled" in str(answer["hindrance"]), "next says that a disabled trigger starts nothing", answer)
    seen = labels(house)
    gaps = [(one, two) for one, two in zip(seen, seen[1:]) if (second(two) - second(one)).total_seconds() != 1]
    tap.same(gaps, [], "every second from the first to the last made one run, none two and none none")

    house.hostler("enable", "slow")
    os.remove(house.path("gate/open"))
    tap.ok(house.wait(lambda: passing(house, "queued"), 20), "while a run goes on the next one waits", house.said()[-1000:])
    waits = passing(house, "queued")[0]
    tap.same(waits["reason"]["code"], "EarlierRunUnfinished", "for that reason")
    why = house.json("why", f"#{waits['number']}")
    tap.ok("what slow started before it has ended: #" in why["sentence"], "as why says", why)
    tap.ok(house.wait(lambda: "EarlierRunUnfinished: slow: #" in house.hostler("events").stdout, 20), "the one behind that makes none, which is told",
           house.hostler("events").stdout)
    tap.same([len(passing(house, "running")), [run["number"] for run in passing(house, "queued")]], [1, [waits["number"]]], "so there are two")
    tap.ok(house.wait(lambda: [len(fired(house, at)) for at in shaken] == [1, 1], 20), "times with jitter fire when next says, and not before",
           shaken, [(run["label"], run["requested"]) for run in house.json("runs", "--flow", "shaken", "-n", "1000")])
    house.write("gate/open", "")
    tap.ok(house.wait(lambda: house.json("show", f"#{waits['number']}")["state"] == "succeeded", 20), "when the first has ended, the other goes on")
    house.down()
tap.end()
