#!/usr/bin/env python3
"""A secret from one connector to another: whoever carries, keeps or shows it has an envelope, and only who uses it has more."""

import os
import signal
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, holding

tap = Tap()

SECRET = "canary-5f1c0a-geheim"
NAMED = ("canary-77b2-first", "canary-90d3-second")
FLOW = """[flow]
name = {name}
on = start

[step find]
use = connector:vault.read
secure_outputs = yes
input.file = secret.txt

[step keep]
use = connector:out.write
secure_inputs = yes
input.file = {name}.txt
input.text = {text}
"""
NAMED_FLOW = """[flow]
name = named
on = named

[step keep]
use = connector:out.write
input.file = named.txt
input.text = secret:ledger
"""
# Ends when the gate is there, so that the test decides how long it takes.
GATE = """[desktop-flow]
name = gate
version = 1
run = sh $HOSTLER_PACKAGE/gate.sh
screenshots = none

[input gate]
type = text
required = yes
"""
WAIT = """[step wait]
use = connector:gate.run
on_lost = again
input.gate = {gate}

[step keep]"""

FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger start]
plugin = button

[trigger later]
plugin = button

[trigger named]
plugin = button

[connector gate]
plugin = exec
program = programs/gate/desktop-flow.ini

[connector vault]
plugin = file
root = vault

