#!/usr/bin/env python3
"""What is killed or taken down in the middle of a run: it ends truthfully, blocks nobody, and the next run works."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()

FILES = {
    "desktop-flows/slow/desktop-flow.ini": """[desktop-flow]
name = slow
version = 1
run = sh $HOSTLER_PACKAGE/slow.sh
screenshots = none

[output done]
type = text
""",
    # It ends when its file appears, so that the test decides how long it takes; and it counts its starts.
    "desktop-flows/slow/slow.sh": "echo $HOSTLER_RUN >> GATE.starts\nuntil [ -e GATE ]; do sleep 0.1; done\nhostler-event output done yes\n",
    # It ends when it is killed, so that its session process takes its time.
    "desktop-flows/stubborn/desktop-flow.ini": "[desktop-flow]\nname = stubborn\nversion = 1\nrun = sh $HOSTLER_PACKAGE/it.sh\n"
                                               "screenshots = none\n",
    "desktop-flows/stubborn/it.sh": "trap '' TERM\nwhile :; do sleep 0.1; done\n",
    "flows/stubborn.ini": "[flow]\nname = stubborn\n\n[step it]\nuse = desktop:stubborn\nconnection = me\nmode = unattended\n",
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    "flows/note.ini": "[flow]\nname = note\n\n[step it]\nuse = connector:notes.append\ntimeout = 5s\non_lost = fail\ninput.file = notes\ninput.text = x\n",
    "notes/notes": "",
}
MORE = "[connector notes]\nplugin = file\nroot = notes\n"


def ready(house, name):
    """The process of that name once it says that it can work."""
    with open(house.path("state/children"), encoding="utf-8") as file:
        return pid_of(house, name) if any(line.split()[:2] == [name, "ready"] for line in file) else None


def pid_of(house, name):
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words and words[0] == name:
                return int(next(word for word in words[1:] if word.isdigit() and int(word) > 1))
    return None


def state(house, run):
    shown = house.json("show", run)
    return shown["steps"][0]["state"] if shown.get("steps") else None


def holds(house):
    """The session processes of this house that run a flow or keep a session."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("hostler-session") and "hold" in words and house.ini in words:
            found.append(int(pid))
    return found


def with_a_flow(house):
    """The one of them whose child is the flow."""
    for pid in holds(house):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                if file.read().strip():
                    return pid
        except OSError:
            continue
    return None


def starts(house, but=None):
    """How often each run's flow was started, but of the one that a person wanted again."""
    with open(house.path("gate.starts"), encoding="ascii") as file:
        runs = file.read().split()
    return {runs.count(run) for run in runs if run != but}


def unknown(house):
    """Nobody knows how the last run ended, and it says so."""
    return house.json("show", "last:slow")["state"] == "lost"


def gone(house):
    """Everything of the house has ended."""
    return any(not [line for line in os.popen("ps -eo args").read().splitlines() if house.ini in line] or time.sleep(0.1)
               for _ in range(300))


def begin(house, flow="slow"):
    """Its session process is told to launch it, which is said, a moment before there is a process of the flow."""
    house.hostler("run", flow)
    return house.wait(lambda: state(house, f"last:{flow}") == "running" and with_a_flow(house) is not None, 20)


