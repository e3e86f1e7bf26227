#!/usr/bin/env python3
"""The configuration is read again and again, each time another one, while runs are started all the time: none is lost."""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()
ROUNDS = int(os.environ.get("HOSTLER_ROUNDS", "12"))

INI = """[host]
state_dir = state
run_dir = run
listen = none
profile = {profile}

[gateway]
name = here
driver = nul
strategy = {strategy}
accounts = bot1, bot2

[device one]
[device two]
{devices}

[driver nul]
plugin = null
{driver}

[strategy kept]
plugin = open
reuse_session = {reuse}

[cluster pool]
members = {members}

[connection me]
target = {target}
user = {user}

[connector notes]
plugin = file
root = notes
workers = {workers}

[trigger hello]
plugin = button
input.name = text required
{inputs}
"""

FLOW = """[flow]
name = hello
on = hello
summary = round {n}

[step note]
use = connector:notes.append
input.file = notes
input.text = ${{trigger.name}}

[step greet]
use = desktop:greet
connection = me
mode = unattended
input.name = ${{trigger.name}}
"""


def configure(house, n):
    """Another configuration each time; each of its parts is as before now and then."""
    # As a whole, like a careful editor: the commands that start runs read it, too.
    house.write("next.ini", INI.format(
        profile=("2022", "v1")[n % 2], strategy=("open", "server-rds", "kept")[n % 3], devices="[device three]" if n % 4 == 1 else "",
        driver="start = yes" if n % 5 == 2 else "start = no", reuse=("yes", "no")[n // 3 % 2],
        members="one, two, three" if n % 4 == 1 else ("one, two", "two")[n % 2], target=("cluster:pool", "device:one")[n % 3 == 0],
        user=("bot1", "bot2")[n // 2 % 2], workers=1 + n % 3, inputs="input.more = text" if n % 4 >= 2 else ""))
    os.replace(house.path("next.ini"), house.ini)
    house.write("flows/hello.ini", FLOW.format(n=n))
    if n % 2:
        house.write("flows/other.ini", FLOW.format(n=n).replace("name = hello", "name = other").replace("on = hello\n", ""))
    elif os.path.exists(house.path("flows/other.ini")):
        os.remove(house.path("flows/other.ini"))


class Load:
    """Starts runs by hand from its own threads: the trigger's process is replaced now and then, and presses say so."""

    def __init__(self, house):
        self.house = house
        self.over = False
        self.runs, self.refused = [], []
        self.threads = [threading.Thread(target=self.start) for _ in range(2)]

    def start(self):
        while not self.over:
            done = self.house.hostler("--json", "run", "hello", "--input", "name=Ada")
            (self.runs if done.returncode == 0 else self.refused).append(done.stdout)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()


with null_house({"notes/notes": ""}) as house:
    # Started by root, workers are a user of their own.
    os.chmod(house.path("notes"), 0o777)
    os.chmod(house.path("notes/notes"), 0o666)
    configure(house, 0)
    house.up()
    codes, said = [], []
    with Load(house) as load:
        for n in range(1, ROUNDS + 1):
            configure(house, n)
            if n % 4 == 0:
                house.write("flows/bad.ini", "[flow]\nname = bad\n\n[step it]\nuse = desktop:nothing\n")
                codes.append(house.hostler("reload").returncode)
                os.remove(house.path("flows/bad.ini"))
            done = house.hostler("reload")
            codes.append(done.returncode)
            said.append(done.stdout + done.stderr)
    tap.same(codes, [code for n in range(1, ROUNDS + 1) for code in ([2, 0] if n % 4 == 0 else [0])],
             "every reload comes to its end, the bad ones refused") or print("#", said)
    tap.ok(not any("missing" in text for text in said), "and every worker comes up", said)
    tap.same(load.refused, [], "no run was refused meanwhile")
    tap.ok(len(load.runs) > ROUNDS / 2, f"{len(load.runs)} runs were started")

    def unfinished():
        return [run for run in house.json("runs", "-n", "1000") if not run["ended"]]

    tap.ok(house.wait(lambda: not unfinished(), 120), "all of them come to their end", unfinished(), house.said()[-3000:])
    states = {}
    for run in house.json("runs", "-n", "1000"):
        states.setdefault((run["state"], (run["reason"] or {}).get("code")), []).append(run["id"])
    tap.same({state: len(runs) for state, runs in states.items()}, {("succeeded", None): len(load.runs)}, "and well") or \
        print("#", house.json("show", next(runs[0] for state, runs in states.items() if state[0] != "succeeded")), house.said()[-3000:])
    house.down()
    tap.same([line for line in house.said().splitlines() if "Sanitizer" in line or "crashed" in line or "signal 11" in line or "signal 6" in line],
             [], "nothing crashed, and nothing was left")
tap.end()
