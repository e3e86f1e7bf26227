"""A house with a canary on every way that a secret can go, and who may know which of them."""

import json
import os
import resource
import shutil
import subprocess

from canaries import Canary, bytes_of, children_of, threads_of, tree_of
from house import PROGRAMS, House

INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TRACE = ["strace", "-ff", "-v", "-xx", "-s", str(16 << 20), "-e", "signal=none", "-e", "trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg",
         "--seccomp-bpf"]
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))

HOST = """[host]
state_dir = state
run_dir = run
listen = none
plugins = plugins
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here
driver = door
strategy = open
accounts = bot1, bot2

[driver door]
plugin = porter
door = HOME/door
book = HOME/book
screen = HOME/screen

[connection me]
target = device:here
user = bot1
password = secret:password

[connection dying]
target = device:here
user = bot2
password = secret:password

[trigger start]
plugin = button

[trigger idle]
plugin = button

[trigger asking]
plugin = button
input.pin = secret

[trigger telling]
plugin = informer
password = secret:trigger-option
file = vault/event

[trigger herald]
plugin = informer
password = secret:trigger-option
file = vault/emitted
emits = yes

[connector idle]
plugin = file
root = idle

[connector vault]
plugin = file
root = vault

[connector out]
plugin = file
root = out

[connector ring]
plugin = keyring
secret.ledger = secret:keyring

[connector friend]
plugin = confidant
password = secret:connector-option

[connector gossip]
plugin = confidant

[connector martyr]
plugin = confidant

[connector program]
plugin = exec
program = programs/talk/desktop-flow.ini

[connector dying]
plugin = exec
program = programs/die/desktop-flow.ini
"""

PROGRAM = """[desktop-flow]
name = {name}
version = 1
run = python3 $HOSTLER_PACKAGE/run.py
screenshots = none

[input pin]
type = secret
required = yes
[input gate]
type = text
required = yes
[output token]
type = secret
"""
DESKTOP = PROGRAM.replace("screenshots = none", "screenshots = steps").replace("[output token]", """[input token]
type = text
required = yes
[output token]""")
# What a flow does with a secret that it should not: all of its ways to be heard.
TALK = """import base64, os, sys, time
import hostler
given = hostler.inputs()
pin = given["pin"]
while not os.path.exists(given["gate"]):
    time.sleep(0.02)
print("it is", pin, flush=True)
for text in base64.b64encode(b"a" + pin.encode()), pin.encode().hex().upper().encode(), pin.encode("utf-16-le"):
    os.write(1, b"and " + text + b"\\n")
    os.write(2, b"and " + text + b"\\n")
hostler.progress("Main", "Typing " + pin)
hostler.output("token", pin)
"""
# Its window shows what it was given; what it gives back it has found by itself.
DESK = TALK.replace("while not", """with open("HOME/screen", "w") as file:
    file.write(pin)
while not""").replace('hostler.output("token", pin)', 'hostler.output("token", open(given["token"]).read())')
DIE = """import os, signal
import hostler
pin = hostler.inputs()["pin"]
print("the last word is", pin, flush=True)
hostler.error("it was " + pin)
os.kill(os.getpid(), signal.SIGSEGV)
"""

