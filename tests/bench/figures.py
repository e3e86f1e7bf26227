"""The figures: what is measured on each side, and what is wanted of the ratio."""
import os
import statistics
import time

import costs
import sessions
from houses import House, Shape, names_of

IN_FLIGHT = 500
RATE = 100
RATE_USERS = 128
STEPS = 100
QUEUED = 20000
STARTS = 5
MAILS = ["16K", "256K", "4M", "50M"]
FEW = Shape(32, devices=16)


class Value:
    """What a figure is about: taken from what each side printed. `goal` and `way` are limits of its ratio, from
    below where `at_least`, else from above; where it is `alone`, or has no second side, they are limits of the value."""

    def __init__(self, title, unit, of, goal=None, way=None, at_least=False, alone=False):
        self.title = title
        self.unit = unit
        self.of = of
        self.goal = goal
        self.way = way
        self.at_least = at_least
        self.alone = alone

    def wanted(self):
        if self.goal is None:
            return "nothing is wanted"
        sign = ">=" if self.at_least else "<="
        return f"goal {sign} {self.goal:g}" + ("" if self.way is None else f", on the way {sign} {self.way:g}")


class Figure:
    """`hostler` is compared with `base`; without a base its value stands for itself."""

    def __init__(self, name, what, base, hostler, values, base_name="floor"):
        self.name = name
        self.what = what
        self.base = base
        self.hostler = hostler
        self.values = values
        self.base_name = base_name


def runs_per_s(figures):
    return figures["runs_per_s"]


def percentile(name, which, divisor=1):
    return lambda figures: figures[name][which] / divisor


def client_of(place, shape, *options):
    with House(place, shape) as house:
        return house.client(*options)


def engine_of(house):
    return next(pid for pid in costs.family(house.host.process.pid) if costs.kind_of(pid) == "engine")


def status_kib(pid, name):
    for line in costs.read(f"/proc/{pid}/status").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def resident(place):
    with House(place, Shape(1)) as house:
        time.sleep(0.2)  # as the floor's client does before it looks
        return {"runs": 0, "idle_kib": status_kib(engine_of(house), "VmRSS")}


def queued(place):
    """One run goes on and on, and all others wait behind it."""
    with House(place, Shape(1, start="yes", buttons=False, run="/bin/sleep 1d")) as house:
        engine = engine_of(house)
        house.client("--flows", "--queue", "100", *names_of(1))
        before = status_kib(engine, "RssAnon")
        house.client("--flows", "--queue", str(QUEUED), *names_of(1))
        return {"runs": QUEUED, "bytes": (status_kib(engine, "RssAnon") - before) * 1024 / QUEUED}


def started(place):
    """Each start comes after an end, so the store is empty but for the runs of earlier ones."""
    with House(place, Shape(1)) as house:
        times = [house.first()["first_us"] for _ in range(STARTS)]
        return {"runs": STARTS, "first_us": {"p50": statistics.median(times)}}


def idle(place):
    with House(place, Shape(1)) as house:
        house.client("--queue", "1", *names_of(1))
        time.sleep(3)
        pids = costs.family(house.host.process.pid)
        before = {pid: costs.Usage(pid) for pid in pids}
        began = time.monotonic()
        time.sleep(4 * place.arguments.seconds)
        after = {pid: costs.Usage(pid) for pid in pids}
        lasted = time.monotonic() - began
        if place.watcher:
            place.watcher.idle(before, after, lasted)
        return {"runs": 0,
                "percent": sum(after[pid].ns - before[pid].ns for pid in pids) / lasted / 1e7,
                "wakes": sum(after[pid].waited - before[pid].waited for pid in pids) / lasted}


