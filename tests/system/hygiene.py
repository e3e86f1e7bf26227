#!/usr/bin/env python3
"""What each process of a house may do and what it has in memory, looked at in the kernel: rights, dumps, locks, keys, owners of files."""

import base64
import glob
import hashlib
import os
import pwd
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, House, Tap

tap = Tap()
ROOT = os.geteuid() == 0
# Of a house of root's: who it runs as, and whether nothing that it starts gets more rights.
ROLES = {
    "hostlerd": ("root", False),
    "hostler-engine": ("hostler-engine", True),
    "hostler-worker": ("hostler-worker", True),
    "hostler-gateway": ("hostler-gateway", True),
    "hostler-session": ("root", False),
}
FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[gateway]
name = here
driver = null
strategy = open

[trigger start]
plugin = button

[connector ring]
plugin = keyring
secret.ledger = secret:ledger
""",
    "flows/one.ini": "[flow]\nname = one\non = start\n\n[step get]\nuse = connector:ring.get\ninput.name = ledger\n",
}
SECRET = b"canary-3b9e-hygiene"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def status_of(pid):
    return dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").decode().splitlines() if ":\t" in line)


def family(pid):
    """Its children and theirs, as {pid: program}; one that has ended by the time it is looked at is not there."""
    found = {}
    for child in map(int, read(f"/proc/{pid}/task/{pid}/children").split()):
        try:
            found[child] = os.path.basename(os.readlink(f"/proc/{child}/exe"))
            found.update(family(child))
        except (FileNotFoundError, ProcessLookupError):
            found.pop(child, None)
    return found


def processes(house):
    """Of the whole house; `up` in the foreground has become hostlerd, or has it as its child."""
    everybody = {house.daemon.pid: os.path.basename(os.readlink(f"/proc/{house.daemon.pid}/exe")), **family(house.daemon.pid)}
    return {pid: program for pid, program in everybody.items() if program in ROLES}


def of_program(everybody, program):
    return [pid for pid, name in everybody.items() if name == program]


def words_of(pid):
    try:
        return read(f"/proc/{pid}/cmdline").decode().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def derived(seed, number, length=32):
    """crypto_kdf_derive_from_key with the context hst-seal."""
    return hashlib.blake2b(key=seed, digest_size=length, salt=number.to_bytes(8, "little") + bytes(8), person=b"hst-seal" + bytes(8)).digest()


def sealing_seed(seed, name):
    return derived(seed, int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))


def opening_key(own):
    """The secret half of the X25519 pair that libsodium makes of a seed."""
    return hashlib.sha512(derived(own, 1)).digest()[:32]


def regions_with(pid, bytes_):
    """Of memory that the process may write: how much of each region that has these bytes is locked, and its flags."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        region = None
        for line in maps:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            if head:
                region = {"from": int(head[1], 16), "to": int(head[2], 16), "mode": head[3], "name": line.split(None, 5)[5:], "locked": 0}
            elif line.startswith("Locked:"):
                region["locked"] = int(line.split()[1])
            elif line.startswith("VmFlags:") and "r" in region["mode"] and "w" in region["mode"] and region["to"] - region["from"] <= 64 << 20:
                region["flags"] = line.split()[1:]
                try:
                    memory.seek(region["from"])
                    inside = bytes_ in memory.read(region["to"] - region["from"])
                except OSError:
                    continue
                if inside:
                    found.append(region)
    return found


