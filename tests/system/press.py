#!/usr/bin/env python3
"""A press becomes a desktop flow and its outputs come back; wrong presses are refused; bad flows fail and the next run starts."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()


def package(name, script, outputs="", extra=""):
    return {
        f"desktop-flows/{name}/desktop-flow.ini": f"""[desktop-flow]
name = {name}
version = 1
run = sh $HOSTLER_PACKAGE/run.sh
screenshots = none
{extra}
[input name]
type = text
{outputs}
""",
        f"desktop-flows/{name}/run.sh": script,
    }


# Flows that misbehave, each with the code and a part of the sentence that a person must see.
BAD = {
    "garbage": ("echo 'not json' > $HOSTLER_EVENTS; exit 0", "", "", "failed", "", ""),
    "early": ("echo gone wrong >&2; exit 3", "", "", "failed", "FlowFailed", "3"),
    "hangs": ("sleep 7531", "", "timeout = 2s", "timed_out", "DesktopFlowsActionTimeout", ""),
    "mistyped": ("hostler-event output count many", "[output count]\ntype = integer", "", "failed", "OutputInvalid", "count"),
    "unknown": ("hostler-event output surprise 1", "", "", "failed", "OutputInvalid", "surprise"),
    "says": ("hostler-event error 'the window did not open'; exit 1", "", "", "failed", "FlowFailed", "the window did not open"),
    "forks": ("(setsid sleep 7531 &) ; sleep 7531 & hostler-event output done yes", "[output done]\ntype = text", "", "succeeded",
              None, ""),
}


def bad_files():
    files = {}
    more = ""
    for name, (script, outputs, extra, *_) in BAD.items():
        files.update(package(name, script, outputs, extra))
        files[f"flows/{name}.ini"] = f"""[flow]
name = {name}

[step it]
use = desktop:{name}
connection = me
mode = unattended
"""
    return files, more


files, more = bad_files()
with null_house(files, more=more) as house:
    checked = house.hostler("check")
    tap.same(checked.returncode, 0, "check finds nothing wrong") or print("#", checked.stderr)
    house.up()
    done = house.hostler("press", "hello", "--input", "name=Ada", "--wait")
    tap.ok(done.returncode == 0, "press --wait ends well and says so by its exit status", done.stdout, done.stderr)
    run = house.json("show", "last")
    tap.same(run["state"], "succeeded", "the run succeeded")
    tap.same(run["steps"][0]["outputs"].get("greeting", "")[:5], "Hello", "its output came back")
    tap.same([word in run for word in ("id", "number", "flow", "label", "trigger", "state", "requested", "started", "ended")],
             [True] * 9, "show --json has the members that scripts rely on")
    step = run["steps"][0]
    tap.ok(all(isinstance(step[span], int) and step[span] >= 0 for span in ("waiting_ms", "preparing_ms", "executing_ms")),
           "waiting, preparing and executing are told apart", step)

    for words, part, name in (
            ((), "name", "a missing input is refused with its name"),
            (("--input", "name=x", "--input", "colour=red"), "colour", "an unknown input is refused with its name"),):
        done = house.hostler("press", "hello", *words)
        tap.ok(done.returncode in (1, 2) and part in done.stderr, name, done.returncode, done.stdout, done.stderr)
    tap.same(house.hostler("press", "nobody").returncode != 0, True, "an unknown button is refused")
    tap.same(len(house.json("runs")), 1, "a refused press makes no run")

    for flow, (_, _, _, state, reason, part) in BAD.items():
        done = house.hostler("run", flow, "--wait")
        run = house.json("show", f"last:{flow}")
        got = run["steps"][0]
        code = (got["reason"] or {}).get("code")
        tap.ok(got["state"] == state and (not reason or code == reason) and part in str((got["reason"] or {}).get("text")),
               f"a desktop flow that is \"{flow}\" ends as {state} with its code and sentence", got, house.said()[-2000:])
        tap.same(done.returncode, 0 if state == "succeeded" else 1, f"and the exit status of --wait says so ({flow})")
    left = [line for line in os.popen("ps -eo args").read().splitlines() if line.startswith("sleep 7531")]
    tap.same(left, [], "no process of a bad flow is left")
    done = house.hostler("press", "hello", "--input", "name=Bo", "--wait")
    tap.same(done.returncode, 0, "after all of them the next run still works")
    done = house.down()
    tap.same(done.returncode, 0, "down takes everything down")
    tap.same(house.hostler("devices").returncode, 3, "without a host commands exit with 3")

# Sessions are kept, and runs go one after the other in each.
with null_house({}, strategy="kept", more="[strategy kept]\nplugin = open\nreuse_session = yes\n") as house:
    house.up()
    states = [house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode for _ in range(5)]
    tap.same(states, [0] * 5, "five runs one after the other in a session that is kept")
    # The gateway says how its sessions stand with its next heartbeat.
    tap.ok(house.wait(lambda: [(session["user"], session["kept"]) for session in house.json("devices")[0]["sessions"]] == [("bot1", True)],
                      20), "it is one session, and it is kept", house.json("devices"))
    house.down()

# A device that rehearses, as the benchmark has it: nothing is played, and no session is opened for it.
with null_house({}, driver="start = no", strategy="kept", more="[strategy kept]\nplugin = open\nreuse_session = yes\n") as house:
    house.up()
    states = [house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode for _ in range(5)]
    tap.same(states, [0] * 5, "five runs are rehearsed")
    tap.same([os.path.exists(house.path(folder)) for folder in ("state/notes", "state/work", "run/sessions")], [False] * 3,
             "and no session was opened for them")
    house.down()
tap.end()