# Flows: what starts them, and their steps as NAME: lines.
FLOWS = {
    "output": ("start", {"find": "use = connector:vault.read\nsecure_outputs = yes\ninput.file = output",
                         "keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = output\ninput.text = ${find.text}"}),
    "template": ("start", {"find": "use = connector:vault.read\nsecure_outputs = yes\ninput.file = piece",
                           "keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = template\ninput.text = user=${find.text}; pass=${find.text}"}),
    "named": ("start", {"keep": "use = connector:out.write\ninput.file = named\ninput.text = secret:named"}),
    "keyring": ("start", {"find": "use = connector:ring.get\ninput.name = ledger",
                          "keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = keyring\ninput.text = ${find.value}"}),
    "used": ("start", {"use": "use = connector:friend.use\ninput.pin = secret:used\ninput.file = HOME/out/used\ninput.gate = HOME/gate"}),
    "event": ("telling", {"use": "use = connector:gossip.use\ninput.pin = ${trigger.token}\ninput.file = HOME/out/event"}),
    "emitted": ("herald", {"keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = emitted\ninput.text = ${trigger.token}"}),
    "typed": ("asking", {"keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = typed\ninput.text = pin=${trigger.pin}"}),
    "error": ("start", {"say": "use = connector:gossip.say\ninput.pin = secret:error"}),
    "crash": ("start", {"die": "use = connector:martyr.die\non_lost = fail\ninput.pin = secret:crash\ninput.gate = HOME/gate"}),
    "program": ("start", {"talk": "use = connector:program.run\ninput.pin = secret:program\ninput.gate = HOME/gate",
                          "keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = program\ninput.text = ${talk.token}"}),
    "dying": ("start", {"die": "use = connector:dying.run\ninput.pin = secret:dying\ninput.gate = none"}),
    "desk": ("start", {"talk": "use = desktop:talk\nconnection = me\nmode = unattended\ninput.pin = secret:desk-input\n"
                               "input.gate = HOME/gate\ninput.token = HOME/vault/desk-output",
                       "keep": "use = connector:out.write\nsecure_inputs = yes\ninput.file = desk\ninput.text = ${talk.token}"}),
    "deskdying": ("start", {"die": "use = desktop:die\nconnection = dying\nmode = unattended\non_lost = fail\ninput.pin = secret:desk-crash\n"
                                   "input.gate = none\ninput.token = none"}),
}
FAILING = {"error", "crash", "dying", "deskdying"}

# Which process may know what, by its name in state/children; everybody else none at all.
KNOWN_TO = {
    "worker/trigger/telling": {"trigger-option", "event"},
    "worker/trigger/herald": {"trigger-option", "emitted"},
    "worker/connector/vault": {"output", "piece"},
    "worker/connector/out": {"output", "piece", "named", "keyring", "typed", "program", "desk-output", "emitted"},
    "worker/connector/ring": {"keyring"},
    "worker/connector/friend": {"connector-option", "used"},
    "worker/connector/gossip": {"event", "error"},
    "worker/connector/martyr": {"crash"},
    "worker/connector/program": {"program"},
    "worker/connector/dying": {"dying"},
    "session/hold": {"password", "desk-input", "desk-output", "desk-crash"},
}
# Files in which one must be, since that is what a step is for, or where it comes from.
FILES = {
    "vault/output": {"output"}, "vault/piece": {"piece"}, "vault/event": {"event"}, "vault/emitted": {"emitted"},
    "out/emitted": {"emitted"}, "vault/desk-output": {"desk-output"},
    "out/output": {"output"}, "out/template": {"piece"}, "out/named": {"named"}, "out/keyring": {"keyring"},
    "out/typed": {"typed"}, "out/used": {"used", "connector-option"}, "out/event": {"event"}, "out/program": {"program"},
    "out/desk": {"desk-output"}, "book": {"password"}, "screen": {"desk-input"},
}
# What stays with a process for as long as it lives, and when all calls are over nothing else: its options.
LASTING = {"worker/trigger/telling": {"trigger-option"}, "worker/trigger/herald": {"trigger-option"},
           "worker/connector/ring": {"keyring"}, "worker/connector/friend": {"connector-option"}}
NAMED = ("trigger-option", "connector-option", "keyring", "named", "used", "error", "crash", "program", "dying",
         "password", "desk-input", "desk-crash")
FOUND = ("output", "piece", "event", "emitted", "desk-output")  # in files of the vault
# Triggers that a secret is typed for, by the name of their input; what "telling" is given it does not use, since it makes its own.
TYPED = {"asking": ("pin", "typed"), "telling": ("token", "ignored")}


def flow_text(name, home):
    on, steps = FLOWS[name]
    return f"[flow]\nname = {name}\non = {on}\n" + "".join(
        f"\n[step {step}]\n{lines}\n" for step, lines in steps.items()).replace("HOME", home)


