#!/usr/bin/env python3
"""The configuration is read again while runs wait and run: what is right is in force at once, what is wrong changes nothing."""

import os
import signal
import subprocess
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

    house.write("flows/unsealed.ini", "[flow]\nname = unsealed\n\n[step it]\nuse = desktop:greet\nconnection = me\nmode = unattended\ninput.name = secret:nothing\n")
    done = house.hostler("reload")
    said = done.stdout + done.stderr
    tap.ok(done.returncode == 0 and "added flow unsealed" in said and said.count('the secret "nothing" was not sealed yet') == 1,
           "a secret that is not sealed yet keeps nothing from going into force, and is told once", said)
    os.unlink(house.path("flows/unsealed.ini"))
    tap.same(changes(house), ["removed flow unsealed"], "which is gone again")

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

PROGRAM = """[desktop-flow]
name = wait
version = 1
run = sh $HOSTLER_PACKAGE/wait.sh
screenshots = none

[input gate]
type = text
[output word]
type = text
"""

WAIT = "until [ -e \"$HOSTLER_INPUT_GATE\" ]; do sleep 0.1; done\nhostler-event output word {word}\n"
CALL = "[flow]\nname = {name}\non = start\n\n[step it]\nuse = connector:{connector}.run\ninput.gate = ${{trigger.gate}}\n"
START = "[trigger start]\nplugin = button\ninput.gate = text required\n"

# What may change while it runs: two devices of driver null, a button, programs that wait for their gate.
INI = """[host]
state_dir = state
run_dir = run
listen = none

[gateway]
name = here
driver = nul
strategy = {strategy}
accounts = {accounts}

{devices}

[driver nul]
plugin = null
start = yes
{driver}
[connection me]
target = {target}
user = bot1
"""


def ini(more="", strategy="open", accounts="bot1, bot2", devices="[device one]\n[device two]", driver="", target="device:one"):
    return INI.format(strategy=strategy, accounts=accounts, devices=devices, driver=driver, target=target) + START + more


def connector(name, folder):
    return f"[connector {name}]\nplugin = exec\nprogram = programs/{folder}/desktop-flow.ini\n"


class Waiting:
    """Runs that go on until their gate is opened."""

    def __init__(self, house):
        self.house = house
        self.n = 0

    def begin(self, flow="call"):
        self.n += 1
        gate = self.house.path(f"gate-{self.n}")
        run = self.house.json("run", flow, "--input", f"gate={gate}")[0]["id"]
        return run, gate

    def is_at(self, run, state):
        return self.house.wait(lambda: step(self.house, run)["state"] == state, 20)


def open_gate(gate):
    open(gate, "w", encoding="utf-8").close()


def children(house, name):
    """The states and processes of every child of that name."""
    with open(house.path("state/children"), encoding="utf-8") as file:
        lines = [line.split() for line in file if not line.startswith("\t")]
    return {line[1]: int(line[2]) for line in lines if line and line[0] == name}


OTHER = {f"programs/{folder}/desktop-flow.ini": PROGRAM for folder in ("first", "second")}
OTHER.update({f"programs/{folder}/wait.sh": WAIT.format(word=folder) for folder in ("first", "second")})
OTHER["flows/call.ini"] = CALL.format(name="call", connector="slow")
OTHER["desktop-flows/gated/desktop-flow.ini"] = PROGRAM.replace("name = wait", "name = gated")
OTHER["desktop-flows/gated/wait.sh"] = WAIT.format(word="done")
OTHER["flows/gated.ini"] = CALL.format(name="gated", connector="slow").replace("connector:slow.run", "desktop:gated\nconnection = me\nmode = unattended")
OTHER["flows/hello.ini"] = GREET_FLOW.replace("on = hello\n", "").replace("${trigger.name}", "Ada")

