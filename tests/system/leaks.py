#!/usr/bin/env python3
"""The search for canaries finds what it looks for: programs that leak in one way after the other (tests/leak/leak.h), and what is found
then is that leak, where it had to be found. While none is open nothing is found."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from canaries import Canary
from canary_house import CanaryHouse
from canary_hunt import Beat, Hunt
from house import PROGRAMS, SOURCE, Tap

LEAKING = os.environ.get("HOSTLER_LEAK_PROGRAMS", "")
OTHERS = ("engine", "gateway/here")
FLOW = """[flow]
name = {name}

[step find]
use = connector:vault.read
secure_outputs = yes
input.file = leak

[step it]
on_lost = fail
{lines}
"""
GREET = """
[step greet]
use = desktop:greet
connection = me
mode = unattended
input.name = somebody
"""
# Who is given it: what ends there in the way that shows the leak.
FLOWS = {
    "write": "use = connector:out.write\nsecure_inputs = yes\ninput.file = leak\ninput.text = ${find.text}",
    "say": "use = connector:gossip.say\ninput.pin = ${find.text}",
    "die": "use = connector:martyr.die\ninput.pin = ${find.text}",
    "run": "use = connector:program.run\ninput.pin = ${find.text}\ninput.gate = none",
    "greet": "use = connector:out.write\nsecure_inputs = yes\ninput.file = leak\ninput.text = ${find.text}\n" + GREET,
}
FLOWS["show"] = ("use = desktop:talk\nconnection = me\nmode = unattended\ninput.pin = ${find.text}\ninput.gate = HOME/door\n"
                 "input.token = HOME/vault/output")
# Which leak, with what flow, and the places that it must be found at, besides others: patterns, and the encoding.
PLANTED = {
    "log": ("write", "hostlerd.log", "raw"),
    "encoded": ("write", "hostlerd.log", "base64url"),
    "error": ("say", "state/store/hostler.db", "raw"),
    "crash": ("die", "state/children|hostlerd.log", "raw"),
    # Of a program that does not live long it is seen in what it was started with, if not in itself.
    "environment": ("run", "environ of |was started with", "raw"),
    "argument": ("run", "cmdline of |was started with", "raw"),
    "temporary": ("write", "^/tmp/hostler-leak-", "hex"),
    "message": ("write", "memory of engine", "JSON"),
    "name": ("write", "state/store/hostler.db", "URL"),
    "journal": ("greet", "/journal", "UTF-16LE"),
    "memory": ("greet", "memory of gateway/here", "raw"),
    "vanishing": ("write", "written by engine", "JSON"),
    "picture": ("show", "state/files/.*/screenshots/", "raw"),
}
OPTIONS = ("trigger-option", "connector-option", "keyring", "password")
MAY_KNOW = ("worker/connector/vault", "worker/connector/out", "worker/connector/gossip", "worker/connector/martyr", "worker/connector/program",
            "session/hold")
MAY_HAVE = ("vault/leak", "out/leak", "programs/spilled", "screen")

tap = Tap()


class LeakingHouse(CanaryHouse):
    def __init__(self):
        super().__init__()
        shutil.copytree(os.path.dirname(PROGRAMS), self.path("programs"), symlinks=True, dirs_exist_ok=True)
        for program in glob.glob(os.path.join(LEAKING, "hostler-*")):
            if not program.endswith(".o"):
                shutil.copy(program, self.path("programs/bin"))
        self.write("programs/leak", "")
        self.write("programs/spilled", "", 0o666)
        for path in glob.glob(self.path("flows/*")):
            os.remove(path)
        for name, lines in FLOWS.items():
            self.write(f"flows/{name}.ini", FLOW.format(name=name, lines=lines.replace("HOME", self.home)))
        self.write("programs/talk/run.py", "import hostler, time\npin = hostler.inputs()['pin']\ntime.sleep(0.3)\n")
        self.copy("conf/desktop-flows/greet", "desktop-flows/greet")

    def command(self, *words):
        line = super().command(*words)
        at = line.index(os.path.join(PROGRAMS, words[0]))
        return [*line[:at], self.path(f"programs/bin/{words[0]}"), *line[at + 1:]]


def round_with(house, leak, flow):
    """{PLACE: encodings} of this round's canary, and what became of the run."""
    canary = Canary(f"{leak} {flow}")
    house.canaries[canary.name] = canary
    house.write("vault/leak", canary.text)
    house.write("programs/spilled", "", 0o666)
    house.write("programs/leak", leak)
    hunt = Hunt(house, house.canaries.values(), {name: {canary.name} for name in MAY_KNOW}, {name: {canary.name} for name in MAY_HAVE})
    with Beat(hunt, OTHERS):
        done = house.hostler("run", flow, "--wait")
        hunt.memory("afterwards", OTHERS)
    hunt.files("afterwards")
    hunt.sent(house.tracing, house.seen)
    found = {place: names[canary.name] for place, names in hunt.finds.items() if canary.name in names}
    for path in glob.glob("/tmp/hostler-leak-*"):
        if f"{path}, afterwards" in found:
            os.remove(path)
    return found, done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory(prefix="hostler-canary-", dir="/var/tmp") as aside, LeakingHouse() as house:
        house.prepare(OPTIONS, ("talk",))
        house.write("door", "")
        house.tracing = aside
        house.up()
        for flow in FLOWS:
            found, said = round_with(house, "none", flow)
            tap.ok(not found, f"while nothing leaks nothing is found: {flow}", found, said)
        for leak, (flow, place, encoding) in PLANTED.items():
            found, said = round_with(house, leak, flow)
            tap.ok(any(re.search(place, at) and encoding in encodings for at, encodings in found.items()), f"the leak \"{leak}\" is found", found, said)


if not LEAKING or not os.path.exists(os.path.join(LEAKING, "hostler-worker")):
    tap.skip("leaks are found", "HOSTLER_LEAK_PROGRAMS does not say where the programs are that leak; `make check` does")
elif os.geteuid() != 0 or not shutil.which("strace") or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
    tap.skip("leaks are found", "it takes root and strace, which can look into other processes")
else:
    with open(os.path.join(SOURCE, "tests/leak/leak.h"), encoding="utf-8") as file:
        tap.same(set(re.findall(r"LEAK\((\w+), \"", file.read())), set(PLANTED), "each leak that there is has its round")
    main()
tap.end()