class CanaryHouse(House):
    """Everything but the start: files, plugins, canaries, sealed where they are to be."""

    def __init__(self):
        self.canaries = {name: Canary(name) for name in (*NAMED, *FOUND, *(canary for _, canary in TYPED.values()))}
        super().__init__({"idle/.kept": "", "out/.kept": ""})
        self.write("hostler.ini", HOST.replace("HOME", self.home))
        for folder in ("out", "vault"):
            os.makedirs(self.path(folder), exist_ok=True)
            os.chmod(self.path(folder), 0o777)
        for name in FLOWS:
            self.write(f"flows/{name}.ini", flow_text(name, self.home))
        for name, script in (("talk", TALK), ("die", DIE)):
            self.write(f"programs/{name}/desktop-flow.ini", PROGRAM.format(name=name))
            self.write(f"programs/{name}/run.py", script)
        for name, script in (("talk", DESK), ("die", DIE)):
            self.write(f"desktop-flows/{name}/desktop-flow.ini", DESKTOP.format(name=name))
            self.write(f"desktop-flows/{name}/run.py", script.replace("HOME", self.home))
        for name in FOUND:
            self.write(f"vault/{name}", self.canaries[name].text)
        shutil.copytree(INSTALLED, self.path("plugins"))
        shutil.copy(os.path.join(TEST_PLUGINS, "confidant.so"), self.path("plugins/connector"))
        shutil.copy(os.path.join(TEST_PLUGINS, "informer.so"), self.path("plugins/trigger"))
        shutil.copy(os.path.join(TEST_PLUGINS, "porter.so"), self.path("plugins/driver"))
        subprocess.run(["chmod", "-R", "go-w,a+rX", self.path("plugins")], check=True)
        self.tracing = None
        self.seen = {}  # process or thread: the name of the process

    def command(self, *words):
        line = super().command(*words)
        return [*TRACE, "-o", os.path.join(self.tracing, "of"), *line] if self.tracing and words[-1] == "up" else line

    def up(self, ready=None):
        """With core images allowed, so that it is the programs that leave none."""
        before = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        try:
            super().up(ready)
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)

    def given(self, canary, *words):
        """What hostler says with a canary on its standard input."""
        done = subprocess.run(self.command("hostler", "-c", self.ini, *words), env=self.environment(), cwd=self.home,
                              input=self.canaries[canary].text, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def must(self, *words):
        done = self.hostler(*words)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def prepare(self, names=NAMED, packages=("talk", "die")):
        """Seals and signs what is to be."""
        self.must("init", "--yes")
        for name in names:
            self.given(name, "seal", name)
        for package in packages:
            self.must("desktop", "push", "-y", package)

    def children(self):
        """{NAME: PID} of the processes that stay, hostlerd and those of sessions included."""
        daemon = self.daemon_pid()
        found = {"hostlerd": daemon}
        with open(self.path("state/children"), encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if not line.startswith("\t") and len(words) > 2 and words[2].isdigit() and int(words[2]) > 1:
                    found[words[0]] = int(words[2])
        for pid in children_of(daemon):
            words = bytes_of(f"/proc/{pid}/cmdline").decode().split("\0")
            if os.path.basename(words[0]) == "hostler-session":
                found[f"session/{words[1]}/{pid}"] = pid
        # What goes to others is sent by threads, which have numbers of their own.
        self.seen.update({thread: name for name, pid in found.items() for thread in threads_of(pid)})
        return found

    def daemon_pid(self):
        """hostlerd is what `hostler up` has become; below a tracer it is that one's child."""
        for pid in tree_of(self.daemon.pid):
            if bytes_of(f"/proc/{pid}/comm").strip() == b"hostlerd":
                return pid
        raise AssertionError(self.said())

    def press(self):
        """Begins all flows."""
        runs = self.json("press", "start")
        for trigger, (name, canary) in TYPED.items():
            runs += json.loads(self.given(canary, "--json", "press", trigger, "--secret", name))
        self.numbers = {run["number"]: run["flow"] for run in runs}

    def numbered(self, flow):
        return next(number for number, name in self.numbers.items() if name == flow)

    def states(self):
        """Of what was begun last."""
        return {run["flow"]: run["state"] for run in self.json("runs") if run["number"] in self.numbers}

    def is_quiet(self):
        """All but the flow that nobody begins, which is over when its file is there."""
        states = self.states()
        return len(states) == len(FLOWS) - 1 and all(state in ("succeeded", "failed") for state in states.values())
