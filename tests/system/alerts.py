#!/usr/bin/env python3
"""What is wrong is told once, through a connector, again after a while, and closed; an engine that dies tells nothing twice."""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, free_port, null_house

tap = Tap()

FILES = {
    "desktop-flows/nothing/desktop-flow.ini":
        "[desktop-flow]\nname = nothing\nversion = 1\nrun = true\nscreenshots = none\n",
    "flows/bad.ini": "[flow]\nname = bad\n\n[step it]\nuse = desktop:nothing\nconnection = bad\nmode = unattended\n",
    "desktop-flows/slow/desktop-flow.ini":
        "[desktop-flow]\nname = slow\nversion = 1\nrun = sleep 1000\nscreenshots = none\n",
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    # It fails as long as the file is not there.
    "flows/read.ini": "[flow]\nname = read\n\n[step it]\nuse = connector:word.read\ninput.file = order\n",
}
AWAY = "[device away]\ngateway = elsewhere\n\n"
ALERTS = """[connector word]
plugin = file
root = word

[connection bad]
target = device:here
user = bot2

[alert night]
when = failed, lost, waiting > 2s, no progress > 1s, device offline > 1s, connection blocked, disk < 1K
use = connector:word.append
input.file = told
input.text = ${alert.state} ${alert.when} flow=${alert.flow} device=${alert.device} count=${alert.count}

[alert day]
when = failed
flows = read
use = connector:word.append
input.file = day
repeat = 1s
closing = no

[alert broken]
when = failed
use = connector:word.append
input.file = nowhere/told
"""


def told(house):
    with open(house.path("word/told"), encoding="utf-8") as file:
        return file.read().splitlines()


def waits_for(house, line, name):
    tap.ok(house.wait(lambda: line in told(house), 15), name, line, *told(house), house.hostler("alerts").stdout, house.said()[-1500:])


def of(house, when):
    return next((one for one in house.json("alerts") if one["when"] == when), None)


def notification(house, when, alert):
    one = of(house, when) or {"notifications": []}
    return next((told for told in one["notifications"] if told["alert"] == alert), {"state": None, "error": None})


def engine_pid(house):
    with open(house.path("state/children"), encoding="utf-8") as file:
        return next((int(line.split()[2]) for line in file if line.startswith("engine ready ")), None)


def hold_pid(house):
    """The session process that has the desktop flow as its child, and would say how it ended."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                name, rest = file.read().split(" (", 1)[1].rsplit(") ", 1)
            if name == "sleep" and house.home in os.readlink(f"/proc/{pid}/cwd"):
                return int(rest.split()[1])
        except (OSError, ValueError, IndexError):
            continue
    raise AssertionError("no desktop flow runs")


def wrong_ones(house):
    house.write("wrong.ini", open(house.ini, encoding="utf-8").read().split("[alert night]")[0] + """[alert one]
when = faild, waiting > soon, lost, lost > 3m
flows = raed
use = connector:word.apend

[alert two]
when = failed, failed > 1m
use = desktop:nothing

[alert three]
when = lost
use = connector:word.append
input.fiel = x
input.text = ${alert.txt} ${trigger.name}

[alert four]
when = lost
use = connector:word.append
input.file = secret:x

