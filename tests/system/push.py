#!/usr/bin/env python3
"""hostler desktop: what is signed, what has changed since, and which files a house keeps to."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap

PATIENCE_S = 60
CONF = """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[trigger start]
plugin = button

[gateway]
name = here
driver = null
strategy = open
accounts = bot1

[connection bot]
target = device:here
user = bot1
"""
FLOW = """[flow]
name = enter
on = start

[step enter]
use = desktop:enter
connection = bot
mode = unattended
input.pin = secret:ledger

[step tell]
use = desktop:tell
connection = bot
mode = unattended
input.text = done
"""
ENTER = """[desktop-flow]
name = enter
version = 1.4
run = sh $HOSTLER_PACKAGE/enter.sh
[input pin]
type = secret
"""
TELL = """[desktop-flow]
name = tell
run = true
[input text]
type = text
"""

tap = Tap()
folder = tempfile.mkdtemp(prefix="hostler-test-", dir="/var/tmp")
environment = {**os.environ, "HOME": folder}
environment.pop("HOSTLER_KEY", None)
environment.pop("SUDO_USER", None)


def path(*names):
    return os.path.join(folder, *names)


def write(name, text):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)


def run(*words, key=None):
    return subprocess.run([os.path.join(PROGRAMS, "hostler"), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S,
                          check=False, cwd=folder, env={**environment, **({"HOSTLER_KEY": path(key)} if key else {})})


def answer(*words):
    return json.loads(run(*words, "--json").stdout)


def listed(name="enter"):
    return {one["name"]: one for one in answer("desktop", "list")}[name]


def complaint():
    return [line for line in run("check").stderr.splitlines() if "desktop push" in line]


try:
    write("hostler.ini", CONF)
    write("flows/enter.ini", FLOW)
    write("desktop-flows/enter/desktop-flow.ini", ENTER)
    write("desktop-flows/enter/enter.sh", "exit 0\n")
    write("desktop-flows/tell/desktop-flow.ini", TELL)
    tap.same(listed()["state"], "unsigned", "what is there can be listed before there are keys")
    done = run("desktop", "push", "-y", "enter", "--json")
    tap.ok(done.returncode == 3 and "NoOperatorKey" in done.stdout, "and not signed", done)
    tap.ok(run("init", "--yes").returncode == 0, "the house has its keys")
    found = complaint()
    tap.ok(len(found) == 1 and 'enter.ini:6: error: the desktop flow "enter" is not signed; `hostler desktop push enter`' in found[0],
           "check says which step needs a signature, and that one alone", found)

    for words in (), ("--json",):
        done = run("desktop", "push", "enter", *words)
        tap.ok(done.returncode == 2 and "desktop push -y enter" in done.stdout + done.stderr and listed()["state"] == "unsigned", "who cannot be asked has to say yes", done)
    done = run("desktop", "push", "-y", "enter")
    tap.ok(done.returncode == 0 and "It was not signed before." in done.stderr and "signed enter, version 1.4" in done.stdout, "a package is signed", done)
    first = listed()
    tap.ok(first["state"] == "signed" and first["by"] and first["digest"] in " ".join(os.listdir(path("packages.d/enter"))), "list says by whom", first)
    tap.same([(use["flow"], use["step"], use["line"], use["secrets"]) for use in first["uses"]], [("enter", "enter", 6, True)], "and where it is used")
    tap.same(complaint(), [], "check has nothing more to say of it")
    again = answer("desktop", "push", "-y", "enter")
    tap.same((again["new"], again["digest"]), (False, first["digest"]), "signed twice it stays as it is")

    write("desktop-flows/enter/enter.sh", "exit 1\n")
    write("desktop-flows/enter/more.txt", "more\n")
    tap.same(listed()["state"], "changed", "a changed file makes it another package")
    found = complaint()
    tap.ok(len(found) == 1 and "enter.ini:6: error: the desktop flow \"enter\" was changed since" in found[0], "of which check says so", found)
    pushed = answer("desktop", "push", "-y", "./desktop-flows/enter")
    tap.same((pushed["added"], pushed["changed"], pushed["removed"]), (["more.txt"], ["enter.sh"], []), "push says what has changed")
    os.chmod(path("desktop-flows/enter/more.txt"), 0o755)
    tap.same(listed()["state"], "changed", "so does what may be executed")
    os.chmod(path("desktop-flows/enter/more.txt"), 0o644)
    tap.same(listed()["state"], "signed", "as it was it is signed again")

    tap.ok("enter\n" in run("--complete", "desktop", "push", "").stdout and "tell\n" in run("--complete", "desktop", "pin", "t").stdout, "names can be completed")

    for words, status, wanted in (
            (("push", "entre"), 2, 'did you mean "enter"?'), (("push", "./nowhere"), 2, "is no folder with a desktop flow"),
            (("pin", "enter@7"), 2, 'no copy of "enter" with version "7"'), (("pin", "enter", "--off"), 2, "is not pinned"),
            (("show", "nothing"), 2, "there is no desktop flow"), (("psuh", "enter"), 2, 'did you mean "desktop push"?'), (("show",), 2, "needs NAME")):
        done = run("desktop", *words)
        tap.ok(done.returncode == status and wanted in done.stderr, f"desktop {' '.join(words)}: {wanted}", done)

    pinned = answer("desktop", "pin", "enter@" + first["digest"][:8])
    tap.same((pinned["digest"], listed()["digest"], listed()["pinned"], listed()["state"]), (first["digest"], first["digest"], True, "signed"),
             "the house keeps to an earlier one")
    write("desktop-flows/enter/desktop-flow.ini", "half writ")
    tap.ok(not complaint() and "half" not in run("check").stderr, "what is in its folder does not matter then", run("check"))
    done = run("desktop", "push", "-y", "enter")
    tap.ok(done.returncode == 2 and "desktop-flow.ini:1: error" in done.stderr, "but cannot be pushed", done)
    write("desktop-flows/enter/desktop-flow.ini", ENTER.replace("1.4", "1.5"))
    pushed = answer("desktop", "push", "-y", "enter")
    tap.same((pushed["pinned"], listed()["digest"], listed()["version"]), (True, pushed["digest"], "1.5"), "pushing moves the pin")
    shown = answer("desktop", "show", "enter")
    tap.same(([one["name"] for one in shown["inputs"]], len(shown["files"]), sorted(one["version"] for one in shown["versions"])),
             (["pin"], 3, ["1.4", "1.4", "1.5"]), "show knows all of them")
    tap.ok("pinned" in run("desktop", "show", "enter").stdout, "for people too")
    with open(path("packages.d/enter", pushed["digest"], "enter.sh"), "a", encoding="utf-8") as file:
        file.write("rm -rf /\n")
    done = run("check")
    tap.ok("packages.d/enter/pinned:1: error:" in done.stderr and "`hostler desktop pin enter --off`" in done.stderr, "a copy that was changed is not used", done)
    tap.ok(run("desktop", "pin", "enter", "--off").returncode == 0 and not listed()["pinned"], "the pin is taken off")
    tap.same(listed()["state"], "signed", "the folder is signed all the same")
    tap.ok(answer("desktop", "push", "-y", "enter")["new"] is False and answer("desktop", "pin", "enter@1.5")["pinned"], "and what was spoilt is copied anew")

    signature = path("packages.d/enter", pushed["digest"] + ".signed")
    with open(signature, encoding="utf-8") as file:
        text = file.read()
    with open(signature, "w", encoding="utf-8") as file:
        file.write(text.replace("version 1.5", "version 1.6"))
    tap.same(listed()["state"], "refused", "a signature that was changed is worth nothing")
    found = complaint()
    tap.ok(len(found) == 1 and "is not of the key that" in found[0], "and check says why", found)
    for n in range(5):
        write("desktop-flows/enter/more.txt", f"{n}\n")
        run("desktop", "push", "-y", "enter")
    kept = [name for name in os.listdir(path("packages.d/enter")) if len(name) == 64]
    tap.same(len(kept), 3, "the last three copies are kept")
finally:
    shutil.rmtree(folder)
tap.end()
