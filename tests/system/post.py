#!/usr/bin/env python3
"""Buttons and posted events as people and scripts use them: a double press is one press, who pressed is known by their key,
wrong inputs are refused in words."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()

FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger order]
plugin = button
guard = 1h
input.pieces = integer from 1 to 99 required
input.size = choice small, large default large
label.pieces = How many

[connector notes]
plugin = file
root = notes
""",
    "flows/note.ini": """[flow]
name = note
on = order

[step write]
use = connector:notes.append
input.file = notes.txt
input.text = ${trigger.pieces} ${trigger.size} by ${trigger.pressed_by}
""",
}


def notes(house):
    with open(house.path("notes/notes.txt"), encoding="utf-8") as file:
        return file.read().split("\n")


with House(FILES) as house:
    os.mkdir(house.path("notes"))
    os.chmod(house.path("notes"), 0o777)
    house.up()
    first = house.json("press", "order", "--input", "pieces=3")
    again = house.json("press", "order", "--input", "pieces=3")
    tap.ok(first[0].get("again") is None and again[0].get("again") is True, "a double press is said to be one", first, again)
    tap.same((again[0]["number"], again[0]["id"]), (first[0]["number"], first[0]["id"]), "and its run is the first one's")
    done = house.hostler("press", "order", "--input", "pieces=3", "--wait")
    tap.ok(done.returncode == 0 and "#1 " in done.stdout and "made before" in done.stdout, "people are told so, too", done.stdout, done.stderr)
    other = house.json("press", "order", "--input", "pieces=4")
    tap.same(other[0]["number"], first[0]["number"] + 1, "other inputs are another press")
    tap.ok(house.hostler("press", "order", "--input", "pieces=4", "--wait").returncode == 0, "whoever presses twice may wait for the one run")
    tap.same(notes(house)[:2], ["3 large by root", "4 large by root"], "who pressed is a token")
    for words, parts, name in (
            (("--input", "pieces=0"), ("pieces", "1 to 99", "0"), "a bad input is refused with the field, what is wanted and what was given"),
            (("--input", "piece=3"), ("piece", "pieces"), "an unknown one with the nearest known"),
            (("--input", "pieces=3", "--input", "pressed_by=anna"), ("pressed_by",), "nobody says who pressed but their key")):
        done = house.hostler("press", "order", *words)
        tap.ok(done.returncode == 2 and all(part in done.stderr for part in parts), name, done.returncode, done.stderr)
    house.down()
tap.end()