def seal(house):
    """Returns what the file was before."""
    path = house.path("secrets.d/ledger.seal")
    before = read(path) if os.path.exists(path) else None
    done = subprocess.run(house.command("hostler", "-c", house.ini, "seal", "ledger"), env=house.environment(), cwd=house.home,
                          input=SECRET, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return before


def dumpable(everybody):
    """The kernel gives the files of a process that is dumpable to the user it runs as, and all others to root."""
    return [(pid, program) for pid, program in everybody.items() if os.stat(f"/proc/{pid}/mem").st_uid != 0]


def with_warm_session(house):
    return len(of_program(processes(house), "hostler-session")) >= 2


def keys_stay_where_they_belong(house, everybody, seed):
    ring, gateway = (sealing_seed(seed, name) for name in ("connector/ring", "gateway/here"))
    hold = [pid for pid in of_program(everybody, "hostler-session") if "hold" in words_of(pid)]
    worker = [pid for pid in of_program(everybody, "hostler-worker") if "connector/ring" in words_of(pid)]
    others = [pid for pid in everybody if pid not in hold + worker + of_program(everybody, "hostlerd")]
    has = {"worker": regions_with(worker[0], opening_key(ring)), "hold": regions_with(hold[0], opening_key(gateway))}
    tap.ok(all(has.values()), "the pair that opens is in the worker of its instance, and in the process of a session", has)
    tap.ok(all(region["locked"] and {"lo", "dd"} <= set(region["flags"]) for regions in has.values() for region in regions),
           "nowhere but in locked memory that no dump has", has)
    opened = regions_with(worker[0], SECRET)
    tap.ok(opened and all(region["locked"] and {"lo", "dd"} <= set(region["flags"]) for region in opened),
           "and so is a secret that was opened", opened)
    known = {"seed": seed, "seed of the instance": ring, "as text": base64.urlsafe_b64encode(ring).rstrip(b"="),
             "its pair": opening_key(ring), "seed of the gateway": gateway, "its pair, too": opening_key(gateway), "the secret": SECRET}
    tap.same([(words_of(pid)[0], what) for pid in others for what, bytes_ in known.items() if regions_with(pid, bytes_)], [],
             "engine, gateway and everybody else have no key that opens anything, nor what was opened")
    tap.same([what for what, bytes_ in known.items() if "seed" in what and regions_with(worker[0], bytes_)], [], "seeds are wiped once read")


def read_as(user, paths):
    """Those of the paths that this user can read."""
    account = pwd.getpwnam(user)
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups(os.getgrouplist(user, account.pw_gid))
        os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
        os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
        for number, path in enumerate(paths):
            try:
                read(path)
                os.write(there, f"{number}\n".encode())
            except OSError:
                pass
        os._exit(0)
    os.close(there)
    with open(here, encoding="ascii") as answers:
        readable = [paths[int(line)] for line in answers]
    os.waitpid(child, 0)
    return readable


def as_root():
    with House(FILES) as house:
        house.hostler("init", "--yes")
        seal(house)
        house.up(lambda: house.online() and with_warm_session(house))
        everybody = processes(house)
        tap.same(sorted(set(everybody.values())), sorted(ROLES), "all programs of the house are there")
        wrong = {}
        for pid, program in everybody.items():
            status, (user, renounced) = status_of(pid), ROLES[program]
            uid, gid = str(pwd.getpwnam(user).pw_uid), "0" if user == "root" else str(pwd.getpwnam(user).pw_gid)
            if status["Uid"].split() != [uid] * 4 or status["Gid"].split() != [gid] * 4 or status["NoNewPrivs"] != str(int(renounced)) or \
                    (user != "root" and int(status["CapPrm"], 16)):
                wrong[program] = {name: status[name] for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "CapPrm")}
        tap.same(wrong, {}, "each role has its own user and no capability, and engine, workers and gateway gain no privileges")
        tap.same(dumpable(everybody), [], "none can be dumped, nor looked into by whoever it runs as")
        seed = read(house.path("state/host.seed"))
        keys_stay_where_they_belong(house, everybody, seed)

        secret = [house.path("state/host.seed"), house.key]
        tap.same([path for path in secret if stat.S_IMODE(os.stat(path).st_mode) != 0o600 or os.stat(path).st_uid != 0], [],
                 "seed and operator key are for their owner alone")
        memory = [f"/proc/{pid}/{name}" for pid in everybody if pid not in of_program(everybody, "hostler-engine")
                  for name in ("environ", "maps")]
        store = glob.glob(house.path("state/store/*"))
        tap.same(read_as("root", secret + memory + store), secret + memory + store, "where root can read what keys lie in, and the store")
        tap.same(read_as("hostler-engine", secret + memory), [], "the engine's user reads no seal key, on no disk and in no process")
        tap.same(read_as("hostler-worker", secret + memory + store), [], "nor does the workers' user, nor the store")
        state = [os.path.join(folder, name) for folder, _, names in os.walk(house.path("state")) for name in names]
        readable = read_as("hostler-engine", state)
        tap.ok(readable and not [path for path in readable if seed in read(path)], "nor does anything that it can read have the seed in it", readable)


def as_user(user):
    with House(FILES, user) as house:
        house.hostler("init", "--yes")
        seal(house)
        older = seal(house)
        house.up(lambda: house.online() and with_warm_session(house))
        everybody = processes(house)
        owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
        control = subprocess.Popen(house.command("hostler", "--help")[:-2] + ["sleep", "60"] if user else ["sleep", "60"])
        try:
            tap.ok(house.wait(lambda: os.stat(f"/proc/{control.pid}/mem").st_uid == owner, 5), "a program as any other can be dumped")
        finally:
            control.kill()
            control.wait()
        tap.same(dumpable(everybody), [], "all of a person's house cannot")
        wrong = [(program, status_of(pid)["NoNewPrivs"]) for pid, program in everybody.items()
                 if status_of(pid)["NoNewPrivs"] != str(int(ROLES[program][1]))]
        tap.same(wrong, [], "and gain privileges as those of root's")
        tap.same([path for path in ("state", "run", "state/host.seed", "operator.key") if os.stat(house.path(path)).st_mode & 0o077], [],
                 "its folders, seed and key are for that person alone")
        house.down()

        whole = house.command
        house.command = lambda *words: ["prlimit", "--memlock=0:0", *whole(*words)]
        log = len(house.said())
        house.up(lambda: "LimitMEMLOCK" in house.said()[log:])
        house.command = whole
        said = house.said()[log:]
        tap.ok("LimitMEMLOCK=8M" in said and "connector/ring" in said, "a worker that may lock no memory says what to set", said)
        tap.ok(house.wait(lambda: not any("connector/ring" in words_of(pid) for pid in of_program(processes(house), "hostler-worker")), 20),
               "and ends")
        tap.ok(house.wait(lambda: house.hostler("press", "start").returncode == 0, 20), "the others are", house.said()[log:])
        house.down()

        with open(house.path("secrets.d/ledger.seal"), "wb") as file:
            file.write(older)
        log = len(house.said())
        house.up(lambda: "EnvelopeSerial" in house.said()[log:])
        tap.ok(house.wait(lambda: "EnvelopeSerial" in house.said()[log:], 20), "an older secret in the place of a newer one is refused by the next process, too")


if ROOT:
    as_root()
person = "nobody" if ROOT else None
if person and subprocess.run(["setpriv", "--reuid", person, "--clear-groups", os.path.join(PROGRAMS, "hostler"), "--version"],
                             capture_output=True, check=False).returncode:
    tap.skip("a house of a person's", f"{person} cannot get at the programs")
else:
    as_user(person)
tap.end()