def figures(place):
    few = ["--in-flight", str(len(FEW.devices)), *FEW.names]
    one = ["--in-flight", "2", *names_of(32)]
    floor = lambda: place.floor("--in-flight", str(IN_FLIGHT))
    throughput = [Value("T1", "runs/s", runs_per_s, 0.8, 0.5, at_least=True)]
    return [
        Figure("T1", "no-op runs, 512 in flight, 32 buttons and users on 16 devices of one gateway",
               floor, lambda: client_of(place, FEW, *few), throughput),
        Figure("T1-buttons", f"the same, {IN_FLIGHT} in flight, one device, 512 users, each with a button and so a trigger process",
               floor, lambda: client_of(place, Shape(512), *names_of(IN_FLIGHT)),
               [Value("T1-buttons", "runs/s", runs_per_s)]),
        Figure("T1-by-hand", "as T1-buttons, but flows are started by hand, without trigger processes",
               floor, lambda: client_of(place, Shape(512, buttons=False), "--flows", *names_of(IN_FLIGHT)),
               [Value("T1-by-hand", "runs/s", runs_per_s)]),
        Figure("T2", "runs with a real process, /bin/true, against posix_spawn 8 at once",
               lambda: place.spawns(8, "/bin/true"),
               lambda: client_of(place, Shape(32, devices=16, start="yes", run="/bin/true"), *few),
               [Value("T2", "runs/s", runs_per_s, 0.85, 0.7, at_least=True)], "spawn"),
        Figure("T3", f"press to process started, {RATE} presses/s whatever happens",
               lambda: place.floor("--rate", str(RATE), "--spawn", "started"),
               lambda: client_of(place, Shape(RATE_USERS, start="yes"), "--rate", str(RATE), "--started",
                                 *names_of(RATE_USERS)),
               [Value("T3 p50", "us", percentile("started_us", "p50"), 1.2, 1.5),
                Value("T3 p99", "us", percentile("started_us", "p99"), 1.5, 2)]),
        Figure("T5", "resident memory of the idle engine",
               lambda: place.floor("--in-flight", "1", "--seconds", "0.2", "--warm", "0"),
               lambda: resident(place), [Value("T5", "KiB", lambda figures: figures["idle_kib"], 1.5, 2.5)]),
        Figure("T5-queued", f"memory of a queued run beyond idle and page cache, {QUEUED} of them", None,
               lambda: queued(place), [Value("T5-queued", "bytes", lambda figures: figures["bytes"], 48, 96)]),
        Figure("T6", "start to first press accepted, empty store, against the start of a program that does nothing",
               lambda: place.spawns(1, place.tool("bare")), lambda: started(place),
               [Value("T6", "us", lambda figures: figures.get("first_us", figures.get("spawn_us"))["p50"], 3),
                Value("T6 alone", "ms", lambda figures: figures.get("first_us", figures.get("spawn_us"))["p50"] / 1e3,
                      50, alone=True)],
               "bare"),
        Figure("T9", "T1 over tcp, gateway and client, against T1 over ipc",
               lambda: client_of(place, FEW, *few),
               lambda: client_of(place, Shape(32, devices=16, far=True), *few),
               [Value("T9", "runs/s", runs_per_s, 0.8, 0.6, at_least=True)], "ipc"),
        Figure("T10", "runs with a real process that is given two named secrets, 32 users on one device, against the same without",
               lambda: client_of(place, Shape(32, start="yes", run="/bin/true"), *one),
               lambda: client_of(place, Shape(32, start="yes", run="/bin/true", secrets=2), *one),
               [Value("T10", "runs/s", runs_per_s, 0.95, 0.85, at_least=True)], "without"),
        Figure("T11", f"{STEPS} no-op steps of one flow in sequence, time of one",
               lambda: place.floor("--in-flight", "1"),
               lambda: client_of(place, Shape(1, steps=STEPS), "--steps", str(STEPS), *names_of(1)),
               [Value("T11", "us", percentile("done_us", "p50"), 1.2, 2)]),
        Figure("seal", "a secret sealed to 8 recipients and opened once", None, place.sealing,
               [Value("seal", "ms", percentile("seal_us", "p50", 1e3), 2)]),
        Figure("mail", "mails of growing sizes read by the confined parser", None, place.mails,
               [*(Value(f"mail {size}", "MB/s", lambda figures, size=size: figures[size]) for size in MAILS),
                Value("mail linear", "of the speed at 256K that 50M has", lambda figures: figures["50M"] / figures["256K"], 0.5,
                      at_least=True)]),
        Figure("sessions", f"sessions of driver x11 of real users, one alone and {sessions.AT_ONCE} at once, against Xvfb and openbox alone",
               sessions.floor, lambda: sessions.hostler(place),
               [Value("session ready", "ms", percentile("ready_ms", "p50"), 1000, alone=True),
                Value("session ready, of the floor", "ms", percentile("ready_ms", "p50")),
                Value("twenty sessions", "s", lambda figures: figures["twenty_s"], 12, alone=True),
                Value("twenty sessions, of the floor", "s", lambda figures: figures["twenty_s"]),
                Value("session memory", "MB", lambda figures: figures["pss_mb"], 60, alone=True),
                Value("session memory, of the floor", "MB", lambda figures: figures["pss_mb"])]),
        Figure("idle", "processor time of all processes while nothing happens", None, lambda: idle(place),
               [Value("idle", "% of a core", lambda figures: figures["percent"], 0.5),
                Value("idle wakes", "/s", lambda figures: figures["wakes"])]),
    ]
