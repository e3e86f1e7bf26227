#!/usr/bin/env python3
"""Who has which key: an invitation lets another machine into the roster without the host being able to; every machine then has the
same one; a gateway that was removed is revoked everywhere, and comes back with other keys."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Machine, Tap, free_port, host_house

tap = Tap()


def roster(house):
    """The lines of what it believes, as words."""
    try:
        with open(house.path("state/roster"), encoding="ascii") as file:
            return [line.split() for line in file.read().splitlines()]
    except FileNotFoundError:
        return []


def lines(house, *words):
    return [line for line in roster(house) if line[:len(words)] == list(words)]


def same(house, other):
    return bool(roster(house)) and roster(house) == roster(other)


def seal(house, *words, given="4711"):
    return subprocess.run([os.path.join(PROGRAMS, "hostler"), "-c", house.ini, "seal", *words], cwd=house.home, env=house.environment(), input=given,
                          capture_output=True, text=True, timeout=60, check=False)


def admit(host, machine, name):
    line = host.hostler("gateway", "invite", name).stdout.strip()
    return line, machine.join(line)


with host_house(f"tcp://127.0.0.1:{free_port()}", ["ts-01", "ts-02"]) as host, Machine() as one, Machine() as two:
    with open(host.ini, "a", encoding="utf-8") as file:
        file.write("[trigger start]\nplugin = button\n")
    host.up()
    tap.same([line[1] for line in lines(host, "machine")], ["main"], "the first roster names the machine of the host")
    members = [line[1] for line in lines(host, "member")]
    tap.ok("trigger/start" in members, "which says what keys its instances have", members)
    first = lines(host, "epoch")[0][1]

    line, done = admit(host, one, "ts-01")
    tap.same(done.returncode, 0, "a machine joins by an invitation")
    tap.ok(int(lines(host, "epoch")[0][1]) == int(first) + 1 and lines(host, "invited", "ts-01"), "for which the roster was signed anew",
           roster(host))
    tap.ok(host.wait(lambda: lines(host, "joined", "ts-01"), 10), "it is in the roster of the host", roster(host))
    tap.ok(host.wait(lambda: same(host, one), 10), "and has the same one itself", roster(host), roster(one), one.said())
    keys = lines(host, "joined", "ts-01")[0]
    with open(one.path("state/pin"), encoding="ascii") as file:
        tap.same(file.read().split()[1], lines(host, "cluster")[0][1], "its pin says of which cluster it is")

    done = admit(host, two, "ts-02")[1]
    tap.ok(done.returncode == 0 and host.wait(lambda: lines(one, "joined", "ts-02") and same(one, two), 10),
           "a second one that joins is made known to the first", done.stderr, roster(one), roster(two))

    pin, at = host.path("secrets.d/pin.seal"), "desktop/enter.pin="
    done = seal(host, "pin", "--for", at + "gateway/ts-01,gateway/ts-02", "--to", pin)
    tap.same(done.returncode, 0, "a secret is sealed for both")
    one.down()
    done = host.hostler("gateway", "remove", "ts-01")
    tap.ok("hostler secrets exposed --gateway ts-01" in done.stdout, "who removes one hears what to look at next", done.stdout)
    tap.ok(done.returncode == 0 and host.wait(lambda: lines(host, "revoked", "gateway/ts-01", keys[4]), 10),
           "one that is removed is revoked", done.stderr, roster(host))
    tap.ok(not lines(host, "joined", "ts-01") and host.wait(lambda: same(host, two), 10), "everywhere", roster(host), roster(two))

    listed = host.json("secrets")[0]
    tap.ok("gateway/ts-01" in listed["could_open"] and "gateway/ts-01" not in listed["can_open"] and "gateway/ts-02" in listed["can_open"],
           "it counts as one that could open it", listed)
    done = seal(host, "pin", "--again", "--for", at + "gateway/ts-01", "--to", pin)
    tap.ok(done.returncode == 1 and "gateway/ts-01 was removed from this house" in done.stderr, "nothing is sealed for it alone", done.stderr)
    tap.same(seal(host, "pin", "--again", "--for", at + "gateway/ts-02", "--to", pin).returncode, 0, "the same value is sealed for the other")
    done = host.hostler("secrets", "exposed", "--gateway", "ts-01")
    tap.ok(done.returncode == 0 and "pin: ts-01 knows it from before" in done.stdout, "which the removed one still knows", done.stdout, done.stderr)
    with open(host.ini, encoding="utf-8") as file:
        ini = file.read()
    host.write("hostler.ini", ini.replace("user = bot1\n", "user = bot1\npassword = secret:pin\n"))
    tap.same(seal(host, "pin", "--again").returncode, 0, "it becomes a password of both in the configuration")
    listed = host.json("secrets")[0]
    tap.same((listed["state"], listed["cannot_open"], "gateway/ts-01" in listed["can_open"]), ("incomplete", ["gateway/ts-01"], False),
             "which one of them cannot open, and is not said to")
    done = host.hostler("secrets")
    tap.ok("pin cannot be opened by gateway/ts-01, without a key in this house" in done.stdout, "nor is it said to seal again, which would not help", done.stdout)
    host.write("hostler.ini", ini)
    tap.same(seal(host, "pin", "--for", at + "gateway/ts-02", "--to", pin, given="6789").returncode, 0, "another value is sealed")
    done = host.hostler("secrets", "exposed", "--gateway", "ts-01")
    tap.ok(done.returncode == 0 and "pin" not in done.stdout, "which it does not", done.stdout, done.stderr)

    host.down()
    host.up()
    tap.ok(lines(host, "revoked", "gateway/ts-01") and lines(host, "joined", "ts-02"), "the host starts with what it believed", roster(host))
    done = admit(host, one, "ts-01")[1]
    tap.ok(done.returncode == 0 and host.wait(lambda: lines(host, "joined", "ts-01") and same(host, one), 10),
           "invited again it is there again", done.stderr, roster(host), roster(one), one.said())
    again = lines(host, "joined", "ts-01")[0]
    tap.ok(again[2] == keys[2] and again[3] != keys[3] and again[4] != keys[4], "with other keys to seal with", keys, again)

    epoch = int(lines(host, "epoch")[0][1])
    with open(host.path(f"state/admitted/rosters/{epoch}"), encoding="ascii") as file:
        text = file.read().replace(again[3], keys[3])
    host.down()
    host.write(f"state/admitted/rosters/{epoch}", text)
    host.write(f"state/admitted/rosters/{epoch + 1}", text.replace(f"epoch {epoch}\n", f"epoch {epoch + 1}\n"))
    host.up()
    tap.ok(host.wait(lambda: "is not taken over" in host.said(), 20) and lines(host, "joined", "ts-01") == [again],
           "what the engine could have made up is not believed", host.said())
    done = host.json("gateway", "remove", "ts-02")
    tap.same((done["name"], done["was"], done["signed"], done["may_know"]), ("ts-02", "gateway", [], ["pin"]), "programs hear what one that is removed may know")

tap.end()
