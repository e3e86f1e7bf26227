"""Where the time of a run goes: processor time and context switches by kind of process, and the functions in
which it is spent, as far as perf is there and allowed. Only what happens while a client counts is told."""
import collections
import os
import shutil
import subprocess
import tempfile
import time

TOP = 14
TICK_US = 1000000 // os.sysconf("SC_CLK_TCK")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def stat_of(pid):
    """Its parent, and microseconds in user and system mode. None: it has ended."""
    text = read(f"/proc/{pid}/stat")
    if not text:
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[11]) * TICK_US, int(fields[12]) * TICK_US


def kind_of(pid):
    words = read(f"/proc/{pid}/cmdline").split("\0")
    name = os.path.basename(words[0])
    if name == "hostler-session":
        return "session watch" if "watch" in words else "session"
    if name == "hostler-worker":
        return "worker"
    return name.removeprefix("hostler-") or "?"


def family(top):
    """The process and all that it has started, and what those have started."""
    children = collections.defaultdict(list)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        stat = stat_of(pid)
        if stat:
            children[stat[0]].append(int(pid))
    found = [top]
    for pid in found:
        found.extend(children[pid])
    return found


class Usage:
    """What a process has used until now. The kernel counts nanoseconds for each thread, and tells apart user
    from system only by samples, so the sum is taken from the first and the share from the second."""

    def __init__(self, pid):
        self.user_us, self.system_us = (stat_of(pid) or (0, 0, 0))[1:]
        self.ns = self.waited = self.pushed = 0
        for task in self.tasks(pid):
            spent = read(f"/proc/{pid}/task/{task}/schedstat").split()
            self.ns += int(spent[0]) if spent else 0
            for line in read(f"/proc/{pid}/task/{task}/status").splitlines():
                if line.startswith("voluntary_ctxt"):
                    self.waited += int(line.split()[1])
                elif line.startswith("nonvoluntary_ctxt"):
                    self.pushed += int(line.split()[1])

    @staticmethod
    def tasks(pid):
        try:
            return os.listdir(f"/proc/{pid}/task")
        except OSError:
            return []


class Costs:
    def __init__(self):
        self.perf = None
        self.samples = None
        self.after = {}

    def mark(self, what, *tops):
        if what == "counting":
            self.kinds = {}
            for top in tops:
                self.kinds.update((pid, kind_of(pid)) for pid in family(top))
            self.before = {pid: Usage(pid) for pid in self.kinds}
            self.began = time.monotonic()
            self.record()
        else:
            self.lasted = time.monotonic() - self.began
            self.after = {pid: Usage(pid) for pid in self.kinds}
            self.samples = self.recorded()

    def record(self):
        self.perf = None
        if not shutil.which("perf"):
            return
        self.folder = tempfile.mkdtemp(prefix="hst-perf-")
        self.perf = subprocess.Popen(["perf", "record", "-a", "-q", "-F", "997", "-o", f"{self.folder}/data"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def recorded(self):
        """How often each function of each kind was at work when perf looked."""
        if not self.perf:
            return None
        self.perf.terminate()
        self.perf.wait()
        told = subprocess.run(["perf", "script", "-i", f"{self.folder}/data", "-F", "comm,pid,ip,sym,dso"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
                              check=False).stdout
        shutil.rmtree(self.folder, ignore_errors=True)
        samples = collections.defaultdict(collections.Counter)
        for line in told.splitlines():
            head, _, function = line.strip().partition("  ")
            name, _, pid = head.strip().rpartition(" ")
            kind = self.kinds.get(int(pid) if pid.isdigit() else -1, "other programs")
            words = function.split()
            if name.startswith("swapper") or len(words) < 2:
                continue
            library = os.path.basename(words[-1].strip("()"))
            thread = "zmq " if name.strip().startswith("ZMQ") else ""
            samples[kind][f"{thread}{' '.join(words[1:-1])} ({library})"] += 1
        return samples

    def of(self, figures):
        runs = max(figures["runs"], 1)
        if not self.after:  # a client that only queues does not count
            return
        print(f"    {runs} runs in {self.lasted:.1f} s; microseconds of processor time a run, and context switches a run")
        self.table(self.before, self.after, runs, self.lasted)
        self.functions()

    def idle(self, before, after, lasted):
        self.kinds = {pid: kind_of(pid) for pid in before}
        print(f"    {lasted:.1f} s; microseconds of processor time a second, and context switches a second")
        self.table(before, after, lasted, lasted)

    def table(self, befores, afters, runs, lasted):
        kinds = collections.defaultdict(lambda: [0, 0, 0, 0, 0, 0])
        for pid, after in afters.items():
            before, kind = befores[pid], kinds[self.kinds[pid]]
            if not after.ns:  # it has ended
                continue
            kind[0] += 1
            kind[1] += (after.ns - before.ns) / 1000
            kind[2] += after.user_us - before.user_us
            kind[3] += after.system_us - before.system_us
            kind[4] += after.waited - before.waited
            kind[5] += after.pushed - before.pushed
        print(f"    {'kind':<16}{'processes':>10}{'all':>9}{'user':>9}{'system':>9}{'waited':>9}{'pushed':>9}{'core %':>9}")
        total = [0] * 6
        for name, kind in sorted(kinds.items(), key=lambda item: -item[1][1]):
            total = [a + b for a, b in zip(total, kind)]
            self.line(name, kind, runs, lasted)
        self.line("together", total, runs, lasted)

    @staticmethod
    def line(name, kind, runs, lasted):
        count, all_us, user, system, waited, pushed = kind
        share = user / (user + system) if user + system else 0
        print(f"    {name:<16}{count:>10}{all_us / runs:>9.1f}{all_us * share / runs:>9.1f}"
              f"{all_us * (1 - share) / runs:>9.1f}{waited / runs:>9.2f}{pushed / runs:>9.2f}"
              f"{all_us / lasted / 1e4:>9.2f}")

    def functions(self):
        if not self.samples:
            print("    functions: perf is not there, or not allowed (it needs root)")
            return
        for kind, functions in sorted(self.samples.items(), key=lambda item: -item[1].total()):
            if functions.total() < 50 or kind == "other programs":
                continue
            print(f"    {kind}: {functions.total()} samples")
            for name, count in functions.most_common(TOP):
                print(f"      {100 * count / functions.total():5.1f} %  {name}")