with null_house(FILES, more=MORE) as house:
    gate = house.path("gate")
    # Started by root, workers are a user of their own.
    os.chmod(house.path("notes"), 0o777)
    os.chmod(house.path("notes/notes"), 0o666)
    with open(house.path("desktop-flows/slow/slow.sh"), encoding="utf-8") as file:
        text = file.read()
    house.write("desktop-flows/slow/slow.sh", text.replace("GATE", gate))
    house.up()

    tap.ok(begin(house), "a run is under way", house.said())
    house.down()
    house.up()
    tap.ok(house.wait(lambda: house.json("show", "last:slow")["state"] == "failed", 20),
           "a run that was taken down with its house ends", house.json("show", "last:slow"), house.said())
    tap.same((house.json("show", "last:slow")["reason"] or {}).get("code"), "SessionEnded", "and says why its flow ended")
    done = house.hostler("press", "hello", "--input", "name=Ada", "--wait", time_out=60)
    tap.ok(done.returncode == 0, "its user is free for the next run", done.stdout, done.stderr, house.said())

    tap.ok(begin(house), "another run is under way")
    os.kill(pid_of(house, "engine"), signal.SIGKILL)
    tap.ok(house.wait(house.online, 30), "the engine is started again", house.said())
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: house.json("show", "last:slow")["state"] == "succeeded", 30),
           "the run went on without it, and its outputs came back", house.json("show", "last:slow"), house.said())
    os.remove(gate)

    tap.ok(begin(house), "a third run is under way")
    gateway = pid_of(house, "gateway/here")
    os.kill(gateway, signal.SIGKILL)
    tap.ok(house.wait(lambda: ready(house, "gateway/here") not in (None, gateway), 30), "the gateway is started again", house.said())
    tap.ok(house.wait(house.online, 30) and state(house, "last:slow") == "running", "the run goes on without it", house.said())
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: house.json("show", "last:slow")["state"] == "succeeded", 30),
           "and the next one hears how it ended", house.json("show", "last:slow"), house.said())
    os.remove(gate)
    tap.same(starts(house), {1}, "each was started once")
    tap.same(house.hostler("press", "hello", "--input", "name=Bo", "--wait", time_out=60).returncode, 0, "and the next works")

    tap.ok(begin(house), "a fourth run is under way")
    os.kill(pid_of(house, "gateway/here"), signal.SIGKILL)
    open(gate, "w", encoding="utf-8").close()
    tap.ok(house.wait(lambda: house.json("show", "last:slow")["state"] == "succeeded", 30),
           "one that ends while no gateway is there is not forgotten", house.json("show", "last:slow"), house.said())
    os.remove(gate)

    tap.ok(begin(house), "a fifth run is under way")
    os.kill(with_a_flow(house), signal.SIGKILL)
    tap.ok(house.wait(lambda: unknown(house), 30), "when its session process is killed nobody knows how it ended",
           house.json("show", "last:slow"), house.said())
    shown = house.hostler("show", "last:slow").stdout
    tap.ok("hostler resolve " in shown and "OutcomeUnknown" in shown and "it fails at" in shown,
           "show says what is not known, until when somebody may say it, and how", shown)
    done = house.hostler("resolve", "last:slow/it", "succeeded", "--output", "dne=yes")
    tap.ok(done.returncode == 2 and "dne" in done.stderr, "an output that is not declared is refused with its name", done.returncode, done.stderr)
    done = house.hostler("resolve", "last:slow/it", "maybe")
    tap.ok(done.returncode == 2 and "requeue" in done.stderr, "a word that says nothing is refused", done.returncode, done.stderr)
    done = house.hostler("resolve", "last:slow/it", "succeeded", "--output", "done=by hand")
    shown = house.json("show", "last:slow")
    tap.ok(done.returncode == 0 and shown["state"] == "succeeded" and shown["steps"][0]["outputs"] == {"done": "by hand"},
           "a person says how it ended, and with what", done.stderr, shown)
    tap.ok([row for row in shown["history"] if row["what"] == "resolved" and row["as"] == "succeeded" and row["who"]],
           "and its history says who it was", shown["history"])
    done = house.hostler("resolve", "last:slow", "failed")
    tap.ok(done.returncode == 1 and "has ended already" in done.stderr, "what has ended is not resolved", done.returncode, done.stderr)
    tap.ok(house.wait(lambda: house.hostler("press", "hello", "--input", "name=Cy", "--wait", time_out=60).returncode == 0, 60),
           "its user is free again", house.said())

    tap.ok(begin(house), "a sixth run is under way")
    for pid in [with_a_flow(house), pid_of(house, "gateway/here")]:
        os.kill(pid, signal.SIGKILL)
    tap.ok(house.wait(lambda: unknown(house), 60), "nor when both are killed", house.json("show", "last:slow"), house.said())
    done = house.hostler("resolve", "last:slow", "requeue")
    open(gate, "w", encoding="utf-8").close()
    tap.ok(done.returncode == 0 and house.wait(lambda: house.json("show", "last:slow")["state"] == "succeeded", 30),
           "done again as somebody says, it succeeds", done.stderr, house.json("show", "last:slow"))
    tap.same(house.json("show", "last:slow")["steps"][0]["attempt"], 2, "in its second attempt")
    os.remove(gate)
    twice = house.json("show", "last:slow")["id"]

    tap.ok(house.wait(house.online, 30) and begin(house), "a seventh run is under way")
    house.daemon.kill()
    house.daemon.wait()
    house.daemon = None
    tap.ok(gone(house), "when the supervisor is killed all end", os.popen("ps -eo pid,args").read())
    house.up()
    tap.ok(house.wait(lambda: house.json("show", "last:slow")["state"] == "failed", 30),
           "and what was left is found", house.json("show", "last:slow"), house.said())
    tap.same((house.json("show", "last:slow")["reason"] or {}).get("code"), "SessionEnded", "with its reason")
    tap.same(starts(house, twice), {1}, "each was started once, whatever was killed")

    tap.ok(begin(house, "stubborn"), "a run that is hard to stop is under way")
    house.daemon.kill()
    house.daemon.wait()
    house.up()
    tap.ok(house.wait(lambda: house.json("show", "last:stubborn")["state"] != "running", 60), "a new house waits for what is left of the old",
           house.json("show", "last:stubborn"), house.said())
    tap.same((house.json("show", "last:stubborn")["reason"] or {}).get("code"), "SessionEnded", "and knows then how it ended")

    house.down()
    journal = house.path("state/gateway/journal")
    with open(journal, "ab") as file:
        file.write(b"here launched 12")
    house.up()
    tap.same(house.hostler("press", "hello", "--input", "name=Di", "--wait", time_out=60).returncode, 0,
             "a journal whose last line is cut short is none the worse")
    house.down()
    with open(journal, "rb") as file:
        whole = file.read()
    with open(journal, "ab") as file:
        file.write(b"here lunched 12 12\n")
    house.up(lambda: "ready, but without gateway/here" in house.said())
    tap.ok(f"{journal}:{whole.count(chr(10).encode()) + 1}: the journal is damaged" in house.said() and "move the file away" in house.said(),
           "a damaged one is named with its line and the remedy", house.said())
    house.down()
    with open(journal, "wb") as file:
        file.write(whole)
    house.up()

    tap.same(house.hostler("run", "note", "--wait").returncode, 0, "a connector is called")
    worker = pid_of(house, "worker/connector/notes")
    os.kill(worker, signal.SIGSTOP)
    done = house.hostler("run", "note", "--wait", time_out=60)
    tap.ok(done.returncode == 1, "a worker that hangs fails its call in time", done.stdout, done.stderr)
    os.kill(worker, signal.SIGCONT)
    tap.ok(house.wait(lambda: house.hostler("run", "note", "--wait", time_out=60).returncode == 0, 60), "once it goes on, calls work",
           house.said())
    os.kill(worker, signal.SIGKILL)
    tap.ok(house.wait(lambda: ready(house, "worker/connector/notes") not in (None, worker), 30), "one that dies is replaced", house.said())
    # A call that was on its way to the one that died is lost with it.
    tap.ok(house.wait(lambda: house.hostler("run", "note", "--wait", time_out=60).returncode == 0, 60), "and calls work again", house.said())

    left = "hostler-test" + house.home.split("hostler-test")[1]
    house.down()
    lines = [line for line in os.popen("ps -eo args").read().splitlines() if left in line and "ps -eo" not in line]
    tap.same([line for line in lines if "restart.py" not in line], [], "after all of it nothing is left running")
tap.end()
