#!/usr/bin/env python3
"""check --rehearse plays the flows of a configuration by the rules of the house, as an ordinary user, and touches nothing: not a file, no
house that runs, no secret."""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()

CONF = """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here
driver = null
strategy = {strategy}
accounts = bot1, bot2

[device there]
gateway = far

[cluster both]
members = here, there
balancer = primary

[trigger mail]
plugin = email
server = imap.example.com
user = robot
password = secret:inbox

[trigger order]
plugin = button
input.number = integer required
input.size = choice small, large

[connector post]
plugin = mail
server = smtp.example.com
from = robot@example.com

[connector orders]
plugin = file
root = orders

[connection one]
target = device:here
user = bot1
password = secret:bot1

[connection any]
target = cluster:both
user = DOMAIN\\bot2
"""

FILES = {
    "hostler.ini": CONF.format(strategy="server-rds"),
    "desktop-flows/enter/desktop-flow.ini": """[desktop-flow]
name = enter
run = sh -c "touch /nonexistent/marks"
[input order]
type = integer
[input password]
type = secret
[output confirmation]
type = text
[output pin]
type = secret
""",
    "flows/enter.ini": """[flow]
name = enter
on = order, mail
label = ${flow.name}
[step find]
use = connector:orders.read_row
input.file = orders.csv
input.where = number
input.is = 7
[step enter]
use = desktop:enter
connection = one
mode = unattended
input.order = ${find.row.number}
input.password = secret:ledger
[step again]
use = desktop:enter
connection = any
mode = unattended
input.order = 7
input.password = ${enter.pin}
[step tell]
use = connector:post.send
when = ${enter.confirmation} == "never"
input.to = someone@example.com
input.subject = done
input.text = ${enter.confirmation}
""",
    "flows/sit.ini": """[flow]
name = sit
on = order
[step sit]
use = desktop:enter
connection = one
mode = attended
queue_timeout = 2h
input.order = ${trigger.number}
input.password = secret:ledger
""",
    "orders/orders.csv": "number\n7\n",
    "away": "at 20s ann signs in\nat 30s bot1 signs in\nat 60s bot1 locks\nat 90s bot1 signs out\n",
    "taken": "at 70s eve throws out bot2\n",
    "ended": "opening takes 5s\nat 80s root signs out bot2\n",
    "refused": "sign-in of bot1 fails: wrong password\n",
    "stays": "on here bot1 signs in\nat 100s eve throws out bot2\n",
}


def tree(house):
    """Everything below the house, with what it is."""
    found = {}
    for folder, _, names in os.walk(house.home):
        for name in names + ["."]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (status.st_size, status.st_mtime_ns, status.st_mode)
    return found


def rehearse(house, *options, status=0):
    done = subprocess.run(house.command("hostler", "-c", house.ini, "check", "--rehearse", "--json", *options), env=house.environment(),
                          cwd=house.home, capture_output=True, text=True, timeout=60, check=False)
    tap.ok(done.returncode == status, f"check --rehearse {' '.join(options)}: exit status {status}", done.stdout[:1500], done.stderr)
    return json.loads(done.stdout)


def steps(said, flow, trigger="order"):
    run = next(run for run in said["runs"] if (run["flow"], run["trigger"]) == (flow, trigger))
    return {step["name"]: step for step in run["steps"]}


