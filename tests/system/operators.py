#!/usr/bin/env python3
"""Operators of a house: init beforehand, a key behind a passphrase, who is let in, what they may, and who is removed."""

import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, null_house

tap = Tap()


def with_key(house, key, *words):
    """`hostler WORDS` as whoever has this key."""
    return subprocess.run([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, *words], cwd=house.home,
                          env={**house.environment(), "HOSTLER_KEY": key}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def on_terminal(house, key, words, answers):
    """The same with a terminal, where each answer is typed once its question stands there; what was shown, and the exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(house.home)
        os.execve(os.path.join(PROGRAMS, "hostler"), ["hostler", "-c", house.ini, *words], {**house.environment(), "HOSTLER_KEY": key})
    shown, asked, end = "", 0, time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part.decode(errors="replace")
        while asked < len(answers) and shown.count(answers[asked][0]) > sum(1 for a in answers[:asked] if a[0] == answers[asked][0]):
            os.write(terminal, (answers[asked][1] + "\n").encode())
            asked += 1
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(status)


def is_private(path):
    return stat.S_IMODE(os.stat(path).st_mode) == 0o600


with null_house() as house:
    roster = house.path("state/roster")

    # Beforehand, behind a passphrase.
    shown, status = on_terminal(house, house.key, ["init"], [("Passphrase for your operator key", "correct horse"),
                                                             ("Once more", "correct horse")])
    tap.ok(status == 0 and f"made {house.key}" in shown and "host.seed" in shown and f"made {roster}" in shown, "init makes what is missing",
           shown)
    tap.ok("correct horse" not in shown, "what is typed is not shown", shown)
    with open(house.key, encoding="utf-8") as file:
        tap.ok("\nself " not in "\n" + file.read() and is_private(house.key), "the key is behind the passphrase, and its owner's alone")
    again = house.json("init", "--yes")
    tap.same(again["made"], [], "the second time nothing is missing")
    with open(house.path("hostler.ini"), "a", encoding="utf-8") as file:
        file.write("\n[connector later]\nplugin = keyring\n")
    tap.same(house.json("init", "--yes")["made"], ["members"], "what was added to the configuration since has its keys, too")
    tap.same(house.json("init", "--yes")["made"], [], "once")

    # The house needs no secret of it.
    with open(roster, encoding="utf-8") as file:
        before = file.read()
    house.up(ready=lambda: os.path.exists(house.path("run/engine.sock")) and "ready" in house.said())
    with open(roster, encoding="utf-8") as file:
        now = file.read()
    tap.ok(now.startswith(before) or before.split("signed ")[0] == now.split("signed ")[0], "up believes the roster that init made", before, now)
    refused = house.hostler("runs")
    tap.ok(refused.returncode == 2 and all(word in refused.stderr for word in ("no terminal", "operator new", "HOSTLER_KEY")), "without a terminal nobody can open the key", refused.stderr)
    shown, status = on_terminal(house, house.key, ["runs"], [("Passphrase of the key", "wrong"), ("Passphrase of the key", "correct horse")])
    tap.ok(status == 0 and "not the passphrase" in shown, "a wrong passphrase may be followed by the right one", shown)
    shown, status = on_terminal(house, house.key, ["operator", "passphrase"], [("Passphrase of the key", "correct horse"),
                                                                              ("New passphrase", "")])
    tap.ok(status == 0 and "behind no passphrase" in shown, "a passphrase can be taken away", shown)
    tap.same(house.hostler("runs").returncode, 0, "and then nobody is asked")

    pins = os.listdir(house.path("rosters"))
    tap.ok(len(pins) == 1 and len(pins[0]) == 43 and is_private(house.path("rosters/" + pins[0])), "what the host shows is noted", pins)

    # Somebody who made a key of their own.
    grace = house.path("grace.key")
    word = with_key(house, grace, "operator", "key", "--yes", "--name", "grace").stdout.strip()
    tap.ok(re.fullmatch(r"hok1\.[A-Za-z0-9_-]{142}", word) and is_private(grace), "a key of one's own, and its public half as a word", word)
    done = with_key(house, grace, "runs")
    tap.ok(done.returncode == 3 and "does not know the key" in done.stderr, "who is not in the roster is not let in", done.stderr)
    broken = house.hostler("operator", "new", "grace", "--key", word[:50] + ("A" if word[50] != "A" else "B") + word[51:])
    tap.ok(broken.returncode == 2 and "not copied as it is" in broken.stderr, "a word that was copied wrong is refused", broken.stderr)
    new = house.json("operator", "new", "grace", "--may", "press", "--key", word)
    tap.same((new["name"], new["may"], new["key"], new["epoch"]), ("grace", ["look", "press"], word, 2), "operator new lets somebody in")
    tap.same(with_key(house, grace, "runs").returncode, 0, "who is let in at once")
    tap.same(with_key(house, grace, "press", "hello", "--input", "name=Ada").returncode, 0, "and may what was said")
    done = with_key(house, grace, "cancel", "last")
    tap.ok(done.returncode != 0 and "control" in done.stderr, "and nothing more", done.stderr)
    done = with_key(house, grace, "operator", "remove", "root")
    tap.ok(done.returncode == 1 and "has not the right \"admin\"" in done.stderr, "nor the roster", done.stderr)
    done = with_key(house, grace, "desktop", "push", "-y", "greet")
    tap.ok(done.returncode == 1 and "grace has not the right \"admin\"" in done.stderr and not os.path.exists(house.path("packages.d")), "nor is a desktop flow signed",
           done.stderr)
    sealed = house.path("good.seal")
    subprocess.run([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, "seal", "pin", "--for", "connector/later.password", "--to", sealed], cwd=house.home,
                   env=house.environment(), input="quiet-4711", capture_output=True, text=True, timeout=60, check=True)
    good = open(sealed, encoding="utf-8").read()
    done = with_key(house, grace, "seal", "pin", "--for", "connector/later.password", "--to", sealed, "--json")
    tap.ok(done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "NotAllowed" and "grace has neither the right" in done.stdout and
           open(sealed, encoding="utf-8").read() == good, "nor is a secret sealed that nobody would accept", done)
    other = house.hostler("operator", "new", "ada", "--key", word)
    tap.ok(other.returncode == 2 and "operator key --name ada" in other.stderr, "a key is let in under its own name", other.stderr)
    twice = house.hostler("operator", "new", "grace", "--key", word)
    tap.ok(twice.returncode == 2 and "operator remove grace" in twice.stderr, "a name has one key", twice.stderr)

    # A key that is made for somebody.
    made = house.json("operator", "new", "linus", "--may", "admin", "--yes")
    linus = house.path(made["file"])
    tap.ok(is_private(linus) and made["epoch"] == 3, "operator new makes a key for somebody", made)
    listed = json.loads(with_key(house, linus, "operator", "list", "--json").stdout)
    tap.same([(o["name"], o["may"][-1], o["you"]) for o in listed if o["name"] in ("grace", "linus")],
             [("grace", "press", False), ("linus", "admin", True)], "operator list says who there is")
    own = next(o["name"] for o in listed if o["name"] not in ("grace", "linus"))

    # What a desktop flow may be given, is asked for.
    shown, status = on_terminal(house, linus, ["desktop", "push", "greet"], [("May it be given secrets?", "n")])
    tap.ok(status == 1 and "nothing was signed" in shown and house.json("desktop", "list")[0]["state"] == "unsigned", "a desktop flow is not signed unasked", shown)
    shown, status = on_terminal(house, linus, ["desktop", "push", "greet"], [("May it be given secrets?", "y")])
    signed = house.json("desktop", "list")[0]
    tap.same((status, signed["state"], signed["by"]), (0, "signed", "linus"), "an administrator signs it")

    # Removed: thrown out at once, and for good.
    follow = subprocess.Popen([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, "events", "--follow"], cwd=house.home,
                              env={**house.environment(), "HOSTLER_KEY": grace}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    follow.stdout.readline()
    done = with_key(house, linus, "--json", "operator", "remove", "grace")
    tap.same((done.returncode, json.loads(done.stdout)["may_know"]), (0, []), "another administrator removes")
    try:
        _, said = follow.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        follow.kill()
        _, said = follow.communicate()
        said = "it went on: " + said
    tap.ok(follow.returncode != 0 and "went on" not in said, "who is removed is thrown out at once", said)
    tap.same(with_key(house, grace, "runs").returncode, 3, "and not let in again")
    self = house.hostler("operator", "remove", own)
    tap.ok(self.returncode == 2 and "nobody removes themselves" in self.stderr, "nobody removes themselves", self.stderr)
    events = house.hostler("events").stdout
    tap.ok("roster was changed" in events or "epoch 4" in events, "the history has it", events)

    # The supervisor believes it from the next start on, and so does the engine.
    house.down()
    house.up()
    with open(roster, encoding="utf-8") as file:
        believed = file.read()
    tap.ok("epoch 4\n" in believed and "operator linus " in believed and "revoked operator/grace " in believed,
           "the roster is taken over at the next start", believed)
    tap.same(with_key(house, grace, "runs").returncode, 3, "who was removed stays out")

    pin = house.path("secrets.d/pin.seal")
    done = subprocess.run([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, "seal", "pin", "--for", "connector/later.password", "--to", pin], cwd=house.home,
                          env={**house.environment(), "HOSTLER_KEY": linus}, input="4711", capture_output=True, text=True, timeout=60)
    tap.same(done.returncode, 0, "an administrator seals a secret")
    done = house.hostler("operator", "remove", "linus")
    tap.ok(done.returncode == 0 and "pin was sealed by linus" in done.stdout and "not --again" in done.stdout and "secrets exposed --operator linus" in done.stdout,
           "an administrator is removed, and it is said what is to be done about secrets", done.stdout, done.stderr)
    tap.ok(house.wait(lambda: house.json("secrets")[0]["state"] == "refused", 10), "what they have sealed is opened by nobody")
    listed = house.json("secrets")[0]
    tap.ok(not listed["can_open"] and "operator/linus" in listed["could_open"], "so nobody can", listed)
    tap.ok("signed by operator/linus, whose key was revoked" in house.hostler("secrets").stdout, "which is said")
    done = house.hostler("secrets", "exposed", "--operator", "linus")
    tap.ok(done.returncode == 0 and "pin: change it" in done.stdout, "what they may know, too", done.stdout, done.stderr)
    again = ["seal", "pin", "--for", "connector/later.password", "--to", pin]
    for given, wanted in (("4711", "pin: linus knows it from before"), ("6789", "linus can open no secret")):
        subprocess.run([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, *again], cwd=house.home, env=house.environment(), input=given, capture_output=True,
                       text=True, timeout=60, check=True)
        done = house.hostler("secrets", "exposed", "--operator", "linus")
        tap.ok(done.returncode == 0 and wanted in done.stdout, "typed again by somebody else it is known to them, another value is not", done.stdout, done.stderr)
    signed = house.json("desktop", "list")[0]
    tap.ok(signed["state"] == "refused" and "linus, who is no operator" in signed["text"], "and what they have signed is signed by nobody", signed)
    tap.same((house.json("desktop", "push", "-y", "greet")["by"], house.json("desktop", "list")[0]["state"]), (own, "signed"), "until somebody else signs it")

    # A host that shows another roster than the one that was seen is not believed.
    house.down()
    for name in ("state/roster", "state/admitted/rosters"):
        os.rename(house.path(name), house.path(name) + ".old")
    house.up()
    done = house.hostler("operator", "list")
    tap.ok(done.returncode == 1 and "another cluster" in done.stderr and "rosters/" in done.stderr,
           "another cluster is not believed, and the remedy is said", done.stderr)

tap.end()
