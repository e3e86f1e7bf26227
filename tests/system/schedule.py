#!/usr/bin/env python3
"""A schedule of one second makes one run for each second, also when its worker is killed and the house is started again."""

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

[trigger yearly]
plugin = schedule
cron = 30 2 29 mar *
zone = Europe/Berlin

[connector notes]
plugin = file
root = .
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
    return sorted(run["label"] for run in house.json("runs", "-n", "1000"))


def more(house, n):
    """Waits for so many further runs."""
    before = len(labels(house))
    return house.wait(lambda: len(labels(house)) >= before + n, 30)


def second(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def worker_of(house):
    said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in said.splitlines() if house.ini in line and "--instance trigger/second" in line]


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
    answer, times = coming(house, "second", 3)
    tap.same(answer["flows"], ["look"], "it says what will be started")
    tap.ok(house.wait(lambda: set(times) <= set(labels(house)), 20), "what it says is what happens", times, labels(house))
    done = house.hostler("next", "second", "-n", "0")
    tap.same(done.returncode, 2, "a number out of range is refused")
    tap.same(house.hostler("next", "nobody").returncode, 2, "so is a trigger that is none")

    killed = worker_of(house)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    tap.ok(len(killed) == 1 and more(house, 2), "a killed worker is started again and fires", killed)
    house.down()
    house.up(lambda: house.hostler("triggers").returncode == 0 and house.online())
    tap.ok(more(house, 2), "a house that is started again fires", house.said()[-1000:])
    house.hostler("disable", "second")
    answer, _ = coming(house, "second", 1)
    tap.ok("disabled" in str(answer["hindrance"]), "next says that a disabled trigger starts nothing", answer)
    seen = labels(house)
    gaps = [(one, two) for one, two in zip(seen, seen[1:]) if (second(two) - second(one)).total_seconds() != 1]
    tap.same(gaps, [], "every second from the first to the last made one run, none two and none none")
    house.down()
tap.end()
