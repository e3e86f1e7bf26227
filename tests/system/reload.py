#!/usr/bin/env python3
"""The configuration is read again while runs wait and run: what is right is in force at once, what is wrong changes nothing."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import GREET_FLOW, Tap, null_house

tap = Tap()

GATED = """[desktop-flow]
name = gated
version = {version}
run = sh $HOSTLER_PACKAGE/gated.sh
screenshots = none

[output done]
type = text
"""

FILES = {
    "desktop-flows/gated/desktop-flow.ini": GATED.format(version=1),
    "flows/gated.ini": "[flow]\nname = gated\n\n[step it]\nuse = desktop:gated\nconnection = me\nmode = unattended\n",
}

# It ends when its file appears, so that the test decides how long it takes.
SCRIPT = "until [ -e {gate} ]; do sleep 0.1; done\nhostler-event output done {word}\n"


def changes(house):
    """What reload says has changed, as text, without what is in the other lists."""
    answer = house.json("reload")
    return [f"{what} {one['kind']} {one['name']}" for what in ("added", "changed", "removed") for one in answer[what]]


def step(house, run):
    shown = house.json("show", run)
    return shown["steps"][0] if shown.get("steps") else {"state": shown["state"]}


def begin(house, flow):
    house.hostler("run", flow)
    return house.wait(lambda: step(house, f"last:{flow}")["state"] == "running", 20)


with null_house(FILES) as house:
    gate = house.path("gate")
    ini = house.path("hostler.ini")
    house.write("desktop-flows/gated/gated.sh", SCRIPT.format(gate=gate, word="one"))
    tap.same(house.hostler("reload").returncode, 3, "without a hostlerd there is nothing to reload")
    house.up()
    tap.same(house.hostler("reload").stdout, "nothing has changed\n", "what is the same is no change")

    house.write("flows/second.ini", GREET_FLOW.replace("name = hello", "name = second", 1))
    tap.same(changes(house), ["added flow second"], "a flow is added")
    tap.ok(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode == 0 and
           house.json("show", "last:second")["flow"] == "second", "and answers its trigger at once", house.said())

    tap.ok(begin(house, "gated"), "a run is under way", house.said())
    house.hostler("run", "gated")
    os.remove(house.path("flows/gated.ini"))
    house.write("desktop-flows/gated/desktop-flow.ini", GATED.format(version=2))
    house.write("desktop-flows/gated/gated.sh", SCRIPT.format(gate=gate, word="two"))
    tap.same(changes(house), ["changed desktop-flow gated", "removed flow gated"], "a flow is removed, its desktop flow is another")
    tap.ok(house.hostler("run", "gated").returncode != 0, "a flow that is gone starts no more runs")
    tap.same(step(house, "last:gated")["state"], "queued", "a run that waited waits on")
    first = house.json("runs", "--flow", "gated")[-1]["id"]
    tap.same(step(house, first)["state"], "running", "the run that was under way is")
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: house.json("show", "last:gated")["state"] == "succeeded", 30), "both come to their end",
           house.json("show", "last:gated"), house.said())
    tap.same([step(house, run)["outputs"]["done"] for run in (first, "last:gated")], ["one", "two"],
             "the one with the desktop flow it had begun, the other with the one of today")

    house.write("flows/second.ini", GREET_FLOW.replace("name = hello", "name = second", 1).replace("desktop:greet", "desktop:gret"))
    house.write("flows/third.ini", "[flow]\nname = third\nno = such key\n")
    done = house.hostler("reload")
    tap.same(done.returncode, 2, "a bad flow is refused")
    tap.ok(f"{house.path('flows/second.ini')}:6: error: " in done.stderr and f"{house.path('flows/third.ini')}:" in done.stderr,
           "every error with its file and line", done.stderr)
    tap.ok("nothing was changed" in done.stderr, "and that nothing was changed")
    errors = house.json("reload")
    tap.ok(any(error["line"] == 6 and error["file"].endswith("second.ini") for error in errors), "the same as JSON", errors)
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "the flows of before go on")
    tap.same(sorted(flow["name"] for flow in house.json("flows")), ["hello", "second"], "and are those that are shown")
    os.remove(house.path("flows/third.ini"))
    os.remove(house.path("flows/second.ini"))
    tap.same(changes(house), ["removed flow second"], "once mended it is in force")

    with open(ini, encoding="utf-8") as file:
        text = file.read()
    for old, new, key in (("listen = none", "listen = tcp://127.0.0.1:8499", "listen"), ("name = here", "name = there", "name"),
                          ("run_dir = run", "run_dir = ran", "run_dir")):
        house.write("hostler.ini", text.replace(old, new).replace("device:here", "device:there") if key == "name" else text.replace(old, new))
        done = house.hostler("reload")
        tap.ok(done.returncode == 2 and f'"{key}" of [' in done.stderr and "`hostler down`" in done.stderr and "hostler.ini:" in done.stderr,
               f"{key} takes a restart, and that is said", done.stderr)
    house.write("hostler.ini", "[host\n")
    tap.same(house.hostler("reload").returncode, 2, "a file that cannot be read changes nothing")
    house.write("hostler.ini", text.replace("user = bot1", "user = bot2"))
    tap.same(changes(house), ["changed connection me"], "a connection leads elsewhere")
    house.hostler("press", "hello", "--input", "name=Ada", "--wait")
    tap.same(step(house, "last")["user"], "bot2", "and its runs with it")
    house.down()
tap.end()
