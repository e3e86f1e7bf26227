#!/usr/bin/env python3
"""Secrets of events: typed for a press where nobody sees them, or emitted by a trigger; sealed there, and opened by the step that takes
them and nobody before."""

import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, House, Tap
from terminal import Terminal

INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))

CANARY = "canary-4c81-typed"
EMITTED = "canary-2fa7-last"
OTHER = "canary-91e7-other"
FLOW = """[flow]
name = {name}
on = start

[step keep]
use = connector:out.append
secure_inputs = yes
input.file = {name}.txt
input.text = ${{trigger.pin}}
"""
FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
plugins = plugins
flows = flows/*.ini

[trigger emits]
plugin = keeper
token = first
blurts = yes

[trigger start]
plugin = button
input.pin = secret
input.word = text
input.spare = secret

[trigger idle]
plugin = button
input.pin = secret

[connector out]
plugin = file
root = out
""",
    "flows/one.ini": FLOW.format(name="one"),
    "flows/two.ini": FLOW.format(name="two").replace("${trigger.pin}", "it is ${trigger.pin}!").replace("append", "write"),
    "flows/idle.ini": "[flow]\nname = idle\non = idle\n\n[step keep]\nuse = connector:out.append\ninput.file = idle.txt\ninput.text = nothing\n",
    "flows/emitted.ini": FLOW.format(name="emitted").replace("on = start", "on = emits"),
    "out/.keep": "",
}

tap = Tap()


def holding(house, secret):
    found = []
    for path in glob.glob(os.path.join(house.home, "**"), recursive=True, include_hidden=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if secret.encode() in file.read():
                    found.append(os.path.relpath(path, house.home))
    return sorted(found)


def kept(house, name):
    """What the steps of a flow have written, which is then forgotten."""
    path = house.path(f"out/{name}.txt")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        text = file.read()
    os.remove(path)
    return text


def piped(house, given, *words):
    return subprocess.run(house.command("hostler", "-c", house.ini, *words), env=house.environment(), cwd=house.home, input=given, capture_output=True,
                          text=True, timeout=60, check=False)


def ended(house):
    return house.wait(lambda: all(run["state"] in ("succeeded", "failed") for run in house.json("runs")), 30)


with House(FILES) as house:
    shutil.copytree(INSTALLED, house.path("plugins"))
    shutil.copy(os.path.join(TEST_PLUGINS, "keeper.so"), house.path("plugins/trigger"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    os.chmod(house.path("out"), 0o777)
    house.up()
    tap.ok(house.wait(lambda: len(house.json("runs")) == 3, 30) and ended(house), "a trigger emits by itself", house.json("runs"))
    tap.same(kept(house, "emitted"), "first\ncanary-2fa7-last\n", "what is secret of it reaches the step that takes it")
    typed = Terminal(house.command("hostler", "-c", house.ini, "press", "start", "--wait"), house.environment())
    asked = typed.answer("Secret input pin: ", CANARY)
    tap.same((asked, typed.end()), (True, 0), "a secret input is asked for on a terminal, unannounced")
    tap.ok("pin: for connector/out.append.text" in typed.said and CANARY not in typed.said, "what it is for is said, it is not", typed.said)
    tap.ok(ended(house), "every flow of the button ends")
    tap.same((kept(house, "one"), kept(house, "two")), (CANARY + "\n", f"it is {CANARY}!"), "each flow that takes it has all of it")
    idle = Terminal(house.command("hostler", "-c", house.ini, "press", "start", "--secret", "spare", "--wait"), house.environment())
    asked = [idle.answer(f"Secret input {name}: ", CANARY) for name in ("spare", "pin")]
    tap.ok(asked == [True, True] and idle.end() == 0 and "spare: no flow takes it" in idle.said, "of one that no flow takes that is said", idle.said)
    tap.ok(ended(house) and kept(house, "one") and kept(house, "two"), "which hinders nobody")
    run = next(run for run in house.json("runs") if run["flow"] == "one")
    shown = house.json("show", str(run["number"]))
    tap.same((shown["event"]["pin"], shown["steps"][0]["inputs"]["text"]), ({"sealed": "trigger.pin"}, {"sealed": "trigger.pin"}), "what is shown of it is that it is sealed")

    done = piped(house, CANARY, "press", "start", "--secret", "pin", "--input", "word=w", "--json")
    tap.ok(done.returncode == 0 and ended(house) and kept(house, "one") == CANARY + "\n", "it can come from a pipe", done)
    done = piped(house, f"{CANARY}\n{OTHER}\n", "press", "start", "--secret", "spare", "--secret", "pin", "--json")
    tap.ok(done.returncode == 0 and ended(house) and kept(house, "one") == OTHER + "\n", "two come as lines, in the order of the options", done)
    done = piped(house, CANARY, "run", "one", "--secret", "pin", "--wait")
    tap.ok(done.returncode == 0 and kept(house, "one") == CANARY + "\n", "a flow by hand takes it, too", done)
    number = str(house.json("runs")[0]["number"])
    done = house.hostler("resubmit", number, "--wait")
    tap.ok(done.returncode == 0 and kept(house, "one") == CANARY + "\n", "a run that is begun again has what was typed for the first", done)
    done = house.hostler("run", "one", "--from", number, "--wait")
    tap.ok(done.returncode == 0 and kept(house, "one") == CANARY + "\n", "so has one that takes its event", done)
    kept(house, "two")
    done = house.hostler("run", "two", "--from", number, "--wait")
    tap.ok(done.returncode == 1 and "SecretUnusable" in done.stdout and kept(house, "two") is None, "what was not sealed for a flow is of no use to it", done)
    done = piped(house, OTHER, "resubmit", number, "--secret", "pin", "--wait")
    tap.ok(done.returncode == 0 and kept(house, "one") == OTHER + "\n", "another one can be typed instead", done)
    tap.same(house.hostler("press", "idle", "--wait").returncode, 0, "what no flow takes is not asked for")

    runs = len(house.json("runs"))
    for words, given, wanted in (
            (("press", "start"), "", "say --secret pin"),
            (("run", "one"), "", "say --secret pin"),
            (("press", "start", "--input", "pin=plain-8261"), "", "say --secret pin instead"),
            (("run", "one", "--event", "event.json"), "", "say --secret pin instead"),
            (("resubmit", number, "--input", "pin=plain-8261"), "", "say --secret pin instead"),
            (("press", "start", "--secret", "word"), CANARY, "start has no secret input of that name; it has pin, spare"),
            (("press", "start", "--secret", "pin", "--secret", "pin"), CANARY, "given twice"),
            (("press", "start", "--secret", "pin"), "", "cannot be empty"),
            (("press", "start", "--secret", "pin", "--secret", "spare"), CANARY, "cannot be empty"),
            (("run", "one", "--event", "-", "--secret", "pin"), "{}", "--event FILE")):
        house.write("event.json", '{"pin":"plain-8261"}')
        done = piped(house, given, *words)
        tap.ok(done.returncode == 2 and wanted in done.stderr and CANARY not in done.stderr, f"{' '.join(words)}: {wanted}", done)
    os.remove(house.path("event.json"))
    tap.same(len(house.json("runs")), runs, "nothing of that has started a run")
    house.down()
    kept(house, "two")
    tap.same(holding(house, CANARY) + holding(house, OTHER) + holding(house, "plain-8261") + holding(house, EMITTED), ["plugins/trigger/keeper.so"], "nothing that the house has kept can be read for a secret")

tap.end()