with House(FILES) as house:
    before = tree(house)
    said = rehearse(house, "enter")
    tap.same([(run["trigger"], run["state"]) for run in said["runs"]], [("order", "succeeded"), ("mail", "succeeded")], "a flow runs once for each of its triggers")
    played = steps(said, "enter")
    tap.same([played[name]["state"] for name in ("find", "enter", "again", "tell")], ["succeeded", "succeeded", "succeeded", "skipped"], "its steps follow one another")
    tap.same([(played[name]["device"], played[name]["user"], played[name]["session"]) for name in ("enter", "again")],
             [("here", "bot1", "a new session"), ("here", "DOMAIN\\bot2", "a new session")], "on the devices of their connections")
    tap.same([(row["flow"], row["step"]) for row in said["never"]], [("enter", "tell")], "what never runs is named")

    said = rehearse(house, "sit", "--people", house.path("away"), status=1)
    sat = steps(said, "sit")["sit"]
    tap.same([wait["reason"] for wait in sat["waits"]], ["AttendedUserNotLoggedIn"], "an attended run waits for its user")
    tap.same((sat["started_ms"], sat["state"], sat["reason"], sat["ended_ms"]), (30000, "failed", "SessionLockedInRun", 60000),
             "starts when they come, and fails when they lock")

    tap.same([(row["line"], row["text"].split('"')[1]) for row in said["warnings"]], [(1, "ann")], "who is nobody of the configuration's is warned of")
    house.write("misspelt", "ann is a person\n\nann signs in\nat 1s BOT2 signs in\nat 2s bto1 signs in\nat 3s bto1 locks\nat 9s eve throws out bot3\n")
    said = rehearse(house, "sit", "--people", house.path("misspelt"), status=1)
    tap.ok([row["line"] for row in said["warnings"]] == [5, 7] and 'did you mean "bot1"?' in said["warnings"][0]["text"], "once, with whom may be meant", said["warnings"])
    done = subprocess.run(house.command("hostler", "-c", house.ini, "check", "--rehearse", "sit", "--people", house.path("misspelt")), env=house.environment(),
                          cwd=house.home, capture_output=True, text=True, timeout=60, check=False)
    tap.ok(f"{house.path('misspelt')}:5: warning: " in done.stderr and done.stderr.count("warning") == 2, "for people with file and line", done)
    said = rehearse(house, "--people", house.path("stays"), status=1)
    entered = steps(said, "enter")
    tap.same((entered["enter"]["state"], entered["enter"]["reason"], entered["enter"]["ended_ms"] // 1000), ("expired", "NoCandidateMachine", 3 * 3600),
             "whoever stays keeps a run waiting until its time-out")
    tap.ok("bot1" in entered["enter"]["waits"][0]["text"], "and is named", entered["enter"]["waits"])
    tap.same([entered["again"]["state"], steps(said, "sit")["sit"]["state"]], [None, "succeeded"], "what comes behind never begins; other flows are played for themselves")

    for people, reason, ended_ms in (("taken", "SessionTaken", 70000), ("ended", "SessionEnded", 80000)):
        again = steps(rehearse(house, "enter", "--people", house.path(people), status=1), "enter")["again"]
        tap.same((again["state"], again["reason"], again["ended_ms"]), ("failed", reason, ended_ms), f"a session that is {people} fails its run")
    said = rehearse(house, "enter", "--people", house.path("refused"), status=1)
    tap.same([wait["reason"] for wait in steps(said, "enter")["enter"]["waits"]], ["ConnectionBlocked"], "a sign-in that fails blocks its connection")

    said = rehearse(house, "sit", "--input", "number=12", status=1)
    tap.same((said["runs"][0]["event"]["number"], steps(said, "sit")["sit"]["reason"]), (12, "NoCandidateMachine"), "an event can be said")

    house.write("hostler.ini", CONF.format(strategy="win10"))
    said = rehearse(house, "enter", "--people", house.path("away"), status=0)
    tap.same(steps(said, "enter")["again"]["device"], "there", "with another strategy it goes elsewhere")
    house.write("wrong", "ann dances\n")
    house.write("away from here", "ann signs in\non hre ann locks\n")
    for options, words in ((("--people", house.path("wrong")), "wrong:1: what ann does"),
                           (("--people", house.path("away from here")), 'here:2: the configuration has no device "hre"; did you mean "here"?'), (("nosuch",), 'no flow "nosuch"'),
                           (("--input", "nosuch=1"), 'field "nosuch"'), (("sit", "--input", "number=x"), "number")):
        tap.ok(words in json.dumps(rehearse(house, *options, status=2)).replace("\\\"", '"'), f"bad input is said: {words}")
    after = tree(house)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} - {house.ini, house.path("wrong"), house.path("misspelt"), house.path("away from here"), os.path.join(house.home, ".")}
    tap.same(changed, set(), "nothing was written anywhere")

with House({**FILES, **{f"flows/many{i}.ini": FILES["flows/sit.ini"].replace("name = sit", f"name = many{i}") for i in range(200)}}) as house:
    began = time.monotonic()
    rehearse(house, "--people", house.path("stays"), status=1)
    tap.ok(time.monotonic() - began < 5 * float(os.environ.get("HOSTLER_TEST_SLOWER", "1")), "two hundred flows take less than 5 s", time.monotonic() - began)
    done = subprocess.run(house.command("hostler", "-c", house.ini, "check", "sit"), env=house.environment(), cwd=house.home, capture_output=True, text=True,
                          timeout=60, check=False)
    tap.ok(done.returncode == 2 and "belong to --rehearse" in done.stderr, "without --rehearse no flow is named", done)

tap.end()
