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
# What only a plugin can say of a value of its options, which it would else say once it is started.
VALUES = """[host]
listen = none
state_dir = state
run_dir = run

[gateway]
name = here
driver = plain
accounts = bot1

[driver plain]
plugin = x11
screen = 1280*800

[driver wide]
plugin = xrdp
screen = 1280x

[driver place]
plugin = xrdp
sockets = sockdir

[driver trusting]
plugin = xrdp
keep = yes

[driver far]
plugin = xrdp
keep = yes
certificate = 00:11
rdp = localhost:3389

[driver where]
plugin = xrdp
keep = yes
ca = ca.pem
rdp = localhost:port

[driver small]
plugin = xrdp
keep = yes
ca = ca.pem
screen = 100x100

[driver stage]
plugin = sim
people_file = people.txt
"""
WRONG = [(13, "screen = 1280*800: write WIDTHxHEIGHT"), (17, "screen = 1280x: write"), (21, "sockets = sockdir: write the absolute path"),
         (25, "keep = yes needs certificate or ca"), (30, "64 hexadecimal digits"), (37, "port between 1 and 65535"),
         (43, "screen = 100x100: with keep = yes"), (47, "people.txt:1: ")]
with House({"hostler.ini": VALUES, "people.txt": "ann sings in\n"}) as house:
    done = house.hostler("check")
    for number, part in WRONG:
        place = f"{house.path('hostler.ini')}:{number}: error: "
        tap.ok(any(line.startswith(place) and part in line for line in done.stderr.splitlines()), f"line {number}: {part}", done.stderr)
    tap.same((done.returncode, done.stderr.count("error: ")), (2, len(WRONG)), "and nothing else is wrong")
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
