#!/usr/bin/env python3
"""Whoever dies while an event with files is taken: there is one run of it, with all of them, and nothing is left of what came to nothing."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_house
from house import PROGRAMS, House, Tap

tap = Tap()

HOST = """[host]
state_dir = state
run_dir = run
listen = none
plugins = PLUGINS
flows = flows/*.ini

[trigger inbox]
plugin = courier
folder = parcels

[connector clerk]
plugin = clerk
"""

FLOW = """[flow]
name = NAME
on = inbox
label = ${trigger.name}

[step read]
use = connector:clerk.read
input.files = ${trigger.all}
"""

# Four of the engine: the fifth death in ten minutes would open its breaker.
POINTS = (("engine.heard_file", 2), ("engine.heard_emit", 1), ("engine.before_commit", 1), ("engine.committed", 1),
          ("worker.before_emit", 1), ("worker.emitted", 1))


class FilesHouse(crash_house.CrashHouse):
    def build(self):
        shutil.copytree(os.path.dirname(os.path.realpath(PROGRAMS)), self.path("programs"), symlinks=True)
        for name in os.listdir(crash_house.ARMED):
            if name.startswith("hostler") and not name.endswith(".o"):
                shutil.copy(os.path.join(crash_house.ARMED, name), self.programs)
        plugins = self.path("programs/lib/hostler/plugins")
        made = os.path.join(crash_house.ARMED, "../plugins/.libs")
        shutil.copy(os.path.join(made, "courier.so"), os.path.join(plugins, "trigger"))
        shutil.copy(os.path.join(made, "clerk.so"), os.path.join(plugins, "connector"))
        self.write("hostler.ini", HOST.replace("PLUGINS", plugins))
        for name in ("first", "second"):
            self.write(f"flows/{name}.ini", FLOW.replace("NAME", name))
        for name in ("programs/armed", "programs/seen", "bytes/big"):
            self.write(name, "", 0o666)
        with open(self.path("bytes/big"), "wb") as file:
            file.write(os.urandom(600_000))
        os.makedirs(self.path("parcels"))
        os.chmod(self.path("parcels"), 0o777)

    def parcel(self, name):
        with open(self.path(f"parcels/{name}.new"), "w", encoding="utf-8") as file:
            file.write(f"a.bin\t{self.path('bytes/big')}\nb.bin\t{self.path('bytes/big')}\n")
        os.rename(self.path(f"parcels/{name}.new"), self.path(f"parcels/{name}.parcel"))

    def taken(self, name):
        return os.path.exists(self.path(f"parcels/{name}.parcel.gone"))

    def runs(self, name):
        done = self.hostler("--json", "runs", "--label", f"{name}.parcel")
        return crash_house.json.loads(done.stdout) if done.returncode == 0 else []


why_not = crash_house.missing()
if why_not:
    tap.skip("an event with files is taken once, whoever dies", why_not)
    tap.end()

with FilesHouse(1) as house:
    House.up(house, lambda: house.answers() and all(trigger["ready"] for trigger in house.json("triggers")))
    for point, count in POINTS:
        name = point.replace(".", "-")
        house.arm((point, count, "kill"))
        house.parcel(name)
        tap.ok(house.wait(lambda point=point: house.fired().get(point), 20), f"somebody dies at {point}", house.said()[-2000:])
        tap.ok(house.wait(lambda name=name: house.taken(name), 20), "the event is taken all the same", house.said()[-2000:])
        house.wait(lambda name=name: len([run for run in house.runs(name) if run["ended"]]) == 2, 20)
        runs = house.runs(name)
        tap.same(sorted((run["flow"], run["state"]) for run in runs), [("first", "succeeded"), ("second", "succeeded")], "once, by each flow")
        read = [house.json("show", f"#{run['number']}")["steps"][0]["outputs"].get("bytes") for run in runs]
        tap.same(read, [1_200_000, 1_200_000], "with all that came with it")
    files = house.path("state/files")
    tap.ok(house.wait(lambda: not os.path.exists(f"{files}/.staged") or not os.listdir(f"{files}/.staged"), 10), "nothing waits for an event")
    tap.same(sorted(name for name in os.listdir(files) if name[0] != "."), sorted(run["id"] for run in house.json("runs")),
             "and no run has files that was never accepted")
    tap.same([name for name in os.listdir(house.path("state/workers")) if name.startswith("files-")], [], "nor has a worker")

tap.end()
