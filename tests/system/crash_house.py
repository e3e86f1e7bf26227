"""A house whose processes can be made to die at a named point, and what must be true of it once it is quiet again."""

import collections
import concurrent.futures
import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

from house import PROGRAMS, SOURCE, House

ARMED = os.environ.get("HOSTLER_CRASH_PROGRAMS", "")
ENDED = {"succeeded", "failed", "cancelled", "timed_out", "expired", "skipped"}
DEATHS_ALLOWED = 3  # of one child before the house is started anew: the fifth in ten minutes would open the breaker

COUNT = """printf '%s %s\\n' "$HOSTLER_RUN" "$HOSTLER_STEP" | dd of=HOME/starts oflag=append conv=notrunc,fsync status=none
hostler-event progress Main Counting
echo "$HOSTLER_RUN has begun"
sleep $HOSTLER_INPUT_SECONDS
hostler-event output done yes
"""

PACKAGE = """[desktop-flow]
name = count
version = 1
run = sh $HOSTLER_PACKAGE/count.sh
timeout = 2m
screenshots = none

[input seconds]
type = text
[output done]
type = text
"""

HOST = """[host]
state_dir = state
run_dir = run
listen = none
plugins = PLUGINS
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here

[device north]
driver = nul
strategy = open
accounts = bot1, bot2, bot3, bot4

[device south]
driver = nul
strategy = open
accounts = bot1, bot2, bot3, bot4

[driver nul]
plugin = null

[cluster pool]
members = north, south

[connection one]
target = cluster:pool
user = bot1

[connection two]
target = cluster:pool
user = bot2

[connection three]
target = device:north
user = bot3

[connection four]
target = cluster:pool
user = bot4

[trigger hello]
plugin = button
input.seconds = text

[trigger beat]
plugin = pulse
times = 1000000
every = 1s

[connector notes]
plugin = file
root = notes
"""

DESKTOP = """[step {name}]
use = desktop:count
connection = {connection}
mode = unattended
input.seconds = {seconds}
"""

# A connector's action that adds a line is not to be repeated, one that reads may be.
NOTE = """[step note]
use = connector:notes.append
input.file = lines
input.text = ${run.id} note
timeout = 20s
"""

READ = """[step read]
use = connector:notes.read
input.file = table
timeout = 20s
"""

FLOWS = {
    "plain": ("on = hello\n", DESKTOP.format(name="it", connection="one", seconds="${trigger.seconds}")),
    "twice": ("", DESKTOP.format(name="first", connection="two", seconds="0.1") +
              DESKTOP.format(name="second", connection="three", seconds="0.3")),
    "mixed": ("", READ + DESKTOP.format(name="it", connection="three", seconds="0.2") + NOTE),
    "again": ("", DESKTOP.format(name="it", connection="one", seconds="0.3") + "on_lost = again\n"),
    "fail": ("", DESKTOP.format(name="it", connection="two", seconds="0.2") + "on_lost = fail\n"),
    # Longer than any outage here: one that ends by itself while nobody can stop it is not stopped, and rightly so.
    "stopped": ("", DESKTOP.format(name="it", connection="four", seconds="20")),
    "notes": ("", READ + NOTE),
    "beats": ("on = beat\n", "[step keep]\nuse = connector:notes.append\ninput.file = beats\n"
                             "input.text = ${trigger.number}\ntimeout = 20s\n"),
}
WORKERS = ("worker/trigger/hello", "worker/trigger/beat", "worker/connector/notes")


def missing():
    """Why the crash test cannot be had here; None: it can."""
    if not ARMED:
        return "HOSTLER_CRASH_PROGRAMS does not say where the programs with crash points are; `make check` does"
    if not os.path.exists(os.path.join(ARMED, "hostlerd")):
        return f"{ARMED} has no programs with crash points"
    return None


def points():
    """Every crash point, as docs/crash-points.md has them."""
    with open(os.path.join(SOURCE, "docs/crash-points.md"), encoding="utf-8") as file:
        return re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", file.read(), re.MULTILINE)


