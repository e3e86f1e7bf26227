#!/usr/bin/env python3
"""Secrets of desktop flows and of sign-ins: opened in the session process, sealed there, and found nowhere else."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, holding, null_house

tap = Tap()

PIN, CODE, PASSWORD = "canary-3c81-pin", "canary-a0f7-number", "canary-66de-password"
PACKAGE = """[desktop-flow]
name = enter
version = 1
run = sh $HOSTLER_PACKAGE/run.sh
screenshots = none

[input order]
type = text

[input pin]
type = secret

[output code]
type = secret

[output length]
type = integer
"""
# It keeps what others could see of it, and prints what it must not. The code is put together, so that it stands in no file.
SCRIPT = """tr '\\0' '\\n' </proc/$$/environ >"$HOSTLER_WORK/out/seen"
tr '\\0' '\\n' </proc/$$/cmdline >>"$HOSTLER_WORK/out/seen"
inputs=$(cat)
pin=$(printf '%s' "$inputs" | hostler-event input pin)
printf 'typed %s' "${pin%??}" >&2
hostler-event progress Main "typing $pin"
echo "${pin#"${pin%??}"}, $(printf '%s' "$pin" | base64)"
hostler-event output length ${#pin}
printf 'canary-%s-number' a0f7 | hostler-event output code -
"""
FLOW = """[flow]
name = enter
on = hello

[step enter]
use = desktop:enter
connection = me
mode = unattended
input.order = ${trigger.name}
input.pin = secret:pin

[step keep]
use = connector:out.write
secure_inputs = yes
input.file = code.txt
input.text = code ${enter.code}

[step again]
use = desktop:enter
connection = me
mode = unattended
secure_outputs = yes
input.order = second
input.pin = ${enter.code}
"""
# On a screen of which there are pictures.
LOOK = """[flow]
name = look

[step fail]
use = desktop:fail
connection = eye
mode = unattended
input.pin = secret:pin
"""
FILES = {
    "desktop-flows/fail/desktop-flow.ini": "[desktop-flow]\nname = fail\nversion = 1\nrun = false\n[input pin]\ntype = secret\n",
    "flows/look.ini": LOOK,
    "desktop-flows/enter/desktop-flow.ini": PACKAGE,
    "desktop-flows/enter/run.sh": SCRIPT,
    "flows/hello.ini": FLOW,
    "out/.kept": "",
}
MORE = """password = secret:bot1

[connection eye]
target = device:eye
user = bot1

[connector out]
plugin = file
root = out

[device here]

[device eye]
driver = noting

[driver noting]
plugin = noting
root = {0}
"""
INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))


def seal(house, name, secret):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", name), env=house.environment(), cwd=house.home, input=secret,
                          capture_output=True, text=True, timeout=60, check=False)


def connection(house):
    return next(one for one in house.json("connection", "list") if one["name"] == "me")


def read(house, name):
    with open(house.path(name), encoding="utf-8") as file:
        return file.read()


with null_house(FILES, more=MORE, plugin="sim", driver=f"password = {PASSWORD}") as house:
    shutil.copytree(INSTALLED, house.path("plugins"))
    shutil.copy(os.path.join(TEST_PLUGINS, "noting.so"), house.path("plugins/driver"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    house.write("hostler.ini", read(house, "hostler.ini").replace("listen = none", "listen = none\nplugins = plugins").replace("{0}", house.path("marks")))
    for name in ("out", "marks"):
        os.makedirs(house.path(name), exist_ok=True)
        os.chmod(house.path(name), 0o777)
    house.hostler("init", "--yes")
    tap.same([seal(house, "pin", PIN).returncode, seal(house, "bot1", "mistyped").returncode], [0, 0], "an input and a password are sealed")
    house.up()
    house.hostler("press", "hello", "--input", "name=o-16")
    tap.ok(house.wait(lambda: house.json("show", "last")["state"] == "failed", 20), "a desktop flow that is not signed is given no secrets")
    refused = house.json("show", "last")["steps"][0]
    tap.same((refused["reason"]["code"], "`hostler desktop push enter`" in refused["reason"]["text"], refused["progress"]), ("PackageUnsigned", True, None),
             "and not begun; the reason says what to do")
    tap.same(house.hostler("desktop", "push", "-y", "enter").returncode, 0, "it is signed")
    house.hostler("press", "hello", "--input", "name=o-17")
    tap.ok(house.wait(lambda: connection(house)["state"] == "blocked", 20), "a wrong password blocks its connection", house.hostler("show", "last").stdout)
    tap.same(connection(house)["blocked"]["reason"]["code"], "SessionCreationInvalidCredentials", "which says so")
    tap.same(seal(house, "bot1", PASSWORD).returncode, 0, "the right one is sealed")
    house.hostler("connection", "unblock", "me")
    tap.ok(house.wait(lambda: house.json("show", "last")["state"] in ("succeeded", "failed"), 20), "the run goes on with that", house.hostler("show", "last").stdout, house.said())
    shown = house.json("show", "last")
    steps = {step["name"]: step for step in shown["steps"]}
    tap.same(shown["state"], "succeeded", "a desktop flow has secrets, and makes some")
    tap.same((steps["enter"]["inputs"]["pin"], steps["enter"]["outputs"]), ({"sealed": "pin"}, {"code": {"sealed": "enter.code"}, "length": len(PIN)}),
             "of which nothing is shown")
    tap.ok(house.wait(lambda: house.json("desktop", "list")[0]["gateways"] == ["here"], 20), "the gateway has a copy of it", house.json("desktop", "list"))
    tap.same(read(house, "out/code.txt"), f"code {CODE}", "a connector uses what it made")
    tap.same((steps["again"]["inputs"]["pin"], steps["again"]["outputs"]),
             ({"sealed": "enter.code"}, {"code": {"sealed": "again.code"}, "length": {"sealed": "again.length"}}),
             "and so does another desktop flow, of which every output is secure")
    tap.same([house.hostler("log", f"last/{name}").stdout for name in ("enter", "again")], ["typed [secret], [secret]\n"] * 2,
             "what it prints is without them, in pieces and encoded")
    tap.same(steps["enter"]["progress"]["action"], "typing [secret]", "and so is what it says")
    seen = read(house, f"state/files/{shown['id']}/enter/out/seen").splitlines()
    tap.same([line for line in seen if line.startswith("HOSTLER_INPUT_")], ["HOSTLER_INPUT_ORDER=o-17"], "what is no secret is in its environment, as ever")
    house.hostler("desktop", "push", "-y", "fail")
    tap.same(house.hostler("run", "look", "--wait").returncode, 1, "a flow fails, on a screen that may show its secret")
    step = house.json("show", "last:look")["steps"][0]
    picture = next(file for file in step["files"] if file["name"].startswith("screenshots/"))
    tap.same(picture["name"], "screenshots/error.png.sealed", "the picture of that says by its name that it is sealed")
    with open(picture["path"], "rb") as file:
        tap.same(file.read(4), b"HSE1", "and so it is where it is kept")
    tap.ok("error.png.sealed (`hostler get` opens it" in house.hostler("show", "last:look").stdout, "show says what opens it")
    done = house.hostler("get", "last:look/fail", "screenshots/error.png", "-o", house.path("error.png"))
    tap.same(os.stat(house.path("error.png")).st_mode & 0o777, 0o600, "what was sealed is written for its reader alone")
    tap.same((done.returncode, read(house, "error.png")), (0, "PNG"), "which it does where the operator's key is")
    new = house.json("operator", "new", "grace", "--may", "look", "--yes")
    done = subprocess.run(house.command("hostler", "-c", house.ini, "get", "last:look/fail", "screenshots/error.png", "-o", "her.png"), cwd=house.home,
                          env={**house.environment(), "HOSTLER_KEY": house.path(new["file"])}, capture_output=True, text=True, timeout=60, check=False)
    tap.ok(done.returncode == 1 and "is sealed to operator/" in done.stderr and "that of none of them" in done.stderr and "the right \"admin\" alone" in done.stderr,
           "an operator who was let in later hears whom to ask", done)

    def again():
        """The files as they are now, and a run."""
        return house.hostler("reload").returncode, house.hostler("press", "hello", "--input", "name=o-18", "--wait").returncode

    tap.same(house.hostler("desktop", "pin", "enter").returncode, 0, "a house can be told to keep to the files as they are")
    house.write("desktop-flows/enter/run.sh", "exit 3\n")
    tap.same(again(), (0, 0), "so that others in the folder are not used")
    tap.same((house.hostler("desktop", "push", "-y", "enter").returncode, again()), (0, (0, 1)), "until they are signed")
    tap.same(house.json("show", "last")["steps"][0]["reason"]["code"], "FlowFailed", "and then they are")
    house.down()
    tap.same([holding(house, secret) for secret in (PIN, CODE, PASSWORD)], [[], ["out/code.txt"], ["hostler.ini"]],
             "nothing that the house has written can be read for them")
tap.end()
