#!/usr/bin/env python3
"""hostler seal and secrets, with a house that was never started: who can open what, and what is said of it."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap

PATIENCE_S = 60
CANARY = "canary-9Zk2"
CONF = """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger start]
plugin = button

[connector orders]
plugin = file
root = orders

[gateway]
name = here
driver = null
strategy = open
accounts = bot1
"""
FLOW = """[flow]
name = note
on = start

[step note]
use = connector:orders.append
input.file = notes.txt
input.text = secret:ledger
"""

DESKTOP = """
[connection bot]
target = device:here
user = bot1
password = secret:bot
"""
ENTER = """[flow]
name = enter
on = start

[step enter]
use = desktop:enter
connection = bot
mode = unattended
input.pin = secret:ledger
secure_outputs = yes
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


def run(*words, given="", where=None):
    return subprocess.run([os.path.join(PROGRAMS, "hostler"), *words], input=given, capture_output=True, text=True, errors="surrogateescape", timeout=PATIENCE_S, check=False,
                          cwd=where or folder, env=environment)


def code(done):
    return json.loads(done.stdout)["error"]["code"]


def checked(state, said, where="note.ini"):
    """Both check and secrets say that the ledger is of no use, and what to do."""
    done = run("check")
    tap.ok(done.returncode == 1 and f"{where}:8: error: the secret" in done.stderr and said.replace("note.ini", where) in done.stderr and
           "hostler seal ledger" in done.stderr and "is fine" not in done.stdout, f"check says that it is {state}, and where it is needed", done)
    tap.same(json.loads(run("secrets", "--json").stdout)[0]["state"], state, "so does secrets")


