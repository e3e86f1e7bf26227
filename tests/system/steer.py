#!/usr/bin/env python3
"""The queue by hand, with the installed commands: moved, ended, held, and what is left of it on the device."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

PACKAGE = """[desktop-flow]
name = %s
version = 1
run = sh $HOSTLER_PACKAGE/flow.sh
screenshots = none
timeout = %s
[input gate]
type = text
required = yes
"""

# They end when their file appears, so that the test decides how long they take.
SCRIPTS = {
    "polite": 'until [ -e "$HOSTLER_INPUT_GATE" ]; do hostler-event checkpoint </dev/null || exit 10; sleep 0.05; done\n',
    "rude": "trap '' TERM\nsetsid sh -c 'trap \"\" TERM; sleep 600' &\n"
            'until [ -e "$HOSTLER_INPUT_GATE" ]; do sleep 0.05; done\n',
}

FLOW = """[flow]
name = {name}
concurrency = {most}

[step {step}]
use = {use}
{more}input.gate = ${{trigger.gate}}

[step after]
use = connector:notes.append
input.file = notes
input.text = {name}
"""


def flow(name, use="desktop:polite", user="me", most=100, step="wait"):
    more = f"connection = {user}\nmode = unattended\n" if use.startswith("desktop:") else ""
    return FLOW.format(name=name, use=use, more=more, most=most, step=step)


FILES = {"notes/notes": "", "notes/first": ""}
for package, script in SCRIPTS.items():
    FILES[f"desktop-flows/{package}/desktop-flow.ini"] = PACKAGE % (package, "24h")
    FILES[f"desktop-flows/{package}/flow.sh"] = script
FILES["programs/polite/desktop-flow.ini"] = PACKAGE % ("program", "24h")
FILES["programs/polite/flow.sh"] = SCRIPTS["polite"]
for spec in [flow("one"), flow("two", user="you"), flow("single", most=1), flow("rude", use="desktop:rude"),
             flow("call", use="connector:program.run")]:
    FILES[f"flows/{spec.split()[3]}.ini"] = spec

MORE = """
[connection you]
target = device:here
user = bot2

[connector notes]
plugin = file
root = notes