class CrashHouse(House):
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.accepted = {}  # id -> flow
        self.cancelled = set()
        self.known = set()  # runs that were there after the last strike
        self.outcomes = collections.Counter()  # of those that came since
        self.desktop_lost = []  # those of them whose desktop flow nobody knows the end of
        self.deaths = collections.Counter()
        self.lock = threading.Lock()
        super().__init__({})
        self.programs = self.path("programs/bin")
        self.build()

    def build(self):
        stage = os.path.dirname(os.path.realpath(PROGRAMS))
        shutil.copytree(stage, self.path("programs"), symlinks=True)
        for name in os.listdir(ARMED):
            if name.startswith("hostler") and not name.endswith(".o"):
                shutil.copy(os.path.join(ARMED, name), self.programs)
        plugins = self.path("programs/lib/hostler/plugins")
        shutil.copy(os.path.join(ARMED, "../plugins/.libs/pulse.so"), os.path.join(plugins, "trigger/pulse.so"))
        self.write("hostler.ini", HOST.replace("PLUGINS", plugins))
        for name, (head, steps) in FLOWS.items():
            self.write(f"flows/{name}.ini", f"[flow]\nname = {name}\n{head}\n{steps}")
        self.write("desktop-flows/count/desktop-flow.ini", PACKAGE)
        self.write("desktop-flows/count/count.sh", COUNT.replace("HOME", self.home))
        # Started by root, the programs of the house are several users, and each of them writes here.
        for name, text in (("programs/armed", ""), ("programs/seen", ""), ("starts", ""), ("notes/lines", ""), ("notes/beats", ""),
                           ("notes/table", "number,name\n1,one\n")):
            self.write(name, text, 0o666)
        os.chmod(self.path("notes"), 0o777)

    def command(self, *words):
        return [os.path.join(self.programs, words[0]), *words[1:]]

    # Crash points

    def arm(self, *lines):
        """Each line is (point, count, how)."""
        with open(self.path("programs/armed"), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.writelines(f"{point} {count} {how}\n" for point, count, how in lines)

    def fired(self):
        """Of each armed point, who died there; None: nobody has yet."""
        with open(self.path("programs/armed"), encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            words = [line.split() for line in file]
        return {word[0]: int(word[3]) if word[1] == "0" else None for word in words}

    def seen(self):
        with open(self.path("programs/seen"), encoding="utf-8") as file:
            return {line.split()[0] for line in file if " " in line}

    # Processes

    def processes(self):
        """pid -> command line of everything that is of this house: its programs, and what they started."""
        found = {}
        mark = self.home.encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if int(pid) == os.getpid():
                continue
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read()
                with open(f"/proc/{pid}/environ", "rb") as file:
                    ours = mark in file.read() or mark in line or mark in os.readlink(f"/proc/{pid}/exe").encode()
            except OSError:
                continue
            if ours and line:
                found[int(pid)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def of(self, kind):
        """Process ids of a kind: engine, gateway, worker, watch, hold, hostlerd."""
        words = {"watch": "hostler-session watch", "hold": "hostler-session hold", "hostlerd": "hostlerd"}.get(kind, f"hostler-{kind}")
        return [pid for pid, line in self.processes().items() if re.search(rf"(^|/){words}( |$)", line)]

    def kill(self, kind):
        for pid in self.of(kind) if kind != "all" else self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def heal(self):
        """Starts again what nobody else does: the supervisor."""
        if self.daemon and self.daemon.poll() is None:
            return
        if self.daemon:
            self.daemon.wait()
        self.deaths.clear()
        for _ in range(20):
            try:
                self.up(lambda: self.daemon.poll() is None and self.answers())
                return
            except AssertionError:
                time.sleep(0.5)
        raise AssertionError("hostler does not come up again:\n" + self.said()[-4000:])

    def answers(self):
        return self.hostler("devices").returncode == 0

    def anew(self):
        """A supervisor with a short memory: it has not seen any child die yet."""
        if self.daemon and self.daemon.poll() is None:
            self.down()
        self.daemon = None
        self.heal()

    def mind(self, program):
        """A child that dies too often is not started again, which is right and not what is tested here."""
        child = {"engine": "engine", "gateway": "gateway"}.get(program, program)
        if child in ("watch", "hold"):
            return
        if child in ("hostlerd", "all"):
            self.deaths.clear()
            return
        self.deaths[child] += 1
        if self.deaths[child] > DEATHS_ALLOWED:
            self.anew()
            self.deaths[child] = 1

    # Load

    def press(self, flow):
        words = ["press", "hello", "--input", f"seconds={self.chance.choice(['0', '0.1', '0.4'])}"] if flow == "plain" else ["run", flow]
        try:
            done = self.hostler("--json", *words, time_out=40)
        except subprocess.TimeoutExpired:
            return
        if done.returncode != 0:
            return
        for run in json.loads(done.stdout):
            with self.lock:
                self.accepted[run["id"]] = flow
            if flow == "stopped":
                time.sleep(self.chance.choice([0, 0.2, 0.6]))
                self.hostler(self.chance.choice(["cancel", "pause", "stop"]), run["id"])
                self.cancel(run["id"])

    def cancel(self, run):
        """As somebody does who says it again while the host does not answer."""
        for _ in range(30):
            status = self.hostler("cancel", run).returncode
            if status == 0:
                self.cancelled.add(run)
            if status != 3:
                return
            time.sleep(0.3)

    def load(self, n):
        """Presses n runs from two sides at once, whatever becomes of the house meanwhile. Returns what to wait for."""
        flows = [name for name in FLOWS if name != "beats"]
        chosen = [flows[i % len(flows)] if n >= len(flows) else self.chance.choice(flows) for i in range(n)]
        pool = concurrent.futures.ThreadPoolExecutor(2)
        pressed = [pool.submit(self.press, flow) for flow in chosen]
        pool.shutdown(wait=False)
        return pressed

    def aftermath(self, pressed):
        """Nothing more is to happen. What is wrong once the house is quiet again, as sentences."""
        while not all(press.done() for press in pressed):
            self.heal()
            concurrent.futures.wait(pressed, timeout=0.1)
        for press in pressed:
            press.result()
        self.arm()
        return self.settle() + self.wrong()

    # The truth

    def unfinished(self):
        done = self.hostler("--json", "runs", "-n", "200")
        if done.returncode != 0:
            return None
        return [run for run in json.loads(done.stdout) if run["state"] not in ENDED and run["state"] != "lost" and run["flow"] != "beats"]

    def settle(self, seconds=150):
        """Until nothing is under way any more; returns what still is. What a session process of another gateway has left, a gateway
        removes 90 s after it has begun."""
        end = time.monotonic() + seconds
        left = ["the host does not answer"]
        while time.monotonic() < end:
            self.heal()
            unfinished = self.unfinished()
            if unfinished is None:
                continue
            left = [f"{run['id']} ({run['flow']}) is still {run['state']}" for run in unfinished] or self.remains()
            if not left:
                return []
            time.sleep(0.05)
        return left

    def remains(self):
        """What a house at rest does not have: folders of sessions, flows, holds beyond the spare of each device."""
        left = []
        for folder in ("state/notes", "state/work", "run/sessions", "state/gateway/results"):
            if os.path.isdir(self.path(folder)):
                left += [f"{folder}/{name} is left" for name in os.listdir(self.path(folder))]
        counted = collections.Counter()
        for pid, line in self.processes().items():
            kind = re.search(r"(hostlerd|hostler-engine|hostler-gateway|hostler-worker|hostler-session (?:watch|hold))( |$)", line)
            counted[kind.group(1) if kind else f"{pid} {line}"] += 1
        wanted = {"hostlerd": 1, "hostler-engine": 1, "hostler-gateway": 1, "hostler-worker": len(WORKERS), "hostler-session watch": 2,
                  "hostler-session hold": 2}
        left += [f"process {name} is there {counted[name]} times, not {wanted.get(name, 0)}" for name in sorted({*counted, *wanted})
                 if counted[name] != wanted.get(name, 0)]
        done = self.hostler("--json", "devices")
        if done.returncode != 0:
            return left + ["the host does not answer"]
        for device in json.loads(done.stdout):
            if device["state"] != "online" or device["sessions"]:
                left.append(f"device {device['name']} is {device['state']} with sessions {device['sessions']}")
        return left

    def wrong(self):
        """Everything that is not as it must be, as sentences. The trigger goes on while they are made, so they speak of one moment."""
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.closing(sqlite3.connect(self.copy_store(folder))) as store:
                return self.wrong_in(lambda query: store.execute(query).fetchall())

    def copy_store(self, folder):
        """The engine lets nobody else look into its store, so this is a copy; made anew if its log began anew meanwhile."""
        store, copy = self.path("state/store/hostler.db"), os.path.join(folder, "hostler.db")
        for _ in range(100):
            log = read(store + "-wal")
            shutil.copy(store, copy)
            if read(store + "-wal")[:32] == log[:32]:
                with open(copy + "-wal", "wb") as file:
                    file.write(log)
                return copy
        raise AssertionError("the store does not hold still")

    def wrong_in(self, rows):
        wrong = []
        runs = {row[0]: row[1:] for row in rows("SELECT id, number, flow, state, reason FROM run")}
        before = self.known
        self.outcomes = collections.Counter(state for run, (_, flow, state, _) in runs.items() if flow != "beats" and run not in before)
        self.known = set(runs)
        self.desktop_lost = [f"{run} ({flow})" for run, flow in rows(
            "SELECT run.id, run.flow FROM run JOIN step ON step.run = run.number WHERE step.\"use\" LIKE 'desktop:%' AND "
            "(step.state = 'lost' OR step.reason = 'OutcomeUnknown')") if run not in before]
        for run, flow in self.accepted.items():
            if run not in runs:
                wrong.append(f"{run} ({flow}) was accepted and is forgotten")
        for run, (number, flow, state, reason) in runs.items():
            if flow == "beats" and state == "running":
                continue
            if state not in ENDED and state != "lost":
                wrong.append(f"{run} ({flow}) neither ended nor is lost: {state}")
            elif state == "succeeded" and run in self.cancelled:
                wrong.append(f"{run} ({flow}) was cancelled, that was answered, and it went on to its end")
            elif state != "succeeded" and not reason:
                wrong.append(f"{run} ({flow}) is {state} and nobody knows why")
        return wrong + self.doubled(rows, runs) + self.unexplained(rows)

    def doubled(self, rows, runs):
        wrong = []
        for name in ("starts", "notes/lines"):
            with open(self.path(name), encoding="utf-8") as file:
                counted = collections.Counter(line.strip() for line in file)
            wrong += [f"{what} was started {n} times" for what, n in counted.items()
                      if n > 1 and runs.get(what.split()[0], (0, ""))[1] != "again"]
            wrong += [f"{what} was started, and its run is unknown" for what in counted if what.split()[0] not in runs]
        with open(self.path("notes/beats"), encoding="utf-8") as file:
            kept = collections.Counter(line.strip() for line in file)
        wrong += [f"event {number} was kept {n} times" for number, n in kept.items() if n > 1]
        emitted = collections.Counter(json.loads(row[0])["number"] for row in rows("SELECT event FROM run WHERE flow = 'beats'"))
        wrong += [f"event {number} made {n} runs" for number, n in emitted.items() if n > 1]
        wrong += [f"event {number} was passed over" for number in range(1, max(emitted, default=0)) if number not in emitted]
        return wrong

    def unexplained(self, rows):
        """The state of each run and step is the one its events lead to."""
        named = {"accepted": "running", "started": "running", "refused": "queued", "pause": None, "resume": None}
        told = {}
        pieces = rows("SELECT number, 0 AS key, told FROM run UNION ALL SELECT key >> 24, key, told FROM happening ORDER BY key")
        for run, (_, step, what, *detail) in ((run, one) for run, _, piece in pieces for one in json.loads("[0" + piece + "]")[1:]):
            state = dict(*detail).get("state") if what == "ended" else named.get(what, what)
            if state in ENDED | {"queued", "offered", "preparing", "running", "paused", "stopping", "lost"}:
                told[step or -run] = state
        wrong = []
        # A run is lost as long as one of its steps is, which has the event.
        lost = {run for run, in rows("SELECT run FROM step WHERE state = 'lost'")}
        for number, state in rows("SELECT number, state FROM run"):
            said = "lost" if number in lost else told.get(-number)
            if said != state:
                wrong.append(f"run {number} is {state}, its events say {said}")
        # A connector's step is called as soon as it is ready, and only its end is an event.
        for step, run, name, state, use in rows('SELECT id, run, name, state, "use" FROM step'):
            if told.get(step) != state and not (use.startswith("connector:") and state == "running"):
                wrong.append(f"step {run}/{name} is {state}, its events say {told.get(step)}")
        return wrong

    def left_after_down(self):
        self.down()
        left = [f"process {pid} {line}" for pid, line in self.processes().items()]
        for folder in ("state/notes", "state/work", "run/sessions"):
            if os.path.isdir(self.path(folder)):
                left += [f"{folder}/{name}" for name in os.listdir(self.path(folder))]
        for folder, _, names in os.walk(self.path("run")):
            left += [os.path.join(folder, name) for name in names if is_bound(os.path.join(folder, name))]
        return left


def read(path):
    """The bytes of a file; none when it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def is_bound(path):
    """Whether somebody still listens at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            return True
        except OSError:
            return False
