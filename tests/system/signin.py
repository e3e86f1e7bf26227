#!/usr/bin/env python3
"""A sign-in that fails blocks its connection and nothing else, until somebody says that the account is in order."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

FLOW = "[flow]\nname = {0}\n\n[step it]\nuse = desktop:hello\nconnection = {0}\nmode = unattended\n"
FILES = {
    "desktop-flows/hello/desktop-flow.ini":
        "[desktop-flow]\nname = hello\nversion = 1\nrun = true\nscreenshots = none\n",
    "flows/good.ini": FLOW.format("good"),
    "flows/bad.ini": FLOW.format("bad"),
}
MORE = """[connection good]
target = device:here
user = bot1

[connection bad]
target = device:here
user = bot2
"""
REFUSED = "sign-in of bot2 fails: wrong password\n"


def shown(house, run):
    return house.json("show", run)["steps"][0]


def connection(house, name):
    return next(one for one in house.json("connection", "list") if one["name"] == name)


with null_house({**FILES, "people": REFUSED}, more=MORE, plugin="sim", driver="people_file = people") as house:
    house.up()
    tap.same([connection(house, name)["state"] for name in ("good", "bad")], ["untried", "untried"],
             "nothing is known of a connection before its first sign-in")
    house.hostler("run", "bad")
    tap.ok(house.wait(lambda: connection(house, "bad")["state"] == "blocked", 20), "a failed sign-in blocks its connection",
           house.hostler("show", "last:bad").stdout)
    step = shown(house, "last:bad")
    tap.same((step["state"], step["reason"]["code"], step["reason"]["class"]), ("queued", "ConnectionBlocked", "wait"),
             "its run waits, and says why")
    tap.ok("SessionCreationInvalidCredentials" in step["reason"]["text"] and "here" in step["reason"]["text"] and
           "hostler connection unblock bad" in step["reason"]["text"], "with the device, the code and the remedy", step)
    tap.ok("hostler connection unblock bad`" in step["reason"]["remedy"], "which names the connection", step)
    house.hostler("run", "bad")
    tap.ok("ConnectionBlocked" in house.hostler("queue").stdout, "the queue says it of everybody who waits")
    tap.same(connection(house, "bad")["waiting"], 2, "the list says how many wait")
    tap.same(house.hostler("run", "good", "--wait").returncode, 0, "other connections go on")
    tap.same(connection(house, "good")["state"], "working", "and are known to work")

    house.down()
    house.up()
    tap.same(connection(house, "bad")["state"], "blocked", "a restart lifts nothing")
    tries = house.said().count("was not signed in")
    tap.same(tries, 1, "and tries nothing")

    done = house.hostler("connection", "unblock", "bad")
    tap.ok(done.returncode == 0 and "signs in again" in done.stdout, "somebody says that it is in order", done)
    tap.ok(house.wait(lambda: connection(house, "bad")["state"] == "blocked" and
                      house.said().count("was not signed in") == 2, 20), "then one run tries, once", house.said()[-2000:])

    done = house.hostler("connection", "unblock", "nobody")
    tap.ok(done.returncode == 2 and "connection list" in done.stderr, "a connection that is not there is bad input", done)
    done = house.hostler("connection", "unblock", "good")
    tap.ok(done.returncode == 0 and "was not blocked" in done.stdout, "one that is not blocked stays as it is", done)
    done = house.hostler("connection", "test", "good")
    tap.ok(done.returncode == 0 and "signed in, and out again" in done.stdout, "a connection can be tried", done)

    house.write("people", "")
    house.down()
    house.up()
    house.hostler("connection", "unblock", "bad")
    tap.ok(house.wait(lambda: all(run["state"] == "succeeded" for run in house.json("runs")), 30),
           "with the account in order all who waited run", house.hostler("runs").stdout)

PASSWORDS = """[connection locked]
target = device:here
user = bot1
password = secret:bot
"""


def seal(house, password):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", "bot"), env=house.environment(), cwd=house.home, input=password,
                          capture_output=True, text=True, timeout=60, check=False)


def tries(house):
    return house.said().count("was not signed in")


LOCKED = {**FILES, "flows/good.ini": FLOW.format("locked"), "flows/bad.ini": FLOW.format("locked").replace("name = locked", "name = second")}
with null_house(LOCKED, more=PASSWORDS, plugin="sim", driver="password = right-4711") as house:
    with open(house.ini, encoding="utf-8") as file:
        house.write("hostler.ini", file.read().replace("[connection me]", "[connection me]\npassword = secret:bot"))
    house.up()
    tap.same(seal(house, "wrong-0815").returncode, 0, "a password is sealed")
    house.hostler("run", "locked")
    house.hostler("run", "second")
    tap.ok(house.wait(lambda: connection(house, "locked")["state"] == "blocked", 20), "a wrong one blocks its connection", house.said())
    serial = json.loads(house.hostler("secrets", "--json").stdout)[0]["serial"]
    tap.same(connection(house, "locked")["blocked"]["serial"], serial, "which says the serial that has failed")
    tap.ok("serial" in house.hostler("connection", "list").stdout, "for people too", house.hostler("connection", "list").stdout)
    house.hostler("connection", "unblock", "locked")
    tap.ok(house.wait(lambda: tries(house) == 2 and connection(house, "locked")["state"] == "blocked", 20),
           "somebody may have the same one tried again, once", house.said())
    tap.same(seal(house, "wrong-too").returncode, 0, "another one is sealed, which is wrong, too")
    tap.ok(house.wait(lambda: tries(house) == 3 and connection(house, "locked")["state"] == "blocked", 20),
           "a newer one is tried by itself, by one run alone", house.said())
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 1 and "connection locked: blocked" in done.stderr and
           "connection me: signing in on here: SessionCreationInvalidCredentials" in done.stderr and tries(house) == 4,
           "check signs in with every connection but those that are blocked", done)
    done = house.hostler("connection", "test", "locked", "--json")
    tried = json.loads(done.stdout)
    tap.same((done.returncode, [(one["device"], one["worked"], one["reason"]["code"]) for one in tried]),
             (1, [("here", False, "SessionCreationInvalidCredentials")]), "a person may try it, and hears what happened")
    tap.ok("connection unblock locked`" in tried[0]["reason"]["remedy"] and "seal the right one" in tried[0]["reason"]["text"], "with the remedy", tried)
    tap.same((house.hostler("connection", "test", "lockd").returncode, house.hostler("connection", "test", "locked", "--device", "there").returncode), (2, 2),
             "what is not there is bad input")
    tap.same((tries(house), connection(house, "locked")["state"]), (5, "blocked"), "that was one try more, and blocks it as any other")
    tap.same(seal(house, "right-4711").returncode, 0, "the right one is sealed")
    tap.ok(house.wait(lambda: all(run["state"] == "succeeded" for run in house.json("runs")), 30), "then all who waited run",
           house.hostler("runs").stdout)
    tap.same((tries(house), connection(house, "locked")["state"]), (5, "working"), "without another failure")
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 0 and "secret bot: gateway/here can open it (connection/locked.password)" in done.stdout, "check asks the gateway, too", done)
    tap.ok("connection locked: here let it sign in, and out again" in done.stdout, "and signs in with every connection", done)
    with open(house.ini, "a", encoding="utf-8") as file:
        for name in ("lost", "gone"):
            file.write(f"\n[connection {name}]\ntarget = device:here\nuser = bot2\npassword = secret:{name}\n")
    house.hostler("reload")
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 1 and done.stderr.count("was not sealed yet") == 2 and done.stderr.count(": error: ") == 2, "secrets that are not sealed are all named, each once", done)
    tap.ok("connection locked: here let it sign in, and out again" in done.stdout and "secret bot: gateway/here can open it" in done.stdout and
           "connection lost: was not tried" in done.stdout, "and what does not need them is asked all the same", done)
    done = house.hostler("connection", "test", "locked")
    tap.same((done.returncode, [session for device in house.json("devices") for session in device["sessions"]]), (0, []),
             "it can be tried, and no session stays")

tap.end()
