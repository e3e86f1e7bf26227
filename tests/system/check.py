#!/usr/bin/env python3
"""A configuration with errors: every one of them is named in one go, with file and line, and nothing is started."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()

FILES = {
    "hostler.ini": """[host]
stat_dir = x
flows = flows/*.ini
listen = none

[gateway]
name = here
driver = nul
strateg = open

[trigger hello]
input.name = text required

[trigger good]
plugin = button
input.size = choice small,,large

[connector x]
plugin = file
rot = y

[connection me]
target = device:her
user = bot1

[cluster empty]
members =
""",
    "flows/first.ini": """[flow]
name = first
on = helo

[step a]
use = connector:x.read
input.file = a
conection = me

[step b]
use = desktop:nothing
when = ${a.text} ==
input.a = ${c.d}
""",
    "flows/second.ini": "[flow]\nname = first\nretries = 3\n",
}

# File, line, and what the sentence must contain.
EXPECTED = [
    ("hostler.ini", 2, '"state_dir"'), ("hostler.ini", 8, '"null"'), ("hostler.ini", 9, '"strategy"'),
    ("hostler.ini", 11, "plugin"), ("hostler.ini", 16, "input.size"), ("hostler.ini", 18, "root"), ("hostler.ini", 20, '"root"'),
    ("hostler.ini", 23, '"here"'), ("hostler.ini", 27, "GroupIsEmpty"), ("flows/first.ini", 3, '"hello"'),
    ("flows/first.ini", 8, '"connection"'), ("flows/first.ini", 10, '"mode"'), ("flows/first.ini", 11, "nothing"),
    ("flows/first.ini", 12, ""), ("flows/first.ini", 13, "${c.d}"), ("flows/second.ini", 3, "retries"),
]

with House(FILES) as house:
    done = house.hostler("check")
    tap.same(done.returncode, 2, "check exits with 2")
    lines = done.stderr.splitlines()
    for name, number, part in EXPECTED:
        place = f"{house.path(name)}:{number}: error: "
        tap.ok(any(line.startswith(place) and part in line for line in lines), f"{name}:{number} is named, with {part or 'its cause'}",
               done.stderr)
    places = [line.split(": error: ")[0].rsplit(":", 1) for line in lines if ": error: " in line]
    tap.ok(places == sorted(places, key=lambda place: (place[0], int(place[1]))), "in the order of file and line", done.stderr)
    found = json.loads(house.hostler("--json", "check").stdout)
    tap.ok(isinstance(found, list) and len(found) >= len(EXPECTED), "--json has the same as a list", found)
    done = house.hostler("up", time_out=30)
    tap.same(done.returncode, 2, "up exits with 2")
    tap.ok("error" in done.stderr + done.stdout, "and says why", done.stdout, done.stderr)
    tap.ok(not os.path.exists(house.path("state")), "and has started nothing", os.listdir(house.home))
LIVE = {
    "hostler.ini": """[host]
listen = none
state_dir = state
run_dir = run

[gateway]
name = here
driver = nul
strategy = open
accounts = bot1

[driver nul]
plugin = null

[trigger hello]
plugin = button

[connector orders]
plugin = file
root = orders
""",
    "orders/none": "",
}
with House(LIVE) as house:
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 0 and all(f"{name}: can do its work here" in done.stdout for name in
                                        ("trigger hello", "connector orders", "driver nul, device here")),
           "check --live says of every instance that it could work", done.stdout, done.stderr)
    house.write("hostler.ini", LIVE["hostler.ini"].replace("root = orders", "root = orders/gone"))
    done = house.hostler("check", "--live")
    tap.ok(done.returncode == 1 and "hostler.ini:18: error: connector orders: " in done.stderr and "trigger hello: can do" in done.stdout,
           "and of one that could not, why not", done.returncode, done.stdout, done.stderr)
    rows = house.json("check", "--live")
    tap.same([(row["line"], row["text"].split(":")[0]) for row in rows], [(18, "connector orders")], "as JSON, too")
tap.end()
