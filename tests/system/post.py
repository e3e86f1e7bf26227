#!/usr/bin/env python3
"""Buttons and posted events as people and scripts use them: a double press is one press, who pressed is known by their key,
wrong inputs are refused in words,
and a key makes a repeat harmless."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap
from terminal import Terminal

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

[trigger paid]
plugin = event
field.number = integer from 1 required
field.lines = table
field.express = boolean default no
field.pin = secret
field.document = file

[trigger scan]
plugin = button
input.document = file required

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


FILES["flows/scan.ini"] = """[flow]
name = scan
on = scan

[step write]
use = connector:notes.append
input.file = notes.txt
input.text = scanned ${trigger.document}
"""

FILES["flows/paid.ini"] = """[flow]
name = paid
on = paid

[step write]
use = connector:notes.append
input.file = notes.txt
input.text = paid ${trigger.number} ${trigger.express} by ${trigger.posted_by}
"""

BODIES = (
    ("[1]", ("no JSON object",), "a body that is no object is refused"),
    ('{"number":1,\n "lines": [,]}', ("line 2, column 12",), "a mistake in its JSON has a line and a column"),
    ('{"number":1,"number":2}', ("two members",), "so is a member that stands twice"),
    ('{"number":1,"expres":true}', ("expres", "did you mean", "express"), "an unknown member is named, and the nearest known"),
    ('{"express":true}', ("number", "missing"), "a missing field is named"),
    ('{"number":"many"}', ("number", "integer", "many"), "a wrong one with what is wanted and what was given"),
    ('{"number":0}', ("number", "at least 1"), "bounds hold"),
    ('{"number":1,"lines":{"a":1}}', ("lines", "table"), "a table is a list of records"),
    ('{"number":1,"pin":"1234"}', ("pin", "--secret pin"), "a secret in the body is refused, with what to say instead"),
    ('{"number":1,"posted_by":"anna"}', ("posted_by",), "nobody says who posted but their key"),
    ('{"number":' + "1" * 1100000 + "}", ("larger than",), "a body has a ceiling"),
    ("[" * 100 + "]" * 100, ("deep",), "and so has its depth"),
)


def posted(house, body, *words):
    house.write("body.json", body)
    return house.hostler("post", "paid", "--body", "body.json", *words)


def on_terminal(house):
    line = house.command("hostler", "-c", house.ini, "press", "order", "--wait")
    terminal = Terminal(line, house.environment())
    tap.ok(terminal.until("How many (integer, 1 to 99): "), "on a terminal a required input is asked for by its label", terminal.said)
    terminal.type("100\n")
    tap.ok(terminal.until("must be 1 to 99, got 100"), "of what does not fit is said why, and it is asked for again", terminal.said)
    terminal.type("7\n")
    tap.same(terminal.end(), 0, "and then it is pressed")

    house.write("order.pdf", "a document")
    terminal = Terminal(house.command("hostler", "-c", house.ini, "press", "scan", "--wait"), house.environment())
    tap.ok(terminal.until("document (file): "), "a file is asked for", terminal.said)
    terminal.type("nowhere.pdf\n")
    tap.ok(terminal.until("nowhere.pdf cannot be read"), "one that is not there again", terminal.said)
    terminal.type(house.path("order.pdf") + "\n")
    tap.ok(terminal.end() == 0 and "scanned trigger/order.pdf" in notes(house), "and it is sent by its path", terminal.said)


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
    on_terminal(house)
    tap.ok("7 large by root" in notes(house), "with what was typed", notes(house))
    done = house.hostler("press", "order", "--help")
    tap.ok(done.returncode == 0 and all(part in done.stdout for part in ("usage:", "pieces", "1 to 99", "How many", "small, large")),
           "press BUTTON --help says what it takes", done.stdout)
    done = house.hostler("triggers", "paid")
    tap.ok(all(part in done.stdout for part in ("trigger/event", "express", "boolean", "no", "at least 1", "required")), "and so does triggers NAME",
           done.stdout)
    tap.same(house.json("triggers", "paid")["inputs"][0]["min"], 1, "also with --json")
    done = house.hostler("triggers", "payd")
    tap.ok(done.returncode == 2 and "paid" in done.stderr, "of one that is not there the nearest is named", done.stderr)

    runs = len(house.json("runs"))
    for body, parts, name in BODIES:
        done = posted(house, body)
        tap.ok(done.returncode == 2 and all(part in done.stderr for part in parts), name, done.returncode, done.stderr[:500])
    tap.same(len(house.json("runs")), runs, "what is refused makes no run")
    done = posted(house, '{"number":5,"lines":[{"a":1}]}', "--key", "five", "--wait")
    tap.ok(done.returncode == 0 and "paid 5 no by root" in notes(house), "an event is posted, waited for and used", done.stdout, done.stderr)
    done = posted(house, '{"number":5}', "--key", "five")
    tap.ok(done.returncode == 0 and f"#{runs + 1} " in done.stdout and "made before" in done.stdout, "a repeat under its key is harmless, and said",
           done.stdout, done.stderr)
    os.kill(house.daemon.pid, signal.SIGKILL)
    house.daemon.wait()
    house.daemon = None
    house.up()
    house.write("body.json", '{"number":5}')
    again = house.json("post", "paid", "--body", "body.json", "--key", "five")[0]
    tap.same((again["number"], again["again"]), (runs + 1, True), "also after a kill -9")
    tap.same(house.json("runs", "-n", "1")[0]["number"], runs + 1, "with one run for it")
    house.write("body.json", '{"number":8,"document":"order.pdf"}')
    posted_run = house.json("post", "paid", "--body", "body.json", "--key", "eight")[0]
    got = house.hostler("get", f"{posted_run['number']}/trigger", "order.pdf", "-o", "-")
    tap.same(got.stdout, "a document", "a file of a body is sent by its path")
    again = house.json("post", "paid", "--body", "body.json", "--key", "eight")[0]
    tap.same((again["number"], again["again"]), (posted_run["number"], True), "also with a file a repeat is harmless")
    house.write("body.json", '{"number":5}')
    done = house.hostler("post", "paid", "--key", "x" * 129, "--body", "body.json")
    tap.ok(done.returncode == 2 and "128" in done.stderr, "a key has a ceiling", done.stderr)
    with_stdin = subprocess.run(house.command("hostler", "-c", house.ini, "post", "paid", "--body", "-", "--wait"), env=house.environment(),
                                cwd=house.home, input='{"number":6,"express":true}', capture_output=True, text=True, timeout=60)
    tap.ok(with_stdin.returncode == 0 and "paid 6 yes by root" in notes(house), "a body may come from standard input", with_stdin.stderr)
    house.down()
tap.end()
