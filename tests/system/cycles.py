#!/usr/bin/env python3
"""Sessions that are opened and closed again and again: descriptors and memory of every process of the house, /tmp, /run, cgroups and
displays stay as they are. Twenty cycles; with --long a thousand, or as many as `--long NUMBER` says, and figures on the way. On driver x11,
or after `--xrdp` on a terminal server, held connected."""

import collections
import contextlib
import concurrent.futures
import glob
import os
import pwd
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xrdp_house
from house import House, Tap, connection_conf, device_conf, make_user, processes_of, remove_user
from keeper_house import KEEPER, fingerprint_of

XRDP = "--xrdp" in sys.argv
if XRDP:
    xrdp_house.enter()
USERS = ["hosttestcyc1", "hosttestcyc2"]
WARM = 3  # cycles after which everything that is made once is there
LONG = "--long" in sys.argv
CYCLES = int(sys.argv[-1]) if LONG and sys.argv[-1].isdigit() else 1000 if LONG else 2 * 10
# Of one process: what the kernel counts late, an allocator that has not had its largest moment yet, and a page of the history per run.
GROWTH_KIB = 512 + 2 * CYCLES

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "useradd") if not shutil.which(program)]
why_not = "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}" if missing else None
if XRDP:
    why_not = xrdp_house.missing() or (None if os.path.exists(KEEPER) else "hostler-rdp-keeper is not built")
if why_not:
    tap.skip("sessions again and again", why_not)
    tap.end()

CONF = """[flow]
name = {user}

[step it]
use = desktop:short
connection = c-{user}
mode = unattended
"""
BIG = "[strategy big]\nplugin = open\nmax_sessions = 64\n\n"
HELD = "[driver it]\nplugin = xrdp\nkeep = yes\ncertificate = "
FILES = {
    "desktop-flows/short/desktop-flow.ini":
        "[desktop-flow]\nname = short\nversion = 1\nrun = sh -c 'test -n \"$DISPLAY\"'\ntimeout = 1m\nscreenshots = none\n",
    **{f"flows/{user}.ini": CONF.format(user=user) for user in USERS},
}


servers = []  # those that sessions are asked of


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def word_of(pid):
    """The processes of a house by their name, and what they do; which of several holds it is does not matter."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read().decode(errors="replace").split("\0")
    return " ".join([os.path.basename(words[0]), *words[1:2]]) if words[0].endswith("hostler-session") else os.path.basename(words[0])


def anonymous_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("RssAnon:")), 0)


def look(house):
    """The most that a process of each kind has."""
    found = {"descriptors": collections.Counter(), "KiB": collections.Counter(), "processes": collections.Counter()}
    waiting = [house.daemon.pid]
    while waiting:
        pid = waiting.pop()
        waiting += children_of(pid)
        try:
            kind = word_of(pid)
            found["descriptors"][kind] = max(found["descriptors"][kind], len(os.listdir(f"/proc/{pid}/fd")))
            found["KiB"][kind] = max(found["KiB"][kind], anonymous_kib(pid))
            found["processes"][kind] += 1
        except OSError:
            continue
    return found


def files():
    """Of these users, whose numbers nobody else has had."""
    uids = {pwd.getpwnam(user).pw_uid for user in USERS}

    def mine(path):
        try:
            return os.lstat(path).st_uid in uids
        except OSError:
            return False

    places = (f"{xrdp_house.SOCKETS}/*", "/tmp/*", "/tmp/.X*-lock", "/tmp/.X11-unix/*", "/run/*", "/run/user/*", "/dev/shm/*")
    return {path for place in places for path in glob.glob(place) if mine(path)}


def things(house):
    """What sessions bring into the world, of these users and of this house."""
    found = sorted(files())
    found += [path for folder in ("run/sessions", "state/notes") for path in glob.glob(house.path(folder + "/*"))]
    with open("/proc/mounts", encoding="utf-8") as file:
        found += [line for line in file if house.home in line]
    return found + [line for user in USERS for line in processes_of(user)]


def empty_cgroups():
    """Others may have sessions here, but with processes in them."""
    found = set()
    for path in [path for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified") for path in glob.glob(root + "/hostler-*/cgroup.procs")]:
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            found |= {path} if not file.read() else set()
    return found


def cycle(house, user):
    done = house.hostler("run", user, "--wait", time_out=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def quiet(house):
    """Everything is closed, and the next session process is warm, as at the beginning."""
    return not things(house) and look(house)["processes"]["hostler-session hold"] == 1


def cycles(house, count):
    """Two users at once."""
    with concurrent.futures.ThreadPoolExecutor(len(USERS)) as pool:
        wrong = list(pool.map(lambda user: [cycle(house, user) for _ in range(count // len(USERS))], USERS))
    return [text for one in wrong for text in one if text]


def grown(before, after, what, allowed):
    return {kind: (before[what][kind], after[what][kind]) for kind in after[what] if after[what][kind] > before[what][kind] + allowed}


for number, name in enumerate(USERS):
    make_user(name) if XRDP else make_user(name, 54420 + number)
try:
    connections = "\n".join(connection_conf(user, f"c-{user}") + (f"password = secret:{user}\n" if XRDP else "") for user in USERS)
    if XRDP:
        servers = [server.pid for server in xrdp_house.begin(*USERS)]
        BIG += HELD + fingerprint_of("/run/cert.pem") + "\n\n"
    FILES["hostler.ini"] = device_conf(", ".join(USERS), driver="it" if XRDP else "x11", strategy="big", more=BIG + connections)
    with House(FILES) as house:
        older = empty_cgroups()
        house.up()
        xrdp_house.seal(house, *USERS) if XRDP else None
        wrong = cycles(house, 2 * WARM)
        tap.ok(not wrong and house.wait(lambda: quiet(house), 20), "sessions are opened and closed", *wrong, *things(house), house.said()[-2000:])
        before, began = look(house), time.monotonic()
        for part in range(10 if LONG else 1):
            wrong += cycles(house, CYCLES // (10 if LONG else 1))
            if LONG:
                now = look(house)
                print(f"# {(part + 1) * CYCLES // 10} cycles, {time.monotonic() - began:.0f} s:", dict(now["KiB"]), dict(now["descriptors"]), flush=True)
                for pid in servers:
                    print(f"# {word_of(pid)}: {anonymous_kib(pid)} KiB, {len(os.listdir(f'/proc/{pid}/fd'))} descriptors", flush=True)
        lasted = time.monotonic() - began
        tap.ok(not wrong, f"{CYCLES} more, of {1000 * lasted / CYCLES:.0f} ms each, two at a time", *wrong[:10], house.said()[-2000:])
        tap.ok(house.wait(lambda: quiet(house), 20), "nothing of them is left", *things(house), look(house)["processes"])
        # Who looks around has a file open at times; what has leaked stays.
        house.wait(lambda: not grown(before, look(house), "descriptors", 0), 20)
        after = look(house)
        print("# KiB before", dict(before["KiB"]), "after", dict(after["KiB"]), flush=True)
        tap.same(grown(before, after, "processes", 0), {}, "the house has as many processes as before")
        tap.same(grown(before, after, "descriptors", 0), {}, "none of them has more descriptors")
        tap.same(grown(before, after, "KiB", GROWTH_KIB), {}, f"and none has grown by more than {GROWTH_KIB} KiB")
        tap.ok(house.wait(lambda: not empty_cgroups() - older, 10), "no cgroup is left", empty_cgroups() - older)
        house.down()
finally:
    for name in USERS:
        remove_user(name)
tap.end()