[connector out]
plugin = file
root = out
""",
    "flows/whole.ini": FLOW.format(name="whole", text="${find.text}"),
    "flows/part.ini": FLOW.format(name="part", text="password: ${find.text}!"),
    "flows/late.ini": FLOW.format(name="late", text="${find.text}").replace("on = start", "on = later"),
    "flows/named.ini": NAMED_FLOW,
    "programs/gate/desktop-flow.ini": GATE,
    "programs/gate/gate.sh": 'until [ -e "$HOSTLER_INPUT_GATE" ]; do sleep 0.05; done\n',
    "vault/secret.txt": SECRET,
    "out/.kept": "",
}


def read(house, name):
    with open(house.path(name), encoding="utf-8") as file:
        return file.read()


def engine_of(house):
    for line in read(house, "state/children").splitlines():
        words = line.split()
        if words and words[0] == "engine":
            return int(next(word for word in words[1:] if word.isdigit() and int(word) > 1))
    raise AssertionError(house.said())


def seal(house, secret):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", "ledger"), env=house.environment(), cwd=house.home, input=secret,
                          capture_output=True, text=True, timeout=60, check=False)


def named(house):
    """What a run with the named secret has made of it."""
    done = house.hostler("press", "named", "--wait")
    return read(house, "out/named.txt") if done.returncode == 0 else done.stdout + done.stderr


def ended(house):
    return {run["flow"]: run["state"] for run in house.json("runs")}


def state_of(house, number, name):
    done = house.json("show", str(number))
    return {step["name"]: step["state"] for step in done["steps"]}.get(name)


with House(FILES) as house:
    late = read(house, "flows/late.ini").replace("[step keep]", WAIT.format(gate=house.path("gate")))
    house.write("flows/late.ini", late)
    os.chmod(house.path("out"), 0o777)
    house.hostler("init", "--yes")
    tap.same(seal(house, NAMED[0]).returncode, 0, "a named secret is sealed")
    house.up()
    numbers = {run["flow"]: str(run["number"]) for run in house.json("press", "start")}
    tap.ok(house.wait(lambda: all(state in ("succeeded", "failed") for state in ended(house).values()), 30), "both runs end", ended(house))
    tap.same(ended(house), {"whole": "succeeded", "part": "succeeded"}, "a secure output goes into a secure input")
    tap.same(read(house, "out/whole.txt"), SECRET, "who uses it has all of it")
    tap.same(read(house, "out/part.txt"), f"password: {SECRET}!", "a text with it in it is put together where it is used")
    steps = {step["name"]: step for step in house.json("show", numbers["part"])["steps"]}
    tap.same(steps["find"]["outputs"]["text"], {"sealed": "find.text"}, "what is shown of the output is that it is sealed")
    tap.same(steps["keep"]["inputs"]["text"], {"sealed": "keep.text"}, "and so of the input")
    shown = house.hostler("show", numbers["whole"]).stdout
    tap.ok("text = (sealed)" in shown, "people see that, too", shown)
    os.remove(house.path("out/whole.txt"))
    again = house.json("resubmit", numbers["whole"], "--from", "keep")
    tap.ok(house.wait(lambda: os.path.exists(house.path("out/whole.txt")), 30), "a run that goes on from a step takes its envelopes along",
           again, house.json("runs"))
    tap.same(named(house), NAMED[0], "a named secret is opened where it is used")
    shutil.copy(house.path("secrets.d/ledger.seal"), house.path("older.seal"))
    tap.same(seal(house, NAMED[1]).returncode, 0, "it is sealed again")
    tap.same(named(house), NAMED[1], "and the next call has the newer one, without a reload")
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 0 and "secret ledger: connector/out can open it (connector/out.write.text)" in done.stdout, "check asks who needs it", done)
    guest = house.json("operator", "new", "guest", "--may", "look", "--yes")
    done = subprocess.run(house.command("hostler", "-c", house.ini, "check", "--live"), cwd=house.home, capture_output=True, text=True, timeout=60,
                          env={**house.environment(), "HOSTLER_KEY": house.path(guest["file"])}, check=False)
    tap.ok('secrets: nobody was asked whether they can open them: operator/guest has not the right "control"' in done.stdout,
           "who may only look is told that asking needs more", done)
    os.replace(house.path("older.seal"), house.path("secrets.d/ledger.seal"))
    live = house.hostler("check", "--live")
    tap.ok(live.returncode == 1 and "connector/out cannot open it for connector/out.write.text: SecretUnusable" in live.stderr, "and says who cannot", live)
    subprocess.run(house.command("hostler", "-c", house.ini, "seal", "ledger", "--for", "connector/vault.write.text", "--to", house.path("secrets.d/ledger.seal")),
                   env=house.environment(), cwd=house.home, input="other", capture_output=True, text=True, timeout=60, check=True)
    done = house.hostler("check")
    tap.ok(done.returncode == 1 and "cannot be opened by connector/out for connector/out.write.text; `hostler seal ledger --again`" in done.stderr,
           "where the file says so nobody needs to be asked", done)
    os.remove(house.path("secrets.d/ledger.seal"))
    said = named(house)
    tap.ok("SecretUnusable" in said and "secrets.d/ledger.seal" in said and "hostler seal ledger" in said,
           "without its file the step says what is missing and what to do", said)
    number = house.json("press", "later")[0]["number"]
    tap.ok(house.wait(lambda: state_of(house, number, "wait") == "running", 30), "a run has its secret, and waits",
           house.json("show", str(number)))
    os.kill(engine_of(house), signal.SIGKILL)
    house.write("gate", "")
    tap.ok(house.wait(lambda: os.path.exists(house.path("out/late.txt")), 60),
           "after the engine was killed it goes on with what was sealed before", house.hostler("show", str(number)).stdout)
    tap.same(read(house, "out/late.txt"), SECRET, "which is still all of it")
    tap.ok("SecretUnusable" in named(house), "an engine that starts without the file of a secret lacks that and nothing else")
    tap.same(seal(house, NAMED[1]).returncode, 0, "it is sealed once more")
    tap.same(named(house), NAMED[1], "and that helps")
    house.down()
    tap.same([holding(house, secret) for secret in NAMED], [[], ["out/named.txt"]], "of the named secret nothing is left but what the last run wrote")
    tap.same(holding(house, SECRET), ["out/late.txt", "out/part.txt", "out/whole.txt", "vault/secret.txt"],
             "nothing else that the house has written can be read for it")

tap.end()