[alert five]
when = lost
use = connector:word.append
""")
    text = open(house.path("wrong.ini"), encoding="utf-8").read().splitlines()
    right, house.ini = house.ini, house.path("wrong.ini")
    said = house.hostler("check").stderr
    house.ini = right

    def line(beginning, after):
        return next(i + 1 for i, one in enumerate(text) if i >= text.index(after) and one.startswith(beginning))

    for beginning, after, words in (
            ("when", "[alert one]", '"faild" is no condition; did you mean "failed"?'),
            ("when", "[alert one]", '"waiting" is compared with a duration'),
            ("when", "[alert one]", '"lost" is compared with nothing'),
            ("flows", "[alert one]", 'there is no flow "raed"; did you mean "read"?'),
            ("use", "[alert one]", 'connector "word" has no action "apend"; did you mean "append"?'),
            ("when", "[alert two]", '"failed" is compared with nothing'),
            ("use", "[alert two]", "an alert tells through an action"),
            ("input.text", "[alert three]", "${trigger.name}: an alert belongs to no run"),
            ("input.file", "[alert four]", "an alert is given no secrets"),
            ("[alert five]", "[alert five]", "[alert five] needs input.file")):
        front = f"{house.path('wrong.ini')}:{line(beginning, after)}: error: "
        tap.ok(any(one.startswith(front) and words in one for one in said.splitlines()), f"check says: {words}", front, said)


with null_house({**FILES, "people": "sign-in of bot2 fails: wrong password\n"}, plugin="sim", driver="people_file = people", more=ALERTS) as house:
    ini = open(house.ini, encoding="utf-8").read().replace("listen = none", f"listen = tcp://127.0.0.1:{free_port()}")
    house.write("hostler.ini", ini + AWAY)
    wrong_ones(house)
    # As root the worker is another user.
    house.write("word/told", "")
    os.chmod(house.path("word/told"), 0o666)
    os.chmod(house.path("word"), 0o777)
    house.up(lambda: house.hostler("alerts").returncode in (0, 1))
    waits_for(house, "begun device offline flow= device=away count=1", "a device that is not there is told after its limit")

    house.hostler("run", "read")
    waits_for(house, "begun failed flow=read device= count=1", "a run that has failed is told")
    house.hostler("run", "read", "--wait")
    tap.ok(house.wait(lambda: os.path.exists(house.path("word/day")) and
                      "still: failed: 2 runs of read have failed" in open(house.path("word/day"), encoding="utf-8").read(), 15),
           "what is still wrong is told again, in words of the host's own", house.hostler("alerts").stdout)
    house.hostler("run", "bad")
    waits_for(house, "begun connection blocked flow= device=here count=1", "a sign-in that failed is told")
    waits_for(house, "begun waiting flow=bad device=device:here count=1", "and so is the run that waits for it")

    done = house.hostler("alerts")
    tap.ok(done.returncode == 1 and "failed: 2 runs of read have failed, the last one #2: " in done.stdout and
           "hostler show 2" in done.stdout and "night (connector:word.append): told " in done.stdout,
           "alerts says what is wrong, what to do, and who was told", done.stdout, done.stderr)
    tap.ok("ConnectionBlocked" in (of(house, "waiting") or {}).get("sentence", ""), "and why a run waits", done.stdout)
    broken = notification(house, "failed", "broken")
    tap.ok(broken["state"] == "failing" and "nowhere" in broken["error"], "and which notification failed, and why", broken)
    first = house.json("doctor")[0]
    tap.ok(first["area"] == "alert" and first["state"] == "problem", "doctor begins with what is wrong", first)

    before = engine_pid(house)
    os.kill(before, signal.SIGKILL)
    tap.ok(house.wait(lambda: engine_pid(house) not in (None, before) and house.hostler("alerts").returncode == 1, 20),
           "the engine dies and is started again", house.said()[-1500:])
    house.hostler("run", "read", "--wait")
    tap.ok(house.wait(lambda: (of(house, "failed") or {}).get("count") == 3, 10), "it knows what was wrong before", of(house, "failed"))

    house.write("word/order", "one\n")
    house.hostler("run", "read", "--wait")
    waits_for(house, "ended failed flow=read device= count=3", "a run that goes well ends it, also after the restart")
    house.hostler("cancel", "last:bad")
    waits_for(house, "ended waiting flow=bad device=device:here count=1", "a run that waits no more ends it")
    house.hostler("connection", "unblock", "bad")
    waits_for(house, "ended connection blocked flow= device=here count=1", "so does a connection that is in order")
    house.write("hostler.ini", ini)
    tap.same(house.hostler("reload").returncode, 0, "a device may go by a reload")
    waits_for(house, "ended device offline flow= device=away count=1", "which ends what was wrong with it")

    house.hostler("run", "slow")
    waits_for(house, "begun no progress flow=slow device=here count=1", "a flow that says nothing is told")
    os.kill(hold_pid(house), signal.SIGKILL)
    waits_for(house, "begun lost flow=slow device=here count=1", "and so is one that nobody knows the end of")
    tap.ok("hostler resolve " in (of(house, "lost") or {}).get("remedy", ""), "with the line to say", of(house, "lost"))
    house.hostler("resolve", "last:slow/it", "succeeded")
    waits_for(house, "ended lost flow=slow device=here count=1", "which ends it")
    waits_for(house, "ended no progress flow=slow device=here count=1", "as what is lost is not quiet any more")
    # What else is slow on a busy machine is of no concern here.
    about = {"connection blocked": "flow= device=here", "device offline": "flow= device=away", "failed": "flow=read device=",
             "lost": "flow=slow device=here", "no progress": "flow=slow device=here", "waiting": "flow=bad device=device:here"}
    lines = [line.rsplit(" count=", 1)[0] for line in told(house)]
    tap.same([(state, when, lines.count(f"{state} {when} {of_what}")) for when, of_what in about.items() for state in ("begun", "ended")],
             [(state, when, 1) for when in about for state in ("begun", "ended")], "each was told once, and closed once")
    done = house.hostler("alerts")
    tap.ok(done.returncode == 0 and done.stdout == "nothing is wrong\n", "now nothing is wrong", done.stdout)
    tap.ok("over:" not in open(house.path("word/day"), encoding="utf-8").read(), "one that wants no closing has none")

tap.end()