[connector program]
plugin = exec
program = programs/polite/desktop-flow.ini
"""


class Runs:
    def __init__(self, house):
        self.house = house

    def start(self, name):
        """The number of a new run, which ends when its gate is opened."""
        gate = self.house.path(f"gate-{name}")
        return self.house.json("run", name, "--input", f"gate={gate}")[0]["number"]

    def open(self, name):
        open(self.house.path(f"gate-{name}"), "w", encoding="utf-8").close()

    def shut(self, name):
        os.remove(self.house.path(f"gate-{name}"))

    def show(self, run):
        shown = {}
        # On a machine with much to do a command may give up before the host has answered.
        self.house.wait(lambda: shown.update(self.house.json("show", str(run))) or "state" in shown, 30)
        if "state" not in shown:
            raise AssertionError(f"{shown}\n{self.house.said()}")
        return shown

    def state(self, run):
        return self.show(run)["state"]

    def step(self, run):
        steps = self.show(run)["steps"]
        return steps[0]["state"] if steps else None

    def becomes(self, run, state, seconds=30):
        return self.look(lambda: self.state(run) == state, seconds)

    def at(self, run, state, seconds=30):
        return self.look(lambda: self.step(run) == state, seconds)

    def look(self, true, seconds):
        return self.house.wait(true, seconds)

    def history(self, run):
        return [(row["what"], row.get("who")) for row in self.show(run)["history"]]


def queue(house):
    return [row["number"] for target in house.json("queue")["targets"] for row in target["waiting"]]



def order(house, runs):
    running = [runs.start("one"), runs.start("two")]
    for run in running:
        tap.ok(runs.at(run, "running"), f"run {run} takes a slot", house.said())
    waiting = [runs.start("one") for _ in range(4)]
    tap.same(queue(house), waiting, "those that wait stand in the order of their time")
    tap.same(house.hostler("top", str(waiting[2])).returncode, 0, "one is moved to the top")
    done = house.hostler("top", f"{waiting[3]}/wait")
    tap.ok(f"#{waiting[3]}/wait: place 1 of device:here" in done.stdout, "and another, by its step", done.stdout, done.stderr)
    tap.same(queue(house), [waiting[3], waiting[2], waiting[0], waiting[1]], "the last one moved is first")
    house.hostler("untop", str(waiting[3]))
    answer = house.json("priority", str(waiting[1]), "high")
    tap.same((answer["position"], answer["priority"]), (2, "high"), "a priority is changed")
    tap.same(queue(house), [waiting[2], waiting[1], waiting[0], waiting[3]], "taken back, it has its old place again")
    refused = house.json("top", str(running[0]))
    tap.ok(refused["error"]["code"] == "WrongState" and "running" in refused["error"]["text"],
           "what runs has no place to change", refused)
    tap.same(house.hostler("top", str(running[0])).returncode, 1, "which is exit 1")
    tap.same(house.hostler("top", "99999").returncode, 2, "a run that is not there is bad input")
    tap.same(house.hostler("priority", str(waiting[0]), "low").returncode, 2, "so is a priority that is not there")
    who = [row for row in runs.history(waiting[2]) if row[0] == "top"]
    tap.ok(who and who[0][1], "the history names who moved it", runs.history(waiting[2]))
    house.hostler("cancel", str(waiting[2]))
    tap.same(runs.state(waiting[2]), "cancelled", "what waits is cancelled at once")
    reason = runs.show(waiting[2])["reason"]
    tap.ok(reason["code"] == "Cancelled" and "cancelled by" in reason["text"], "and says by whom", reason)
    runs.open("one")
    tap.ok(runs.becomes(waiting[1], "succeeded", 60), "the one of high priority runs", runs.show(waiting[1]))
    for run in (running[0], waiting[0], waiting[3]):
        tap.ok(runs.becomes(run, "succeeded", 60), f"run {run} ends", runs.show(run))
    starts = [runs.show(run)["steps"][0]["started"] for run in (waiting[1], waiting[0], waiting[3])]
    tap.same(starts, sorted(starts), "they ran in the order that was asked for")
    runs.shut("one")
    house.hostler("cancel", str(running[1]))
    tap.ok(runs.becomes(running[1], "cancelled"), "what runs is cancelled", runs.show(running[1]), house.said())
    tap.same([step["name"] for step in runs.show(running[1])["steps"]], ["wait"], "and nothing follows it")


def ends(house, runs):
    run = runs.start("one")
    runs.at(run, "running")
    tap.same(house.hostler("stop", str(run)).returncode, 0, "a run is told to stop")
    tap.ok(runs.becomes(run, "cancelled"), "it stops at its next checkpoint", runs.show(run))
    tap.ok("stopped by" in runs.show(run)["reason"]["text"], "and says who wanted it", runs.show(run)["reason"])

    run = runs.start("rude")
    runs.at(run, "running")
    tap.same(house.json("cancel", str(run))["state"], "stopping", "a flow that ignores TERM is stopping")
    tap.same(runs.state(run), "stopping", "until it is gone")
    tap.ok(runs.becomes(run, "cancelled"), "which takes no longer than its grace", runs.show(run), house.said())
    tap.ok(runs.look(lambda: house.json("devices")[0]["running"] == 0, 30), "its session is closed")
    left = [line for line in os.popen("ps -eo args").read().splitlines()
            if line.startswith("sh ") and house.home in line]
    tap.same(left, [], "and nothing of it is left")
    tap.same(house.hostler("cancel", str(run)).returncode, 1, "a run that has ended cannot be cancelled")

    first, second = runs.start("single"), runs.start("single")
    runs.at(first, "running")
    tap.same(runs.state(second), "queued", "a run over its flow's concurrency waits")
    tap.same(house.json("cancel", str(second))["state"], "cancelled", "and is cancelled")
    house.hostler("cancel", f"{first}/wait")
    tap.ok(runs.becomes(first, "cancelled"), "a step alone is cancelled, and the run ends as it", runs.show(first))

    run, behind = runs.start("call"), None
    tap.ok(runs.at(run, "running"), "a connector is at work", runs.show(run))
    behind = runs.start("call")
    house.hostler("cancel", str(behind))
    tap.ok(runs.becomes(behind, "cancelled"), "a call that no process has taken yet is cancelled", runs.show(behind))
    house.hostler("cancel", str(run))
    tap.ok(runs.becomes(run, "cancelled"), "and so is one under way", runs.show(run), house.said())
    run = runs.start("call")
    tap.ok(runs.at(run, "running"), "the connector works again", house.said())
    house.hostler("stop", str(run))
    tap.same((runs.state(run), runs.step(run)), ("stopping", "running"), "a call has no checkpoint")
    runs.open("call")
    tap.ok(runs.becomes(run, "cancelled"), "the run stops behind it", runs.show(run))
    tap.same(runs.step(run), "succeeded", "which has done its work")
    with open(house.path("notes/notes"), encoding="utf-8") as file:
        tap.ok("call" not in file.read(), "and nothing came after it")


def holds(house, runs):
    run = runs.start("one")
    runs.at(run, "running")
    tap.same(house.hostler("resume", str(run)).returncode, 1, "only what is paused goes on")
    tap.same(house.hostler("pause", str(run)).returncode, 0, "a run is told to pause")
    tap.ok(runs.becomes(run, "paused"), "at its next checkpoint it is paused", runs.show(run), house.said())
    runs.open("one")
    other = runs.start("one")
    tap.same((runs.state(run), runs.step(other)), ("paused", "queued"), "it holds, and its device stays taken")
    tap.same(house.json("devices")[0]["running"], 1, "with its slot")
    house.hostler("resume", str(run))
    tap.ok(runs.becomes(run, "succeeded"), "told to go on, it ends well", runs.show(run))
    tap.ok(runs.becomes(other, "succeeded"), "and the next one runs", runs.show(other))
    words = [row[0] for row in runs.history(run)]
    tap.ok([word for word in words if word in ("pause", "paused", "resume")] == ["pause", "paused", "resume"],
           "its history tells all of it", words)
    runs.shut("one")
    run = runs.start("one")
    runs.at(run, "running")
    house.hostler("pause", str(run))
    runs.becomes(run, "paused")
    house.hostler("cancel", str(run))
    tap.ok(runs.becomes(run, "cancelled"), "a paused run is cancelled", runs.show(run))


def begins_again(house, runs):
    runs.open("one")
    first = runs.start("one")
    runs.becomes(first, "succeeded")
    done = house.hostler("resubmit", str(first), "--wait")
    tap.same(done.returncode, 0, "a run that has ended is run again")
    second = runs.show("last:one")
    tap.same((second["origin"], second["event"]["gate"]), (first, runs.show(first)["event"]["gate"]), "with its event, and its origin")
    house.hostler("resubmit", str(second["number"]), "--from", "after", "--wait")
    third = runs.show("last:one")
    tap.same((third["origin"], third["state"]), (first, "succeeded"), "from a step on, in the same chain")
    kept, made = third["steps"][0], second["steps"][0]
    tap.same((kept["started"], kept["device"]), (made["started"], made["device"]), "the steps before it are kept as they ended")
    tap.ok(any(row["what"] == "kept" and row["step"] == "wait" for row in third["history"]), "and the history says so")
    other = house.path("gate-other")
    again = house.json("resubmit", str(first), "--input", f"gate={other}")[0]["number"]
    tap.ok(runs.at(again, "running"), "an input is edited", runs.show(again))
    tap.same(runs.show(again)["event"]["gate"], other, "and the others stay")
    refused = house.json("resubmit", str(again))
    tap.same(refused["error"]["code"], "WrongState", "a run that has not ended is not run again")
    house.hostler("cancel", str(again))
    runs.becomes(again, "cancelled")
    refused = house.json("resubmit", str(again), "--from", "after")
    tap.ok("--from wait" in refused["error"]["text"], "nothing is kept that did not end well", refused)
    tap.same(house.hostler("resubmit", str(first), "--from", "nowhere").returncode, 2, "a step that is not there is bad input")
    tap.same(house.json("run", "two", "--from", str(first))[0]["flow"], "two", "another flow takes the event of a run")
    house.hostler("cancel", "last:two")
    runs.becomes("last:two", "cancelled")
    tap.same(runs.show("last:two")["origin"], None, "which is a chain of its own")
    changed = flow("one").replace("name = one\n", "name = one\nsummary = another\n", 1)
    house.write("flows/one.ini", changed.replace("[step after]", "[step behind]"))
    house.hostler("reload")
    house.hostler("resubmit", str(first), "--as-it-was", "--wait")
    tap.same([step["name"] for step in runs.show("last:one")["steps"]], ["wait", "after"], "a run is run again as it was")
    house.hostler("resubmit", str(first), "--wait")
    tap.same([step["name"] for step in runs.show("last:one")["steps"]], ["wait", "behind"], "or with the flow of today")
    runs.shut("one")


def is_draining(house):
    done = house.hostler("--json", "devices")
    return done.returncode == 0 and json.loads(done.stdout)[0]["state"] == "draining"


def service(house, runs):
    """What is taken out of service stays so across a restart."""
    run = runs.start("one")
    runs.at(run, "running")
    done = house.hostler("device", "drain", "here")
    tap.ok(done.returncode == 0 and "1 still runs there" in done.stdout, "a device is drained", done.stdout, done.stderr)
    other = runs.start("two")
    reason = runs.show(other)["steps"][0]["reason"]
    tap.same(reason["code"], "DeviceDraining", "a new run waits, and says why")
    house.hostler("stop", str(run))
    tap.ok(runs.becomes(run, "cancelled"), "what runs there ends as it would", runs.show(run))
    tap.same(house.hostler("disable", "trigger:hello").returncode, 0, "a trigger is disabled")
    refused = house.json("press", "hello", "--input", "name=Ada")
    tap.ok(refused["error"]["code"] == "Disabled" and "hostler enable trigger:hello" in refused["error"]["text"],
           "its press is refused with the way out", refused)
    tap.same(house.hostler("disable", "hello").returncode, 2, "a flow and a trigger of one name are told apart")
    house.hostler("disable", "single")
    house.down()
    house.up(ready=lambda: is_draining(house))
    tap.same(runs.step(other), "queued", "after a restart the device is still drained")
    device = house.json("devices")[0]["drained"]
    tap.ok(device["name"] == "device:here" and device["who"] and device["since"], "and devices says so", device)
    said = house.hostler("devices").stdout
    tap.ok("draining" in said and "`hostler device resume here` ends that" in said, "to people, too, with the way out", said)
    flows = {flow["name"]: flow["disabled"] for flow in house.json("flows")}
    tap.ok(flows["single"] and not flows["one"], "flows says which is disabled", flows)
    triggers = {trigger["name"]: trigger["disabled"] for trigger in house.json("triggers")}
    tap.ok(triggers["hello"], "and triggers", triggers)
    tap.same(house.json("run", "single", "--input", "gate=x")["error"]["code"], "Disabled", "the flow is not run by hand")
    tap.same(house.json("why", "single")["state"], "disabled", "and why knows it")
    house.hostler("enable", "trigger:hello")
    tap.same(house.json("enable", "single")["state"], "enabled", "what was disabled is enabled")
    house.hostler("disable", "flow:hello")
    refused = house.json("press", "hello", "--input", "name=Ada")
    tap.same(refused["error"]["code"], "Disabled", "a press that could only start a disabled flow is refused")
    house.hostler("enable", "flow:hello")
    house.hostler("device", "resume", "here")
    tap.ok(runs.at(other, "running"), "the device takes what has waited", runs.show(other))
    house.hostler("device", "drain", "host")
    tap.same(house.json("devices")[0]["drained"]["name"], "host", "the whole host is drained")
    house.hostler("cancel", str(other))
    runs.becomes(other, "cancelled")
    house.hostler("device", "resume", "host")
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "and all is as it was")
    tap.same(house.hostler("device", "drain", "her").returncode, 2, "a device that is not there is bad input")
    tap.same(house.hostler("disable", "nothing").returncode, 2, "so is a flow that is not there")


with null_house(FILES, more=MORE) as house:
    # Started by root, workers are a user of their own.
    os.chmod(house.path("notes"), 0o777)
    os.chmod(house.path("notes/notes"), 0o666)
    house.up()
    runs = Runs(house)
    order(house, runs)
    ends(house, runs)
    holds(house, runs)
    begins_again(house, runs)
    service(house, runs)
tap.end()