try:
    os.mkdir(path("orders"))
    write("hostler.ini", CONF)
    write("flows/note.ini", FLOW)
    done = run("seal", "ledger", "--json", given=CANARY)
    tap.ok(done.returncode == 3 and code(done) == "NoOperatorKey", "without keys nothing is sealed", done)
    tap.ok(run("init", "--yes").returncode == 0, "the house has its keys")
    done = run("check")
    tap.ok(done.returncode == 1 and "note.ini:8: error: the secret \"ledger\" was not sealed yet" in done.stderr, "check says what is missing, and where", done)
    done = run("secrets", "--json")
    tap.same([(one["name"], one["state"], one["cannot_open"]) for one in json.loads(done.stdout)], [("ledger", "missing", ["connector/orders"])], "so does secrets")

    done = run("seal", "ledger", given=CANARY + "\n")
    tap.ok(done.returncode == 0 and "can open it:          connector/orders" in done.stderr, "who can open it is said beforehand", done)
    sealed = path("secrets.d", "ledger.seal")
    tap.same(oct(os.stat(sealed).st_mode & 0o777), "0o644", "the sealed file is for everybody to read")
    tap.ok(run("check").returncode == 0, "nothing is missing any more")
    first = open(sealed, encoding="utf-8").read()
    tap.ok(first.startswith("hsl1.") and first.count("\n") == 1 and first.endswith("\n"), "it is one line of armour", first)

    oldest = serial = json.loads(run("secrets", "--json").stdout)[0]["serial"]
    done = json.loads(run("seal", "ledger", "--json", given=CANARY).stdout)
    tap.same((done["serial"] > serial, done["can_open"], done["cannot_open"], done["sinks"]), (True, ["connector/orders"], [], ["connector/orders.append.text"]),
             "sealed again it has a higher number")
    serial = done["serial"]
    done = json.loads(run("seal", "ledger", "--again", "--json").stdout)
    tap.ok(serial < done["serial"] <= max(serial + 1, time.time()), "what is sealed is sealed again without being asked for", done)
    serial = done["serial"]
    listed = json.loads(run("secrets", "--json").stdout)[0]
    tap.same((listed["state"], listed["serial"], listed["can_open"], listed["by"]),
             ("ready", serial, ["connector/orders", "operator/" + listed["by"].split("/")[1]], listed["by"]), "secrets says who can open it")
    tap.ok("ledger" in run("secrets").stdout, "for people too")
    done = run("secrets", "exposed", "--gateway", "ts-01", "--json")
    tap.ok(done.returncode == 2 and code(done) == "NotFound", "of a gateway that never was nobody says that it knows nothing", done)
    done = run("secrets", "exposed", "--gateway", "heer")
    tap.ok(done.returncode == 2 and "did you mean here?" in done.stderr, "the one that was meant is said", done)
    tap.same(json.loads(run("secrets", "exposed", "--gateway", "here", "--json").stdout), [], "the gateway there is has it not")
    done = run("secrets", "--gateway", "here")
    tap.ok(done.returncode == 2 and "hostler secrets exposed" in done.stderr, "a gateway without exposed is a mistake", done)
    tap.ok(run("secrets", "exposed").returncode == 2 and run("secrets", "nonsense").returncode == 2, "words that are no use are refused")

    write("flows/more.ini", FLOW.replace("name = note", "name = more").replace("append", "write"))
    listed = json.loads(run("secrets", "--json").stdout)[0]
    tap.same((listed["state"], listed["cannot_open"], len(listed["uses"])), ("incomplete", ["connector/orders"], 2), "another place is another matter")
    done = json.loads(run("seal", "ledger", "--again", "--json").stdout)
    tap.same(sorted(done["sinks"]), ["connector/orders.append.text", "connector/orders.write.text"], "sealing again is for both")
    tap.same(json.loads(run("secrets", "--json").stdout)[0]["state"], "ready", "and then it is in order")

    for words, given, wanted in (
            (("seal", "ledgr"), CANARY, "did you mean ledger?"),
            (("seal", "Ledger"), CANARY, "cannot be the name of a secret"),
            (("seal", "ledger"), "", "cannot be empty"),
            (("seal", "ledger"), "\r\n", "cannot be empty"),
            (("seal", "ledger"), CANARY + "\udcff", "a text in UTF-8"),
            (("seal", "other", "--again", "--for", "connector/orders.x"), "", "leave --again out"),
            (("seal", "other", "--for", "nonsense"), CANARY, "say SINK=MEMBER"),
            (("seal", "other", "--for", "connection/bot.password=gateway/ts-01"), CANARY, "gateway/ts-01 has no key in this house yet")):
        done = run(*words, given=given)
        tap.ok(done.returncode in (1, 2) and wanted in done.stderr and CANARY not in done.stdout + done.stderr, f"{' '.join(words)}: {wanted}", done)
    with open(sealed, "w", encoding="utf-8") as file:
        file.write(first)
    while time.time() < oldest + 2:
        run("secrets")
    for words in (("--again",), ()):
        asked = int(time.time())
        done = json.loads(run("seal", "ledger", "--json", *words, given=CANARY).stdout)
        tap.ok(done["serial"] >= asked, "where an older one was put back the new one is higher than all there were", done)
        with open(sealed, "w", encoding="utf-8") as file:
            file.write(first)

    checked("incomplete", 'note.ini:8: error: the secret "ledger" cannot be opened by connector/orders for connector/orders.write.text; `hostler seal ledger --again`',
            where="more.ini")
    done = run("seal", "ledger", given="0x7\r\n")
    tap.ok(done.returncode == 0 and "warning: this secret has under 4 bytes" in done.stderr, "of a short one it is said that nobody looks for it", done)
    right = base64.urlsafe_b64decode(first[5:].strip() + "==")
    write("secrets.d/ledger.seal", "hsl1." + base64.urlsafe_b64encode(right[:-9] + bytes([right[-9] ^ 1]) + right[-8:]).decode().rstrip("=") + "\n")
    checked("refused", "or was changed since; `hostler seal ledger`, said by an operator")
    write("secrets.d/ledger.seal", first)
    os.chmod(sealed, 0o600 if os.geteuid() == 0 else 0)
    done = run("check")
    tap.ok(done.returncode == 1 and "note.ini:8: error" in done.stderr and "its owner has to let everybody read it" in done.stderr, "check says that the house cannot read it", done)
    os.chmod(sealed, 0o644)
    with open(sealed, "a", encoding="utf-8") as file:
        file.write("x")
    checked("damaged", "is no sealed secret")
    done = run("seal", "ledger", "--again")
    tap.ok(done.returncode == 1 and "is no sealed secret" in done.stderr and "leave --again out" in done.stderr, "nobody can open it again", done)
    asked = int(time.time())
    done = run("seal", "ledger", "--json", given=CANARY)
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["serial"] >= asked and "kept as " in done.stderr, "it is sealed anew", done)
    tap.same(open(sealed + ".damaged", encoding="utf-8").read(), first + "x", "and what was there is kept")
    tap.same(json.loads(run("secrets", "--json").stdout)[0]["state"], "ready", "all is in order again")
    shutil.copy(sealed, path("secrets.d", "other.seal"))
    done = run("seal", "other", "--again", "--for", "connector/orders.append.text", "--to", path("secrets.d", "other.seal"))
    tap.ok(done.returncode == 1 and "has \"ledger\" in it" in done.stderr, "a file of another name is not taken for this one", done)
    os.remove(path("secrets.d", "other.seal"))
    with open(sealed, "w", encoding="utf-8") as file:
        file.write(first)

    write("desktop-flows/enter/desktop-flow.ini", "[desktop-flow]\nname = enter\nversion = 1\nrun = true\n[input pin]\ntype = secret\n"
                                                  "[output code]\ntype = secret\n")
    write("hostler.ini", CONF.replace("flows = flows/*.ini", "flows = flows/*.ini\ndesktop_flows = desktop-flows/*/desktop-flow.ini") + DESKTOP)
    write("flows/enter.ini", ENTER)
    listed = {one["name"]: one for one in json.loads(run("secrets", "--json").stdout)}
    tap.same((sorted(listed["ledger"]["cannot_open"]), listed["bot"]["state"], listed["bot"]["cannot_open"]), (["connector/orders", "gateway/here"], "missing", ["gateway/here"]),
             "a desktop flow and a sign-in need the gateway that may get the run")
    done = json.loads(run("seal", "ledger", "--again", "--json").stdout)
    tap.same((sorted(done["can_open"]), "desktop/enter.pin" in done["sinks"]), (["connector/orders", "gateway/here"], True), "sealed again it is for the gateway, too")
    done = json.loads(run("seal", "bot", "--json", given=CANARY).stdout)
    tap.same((done["can_open"], done["sinks"]), (["gateway/here"], ["connection/bot.password"]), "a password is for the gateway alone")
    tap.same(run("desktop", "push", "-y", "enter").returncode, 0, "the desktop flow is signed")
    done = run("check")
    tap.ok(done.returncode == 0, "and nothing is missing", done)
    os.remove(path("flows/enter.ini"))
    tap.same(run("seal", "ledger", "--again").returncode, 0, "nobody needs it on the gateway any more")
    listed = {one["name"]: one for one in json.loads(run("secrets", "--json").stdout)}["ledger"]
    tap.ok("gateway/here" in listed["could_open"] and "gateway/here" not in listed["can_open"], "so it cannot open it any more, but could before", listed)
    tap.ok("gateway/here " in open(path("secrets.d", "ledger.knew"), encoding="utf-8").read(), "which is written down")
    run("seal", "ledger", "--again")
    done = run("secrets", "exposed", "--gateway", "here")
    tap.ok("here knows it from before" in done.stdout and "bot: change it" in done.stdout, "a value that was kept is known to who knew it", done)
    write("secrets.d/ledger.knew", "gateway/here")
    done = run("secrets", "exposed", "--gateway", "here")
    tap.ok(done.returncode == 1 and "nobody can say whether here knows it" in done.stderr, "where that cannot be read nobody is let off", done)
    done = run("seal", "ledger", "--again")
    tap.ok(done.returncode == 2 and "a line reads" in done.stderr and open(path("secrets.d", "ledger.knew"), encoding="utf-8").read() == "gateway/here",
           "nor is it written over", done)
    os.remove(path("secrets.d", "ledger.knew"))
    write("flows/more.ini", FLOW.replace("name = note", "name = more"))
    write("flows/enter.ini", ENTER)
    run("seal", "ledger", "--again")
    os.remove(path("flows/enter.ini"))
    done = run("seal", "ledger", given=CANARY)
    tap.ok(done.returncode == 0 and "who knew it still knows it" in done.stderr, "who types the same value is told that it is the same", done)
    done = run("secrets", "exposed", "--gateway", "here")
    tap.ok("here knows it from before" in done.stdout, "and it is known as before", done)
    shown = run("secrets").stdout
    tap.same((len([one for one in json.loads(run("secrets", "--json").stdout) if one["name"] == "ledger"][0]["uses"]), shown.count("connector/orders.append.text")),
             (2, 1), "a place that is named twice is shown once")
    tap.same(run("seal", "ledger", given=CANARY + "-new").returncode, 0, "another value is sealed")
    done = run("secrets", "exposed", "--gateway", "here")
    tap.ok("ledger" not in done.stdout and not os.path.exists(path("secrets.d", "ledger.knew")), "which it does not know", done)

    away = tempfile.mkdtemp(prefix="hostler-test-", dir="/var/tmp")
    try:
        shutil.move(path("hostler.ini"), path("away.ini"))
        shutil.move(path("state"), path("state.away"))
        done = run("seal", "other", "--for", "connector/orders.append.text", "--to", os.path.join(away, "o.seal"), "--json", given=CANARY, where=away)
        tap.ok(done.returncode == 0 and json.loads(done.stdout)["can_open"] == ["connector/orders"], "--for needs neither configuration nor house", done)
    finally:
        shutil.rmtree(away)
    found = subprocess.run(["grep", "-rlF", CANARY, folder], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    tap.ok(not found.stdout, "the secret is in no file", found.stdout)
finally:
    shutil.rmtree(folder)
tap.end()