with null_house(OTHER) as house:
    waiting = Waiting(house)
    house.write("hostler.ini", ini(connector("slow", "first")))
    house.up()
    tap.same(house.hostler("check").returncode, 0, "the configuration is right")

    run, gate = waiting.begin()
    tap.ok(waiting.is_at(run, "running"), "a connector is called", house.said())
    old = children(house, "worker/connector/slow")["ready"]
    house.write("hostler.ini", ini(connector("slow", "second")))
    tap.same(changes(house), ["changed connector slow"], "meanwhile it is changed")
    there = children(house, "worker/connector/slow")
    tap.ok(there.get("draining") == old and there.get("ready", old) != old, "the new worker is beside the old one", there)
    later, later_gate = waiting.begin()
    open_gate(later_gate)
    tap.ok(waiting.is_at(later, "succeeded"), "the next call does not wait for the one under way", house.said())
    tap.same(step(house, later)["outputs"]["word"], "second", "it is the new worker's")
    tap.same(step(house, run)["state"], "running", "and the old one is at work")
    open_gate(gate)
    tap.ok(waiting.is_at(run, "succeeded"), "until its call is done", house.said())
    tap.same(step(house, run)["outputs"]["word"], "first", "whose outputs come back")
    tap.ok(house.wait(lambda: list(children(house, "worker/connector/slow")) == ["ready"], 20), "then the old worker ends",
           children(house, "worker/connector/slow"))

    run, gate = waiting.begin()
    waits, waits_gate = waiting.begin()
    tap.ok(waiting.is_at(waits, "running"), "two calls, one of which waits for the other")
    os.rename(house.path("flows/call.ini"), house.path("flows/call.off"))
    house.write("hostler.ini", ini(connector("other", "first")))
    tap.same(sorted(changes(house)), ["added connector other", "removed connector slow", "removed flow call"],
             "one connector goes, one comes")
    tap.ok(waiting.is_at(waits, "failed") and step(house, waits)["reason"]["code"] == "DefinitionGone",
           "the call that waited says what has gone", step(house, waits))
    open_gate(gate)
    tap.ok(waiting.is_at(run, "succeeded"), "the call under way is finished", house.said())
    tap.ok(house.wait(lambda: not children(house, "worker/connector/slow"), 20), "and its worker is gone")
    house.write("flows/call.ini", CALL.format(name="call", connector="other"))
    tap.same(changes(house), ["added flow call"], "a flow uses the new one")
    run, gate = waiting.begin()
    open_gate(gate)
    tap.ok(waiting.is_at(run, "succeeded"), "and it works", house.said())

    button = children(house, "worker/trigger/start")["ready"]
    house.write("hostler.ini", ini(connector("other", "first")).replace("input.gate = text required", "input.gate = text required\ninput.why = text"))
    tap.same(changes(house), ["changed trigger start"], "a trigger is changed")
    tap.ok(list(children(house, "worker/trigger/start")) == ["ready"] and children(house, "worker/trigger/start")["ready"] != button,
           "its new worker has followed the old one", children(house, "worker/trigger/start"))
    tap.same(house.hostler("press", "start", "--input", f"gate={gate}", "--input", "why=x", "--wait").returncode, 0, "and knows the new input")

    # Devices
    run, gate = waiting.begin("gated")
    tap.ok(waiting.is_at(run, "running"), "a desktop flow runs on a device", house.said())
    house.write("hostler.ini", ini(connector("other", "first"), devices="[device two]", target="device:two", accounts="bot1"))
    tap.ok("removed device one" in changes(house), "which is removed")
    tap.same(step(house, run)["state"], "running", "the run goes on there")
    tap.same([device["name"] for device in house.json("devices")], ["two", "one"], "and so long the device is shown")
    tap.same(house.hostler("run", "hello", "--wait").returncode, 0, "the next goes where the connection leads now")
    open_gate(gate)
    tap.ok(waiting.is_at(run, "succeeded"), "the run comes to its end", house.json("show", run), house.said())
    tap.ok(house.wait(lambda: [device["name"] for device in house.json("devices")] == ["two"], 20), "then the device is shown no more")
    tap.ok(house.wait(lambda: "nothing is left of it" in house.said(), 20), "and nothing is left of it", house.said())
    house.write("hostler.ini", ini(connector("other", "first"), target="device:one", strategy="server-rds"))
    tap.ok("added device one" in changes(house), "it is configured again")
    tap.same(house.hostler("run", "hello", "--wait").returncode, 0, "and runs start there again")
    tap.same({device["strategy"] for device in house.json("devices")}, {"server-rds"}, "with another strategy")
    house.write("hostler.ini", ini(connector("other", "first"), target="device:one", strategy="win11"))
    tap.same(house.hostler("reload").returncode, 2, "a strategy that is not there is refused")
    tap.same(house.hostler("run", "hello", "--wait").returncode, 0, "and nothing has changed")

    # Processes that are started meanwhile know nothing of what is not in force.
    right = os.path.join(house.home, "right.ini")
    os.rename(house.ini, right)
    house.write("hostler.ini", "[host\n")
    before = children(house, "worker/connector/other")["ready"]
    os.kill(before, signal.SIGKILL)
    tap.ok(house.wait(lambda: children(house, "worker/connector/other").get("ready", before) != before, 30),
           "a worker that dies while the file is broken is started with the one in force", house.said())
    for _ in range(3):
        done = subprocess.run(house.command("hostler", "-c", right, "run", "hello", "--wait"), env=house.environment(), capture_output=True,
                              text=True, timeout=60)
        tap.ok(done.returncode == 0, "so are session processes", done.stdout, done.stderr, house.said())
    gateway = children(house, "gateway/here")["ready"]
    os.kill(gateway, signal.SIGKILL)
    tap.ok(house.wait(lambda: children(house, "gateway/here").get("ready", gateway) != gateway, 30), "and a gateway", house.said())
    os.rename(right, house.ini)
    house.down()
tap.end()
