"""Sessions of driver x11 with real users, beside the floor: an X server and a window manager, started by hand, and nothing else.

Of both sides: how long one takes from being asked for until its first action is done, which is a question to the window
manager; what twenty take that are there at the same time; and the memory of one. A house of root's, with twenty users who
are made for it and removed."""
import atexit
import concurrent.futures
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import time

from houses import CannotMeasure, wait_for

AT_ONCE = 20
SINGLE = 10
USERS = [f"hstbench{number:02}" for number in range(AT_ONCE)]
NEEDED = ["Xvfb", "openbox", "dbus-daemon", "xprop", "useradd"]
PACKAGE = """[desktop-flow]
name = act
version = 1
run = sh $HOSTLER_PACKAGE/act.sh {folder} {gate}
timeout = 3m
screenshots = none

[output at_us]
type = integer
"""
# Through the gate goes who waits at it when it opens, and nobody waits at one that is not there.
ACT = """set -e
xprop -root _NET_SUPPORTING_WM_CHECK | grep -q 'window id'
at=$(date +%s%6N)
touch "$1/$(id -un)"
if [ -p "$2" ]; then read -r line <"$2" || :; fi
hostler-event output at_us "$at"
"""
FLOW = "[flow]\nname = {user}\n\n[step act]\nuse = desktop:act\nconnection = c-{user}\nmode = unattended\n"


def users():
    """Made once for all rounds."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if os.geteuid() != 0 or missing:
        raise CannotMeasure("sessions: " + ("they need root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}"))
    from house import make_user, remove_user
    for user in USERS:
        try:
            pwd.getpwnam(user)
        except KeyError:
            make_user(user)
            atexit.register(remove_user, user)


def files_of():
    """People's sessions count, too, and others may have some on this machine: there is room for them."""
    from house import connection_conf, device_conf
    connections = "\n".join(connection_conf(user, f"c-{user}") for user in USERS)
    return {"hostler.ini": device_conf(", ".join(USERS), strategy="big",
                                       more=f"[strategy big]\nplugin = server-rds\nmax_sessions = 64\n\n{connections}"),
            "desktop-flows/act/act.sh": ACT,
            **{f"flows/{user}.ini": FLOW.format(user=user) for user in USERS}}


def pss_kib(pids):
    """What the processes have in memory, with what they share divided among those that share it."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total


def processes(true):
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if true(pid, file.read().decode(errors="replace").split("\0")):
                    found.append(pid)
        except OSError:
            continue
    return found


def of_session(user, package):
    """All processes of the user but the flow's own, and the process that holds the session."""
    uid = pwd.getpwnam(user).pw_uid
    mine = processes(lambda pid, words: os.stat(f"/proc/{pid}").st_uid == uid and package not in " ".join(words))
    parents = set()
    for pid in mine:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            parents |= {int(line.split()[1]) for line in file if line.startswith("PPid:")}
    return mine + [pid for pid in parents - set(mine) if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "hostler-session"]


class Sessions:
    """The house, and what is done in it."""

    def __init__(self, house):
        self.house = house
        self.folder, self.gate = house.path("met"), house.path("gate")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o1777)
        house.write("desktop-flows/act/desktop-flow.ini", PACKAGE.format(folder=self.folder, gate=self.gate))
        house.up()

    def run(self, user):
        began = time.time()
        done = self.house.hostler("run", user, "--wait", time_out=170)
        step = self.house.json("show", f"last:{user}")["steps"][0]
        if done.returncode != 0:
            raise CannotMeasure(f"a run of {user} did not succeed: {step['reason']} {self.house.said()[-2000:]}")
        return step["outputs"]["at_us"] / 1e6 - began

    def close(self):
        os.mkfifo(self.gate, 0o644)

    def open(self):
        end = os.open(self.gate, os.O_WRONLY)
        os.unlink(self.gate)
        os.close(end)

    def met(self, users):
        return all(os.path.exists(os.path.join(self.folder, user)) for user in users)

    def at_once(self, users):
        for user in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, user))
        self.close()
        began = time.time()
        with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
            running = [pool.submit(self.house.hostler, "run", user, "--wait", time_out=170) for user in users]
            wait_for("all sessions at the same time", lambda: self.met(users))
            memory = pss_kib(of_session(users[0], "act.sh"))
            met = time.time() - began
            self.open()
            if any(one.result().returncode for one in running):
                raise CannotMeasure(f"not all runs succeeded: {self.house.said()[-2000:]}")
        return {"met_s": met, "all_s": time.time() - began, "pss_kib": memory}


def hostler(place):
    os.environ["HOSTLER_PROGRAMS"] = place.arguments.programs
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
    from house import House
    users()
    with House(files_of()) as house:
        sessions = Sessions(house)
        sessions.run(USERS[0])  # what is read from the disk for the first time is not a session's to answer for
        single = [sessions.run(user) for user in USERS[:SINGLE]]
        alone = sessions.at_once(USERS[:1])
        many = sessions.at_once(USERS)
        house.down()
    return {"runs": 1 + SINGLE + 1 + AT_ONCE, "ready_ms": {"p50": 1e3 * statistics.median(single)}, "pss_mb": alone["pss_kib"] / 1024,
            "twenty_s": many["all_s"], "twenty_met_s": many["met_s"]}


class Bare:
    """An X server, a window manager, and a question to it that has been answered."""

    def __init__(self):
        ends = os.pipe()
        self.server = subprocess.Popen(["Xvfb", "-displayfd", str(ends[1]), "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x800x24"],
                                       pass_fds=ends[1:], stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(ends[1])
        with os.fdopen(ends[0]) as said:
            display = said.readline().strip()
        environment = {**os.environ, "DISPLAY": f":{display}"}
        self.manager = subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while b"window id" not in subprocess.run(["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], env=environment, capture_output=True,
                                                 check=False).stdout:
            pass

    def end(self):
        for process in (self.manager, self.server):
            process.terminate()
            process.wait()


def timed():
    began = time.time()
    bare = Bare()
    return time.time() - began, bare


def floor():
    single, memory = [], 0
    timed()[1].end()
    for _ in range(SINGLE):
        took, bare = timed()
        single.append(took)
        memory = pss_kib([bare.server.pid, bare.manager.pid])
        bare.end()
    began = time.time()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        there = [one for _, one in pool.map(lambda _: timed(), range(AT_ONCE))]
        met = time.time() - began
        list(pool.map(Bare.end, there))
    return {"runs": 1 + SINGLE + AT_ONCE, "ready_ms": {"p50": 1e3 * statistics.median(single)}, "pss_mb": memory / 1024,
            "twenty_s": time.time() - began, "twenty_met_s": met}
