#!/usr/bin/env python3
"""What people see: why something waits, runs or failed, with names, remedies and the line to say next."""

import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, null_house

tap = Tap()

HOLD = """[desktop-flow]
name = hold
version = 1
run = sh $HOSTLER_PACKAGE/run.sh
screenshots = none

[input name]
type = text
"""
# Runs until the test lets it go: by removing a file that it names as its input.
SCRIPT = 'hostler-event progress Main "Hold $HOSTLER_INPUT_NAME"; while [ -e "$HOSTLER_INPUT_NAME" ]; do sleep 0.1; done'


def flow(name, step, more=""):
    return f"""[flow]
name = {name}
on = {name}
{more}

[step it]
use = desktop:{step}
connection = me
mode = unattended
input.name = ${{trigger.name}}
"""


FILES = {
    "desktop-flows/hold/desktop-flow.ini": HOLD,
    "desktop-flows/hold/run.sh": SCRIPT,
    "desktop-flows/bad/desktop-flow.ini": HOLD.replace("hold", "bad"),
    "desktop-flows/bad/run.sh": 'hostler-event progress Main "Press Save"; echo about to fail >&2; exit 3',
    "flows/one.ini": flow("one", "hold", "concurrency = 1"),
    "flows/many.ini": flow("many", "hold"),
    "flows/bad.ini": flow("bad", "bad"),
}
MORE = """
[trigger one]
plugin = button
input.name = text required

[trigger many]
plugin = button
input.name = text required

[trigger bad]
plugin = button
input.name = text required

[trigger idle]
plugin = button
"""


def press(house, trigger, name):
    return house.json("press", trigger, "--input", f"name={name}")[0]["number"]


def wait_running(house, number):
    return house.wait(lambda: any(step["state"] == "running" and step["progress"]
                                  for step in house.json("show", str(number))["steps"]), 30)


def said(house, tap, name, subject, *parts):
    """The sentence has all the parts; returns the answer."""
    answer = house.json("why", subject)
    text = answer.get("sentence", "")
    tap.ok(all(part in text for part in parts), name, answer)
    return answer


def follow(house, *words):
    """`hostler events --follow` under way, its lines in a file."""
    out = open(house.path("followed"), "w", encoding="utf-8")
    child = subprocess.Popen(house.command("hostler", "-c", house.ini, *words), env=house.environment(), cwd=house.home,
                             stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    out.close()
    return child


def followed(house):
    with open(house.path("followed"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines.read().splitlines() if line.startswith("{")]


class Screen:
    """What a program wrote to its terminal."""

    def __init__(self, fd):
        self.fd = fd
        self.text = b""


def terminal(house, *words):
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    child = subprocess.Popen(house.command("hostler", "-c", house.ini, *words), env={**house.environment(), "TERM": "xterm"},
                             cwd=house.home, stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    os.set_blocking(near, False)
    return Screen(near), child


def shown(screen, ended=False):
    """The last picture that is whole; `ended`: everything."""
    try:
        while part := os.read(screen.fd, 65536):
            screen.text += part
    except OSError:
        pass
    text = screen.text.decode(errors="replace")
    return text if ended else text.split("\x1b[J")[-2].split("\x1b[H")[-1].replace("\x1b[K", "") if "\x1b[J" in text else ""


def areas(findings, state):
    return {finding["area"]: finding for finding in findings if finding["state"] == state}


with null_house(FILES, more=MORE) as house:
    findings = house.json("doctor")
    tap.same((house.hostler("doctor").returncode, areas(findings, "problem")), (0, {}), "doctor finds nothing wrong before the first up")
    tap.ok("`hostler up` starts the house." == areas(findings, "note")["processes"]["remedy"], "and says that nothing runs yet",
           findings)
    house.up()
    good = areas(house.json("doctor"), "ok")
    tap.ok({"configuration", "disk", "state_dir", "run_dir", "processes", "host", "device here", "driver nul", "trigger one"} <=
           set(good), "of a house that runs all is well", good)
    worker = int(next(line.split()[2] for line in open(house.path("state/children"), encoding="utf-8")
                      if line.startswith("worker/trigger/idle ")))
    os.kill(worker, signal.SIGKILL)
    tap.ok(house.wait(lambda: "started again 1 times" in areas(house.json("doctor"), "note").get("worker/trigger/idle", {})
                      .get("text", ""), 30), "a process that died and is back is noted", house.json("doctor"))
    gate = house.path("gate")
    house.write("gate", "")
    house.write("event", json.dumps({"name": gate}))
    first = press(house, "one", gate)
    tap.ok(wait_running(house, first), "the first run runs", house.json("show", str(first)))
    answer = said(house, tap, "a running step: where, as whom, since when, what it last did", str(first),
                  f"#{first}/it runs on here as bot1 since 20", f"it last did Main: Hold {gate}")
    tap.same([answer["kind"], answer["state"], answer["step"], answer["candidates"]], ["run", "running", "it", []],
             "and as JSON the words of the design")

    second = press(house, "one", gate)
    answer = said(house, tap, "a run over the flow's concurrency: which runs hold it", f"#{second}",
                  f"#{second} waits because the flow one", f"concurrency of 1 allows: #{first}")
    tap.same([(one["number"], one["state"]) for one in answer["holders"]], [(first, "running")], "they are listed, too")
    tap.same(answer["code"], "FlowConcurrency", "with the code")

    third = press(house, "many", gate)
    answer = said(house, tap, "a step whose user is busy: with which run", f"{third}/it",
                  f"#{third}/it waits as bot1 for here: #{first}/it of bot1 is running there since 20")
    tap.same([(one["device"], one["code"]) for one in answer["candidates"]], [("here", "UIFlowAlreadyRunning")],
             "one candidate with its code")
    tap.ok(all(one["sentence"] and one["remedy"] for one in answer["candidates"]), "its sentence and its remedy", answer)
    tap.same([answer["position"], answer["waiting"], answer["expires"][:2]], [1, 1, "20"], "its place and its queue time-out")
    tap.ok("  queued (it)\n" in house.hostler("show", f"{third}").stdout, "at its head, too, stands what the run does now",
           house.hostler("show", f"{third}").stdout)
    tap.same(house.json("show", f"{third}")["present"]["state"], "queued", "as runs has it")
    done = house.hostler("why", f"{third}")
    tap.ok(done.returncode == 0 and "(UIFlowAlreadyRunning)" in done.stdout and "remedy: " in done.stdout and
           "place 1 of 1 in the order; its queue time-out is at 20" in done.stdout, "people read the same", done.stdout)

    answer = said(house, tap, "a flow: enabled, its triggers, how many runs", "flow:one",
                  "one is enabled and starts on one (ready); 1 of its runs is under way, 1 waits for its concurrency of 1")
    tap.same([run["number"] for run in answer["runs"]], [second, first], "its last runs")
    said(house, tap, "a trigger: what it starts", "trigger:one", "one is ready, and starts one when it is pressed")
    house.hostler("disable", "flow:many")
    answer = said(house, tap, "a disabled flow: since when, by whom", "flow:many", "the flow many is disabled since 20", "by ")
    tap.same([answer["state"], answer["code"], answer["remedy"]], ["disabled", "Disabled", "Say `hostler enable flow:many`."],
             "with code and remedy")
    house.hostler("enable", "flow:many")
    house.hostler("device", "drain", "host")
    answer = said(house, tap, "a drained device: what was drained", str(third), "host was drained at 20")
    tap.ok("hostler device resume host" in answer["remedy"], "the remedy names it", answer)
    house.hostler("device", "resume", "host")
    said(house, tap, "a trigger that starts nothing says so", "idle", "starts nothing: no flow says on = idle")

    os.unlink(gate)
    for number in (first, second, third):
        house.wait(lambda: house.json("show", str(number))["state"] == "succeeded", 30)
    said(house, tap, "a run that went well", str(first), f"#{first} succeeded at 20")
    bad = press(house, "bad", gate)
    house.wait(lambda: house.json("show", str(bad))["state"] == "failed", 30)
    answer = said(house, tap, "a failed one: code and sentence", "last", f"#{bad}/it failed at 20", "with FlowFailed: ", "3")
    tap.ok("resubmit" in answer["remedy"] and answer["again"] == f"hostler resubmit {bad}", "the remedy, and how to run it again",
           answer)

    rows = house.json("events", "--run", str(first))
    tap.same([(row["step"] if "step" in row else None, row["what"]) for row in rows],
             [(None, "accepted"), ("it", "queued"), ("it", "offered"), ("it", "preparing"), ("it", "running"),
              ("it", "progress"), ("it", "ended"), (None, "ended")], "the events of a run, in the words of its history")
    tap.ok(all(row["number"] == first and row["flow"] == "one" and row["at"][:2] == "20" for row in rows), "with run, flow, time",
           rows)
    rows = house.json("events", "--flow", "many", "-n", "2")
    tap.same([(row["number"], row["what"]) for row in rows], [(third, "ended"), (third, "ended")], "the last ones of a flow")
    rows = house.json("events")
    tap.same({row["number"] for row in rows if "run" in row}, {first, second, third, bad}, "the events of all runs")
    tap.same([(row["what"], row["name"]) for row in rows if "run" not in row],
             [("device_online", "here"), ("disabled", "flow:many"), ("enabled", "flow:many"), ("drained", "host"),
              ("undrained", "host")], "and what happened to the house")
    done = house.hostler("events")
    tap.ok(" house  " in done.stdout and "takes no new runs: host: " in done.stdout, "in words, too", done.stdout)
    # A fraction of a second has no zeros at its end.
    times = [row["at"].rstrip("Z") for row in rows]
    tap.ok(times == sorted(times), "oldest first", rows)
    done = house.hostler("events", "-n", "3")
    tap.ok(f"#{bad} bad " in done.stdout and "failed: FlowFailed: " in done.stdout, "people read lines", done.stdout)

    child = follow(house, "--json", "events", "--follow", "-n", "1")
    tap.ok(house.wait(lambda: len(followed(house)) == 1, 20), "what was last comes first", followed(house))
    house.write("gate", "")
    live = press(house, "many", gate)
    tap.ok(wait_running(house, live), "a run while events are followed")
    os.unlink(gate)
    tap.ok(house.wait(lambda: any(row["number"] == live and row["what"] == "ended" and "step" not in row
                                  for row in followed(house)), 30), "and its end comes live", followed(house))
    rows = followed(house)
    wanted = [(row["at"], row["what"]) for row in house.json("events", "--run", str(live))]
    tap.same([(row["at"], row["what"]) for row in rows[1:]], wanted, "nothing twice, nothing left out")
    child.terminate()
    child.wait(20)
    done = house.hostler("events", "--follow", "--run", str(live))
    tap.ok(done.returncode == 0 and "succeeded" in done.stdout, "of a run that has ended following ends", done.stdout)

    run = house.json("show", str(bad))
    tap.ok(set("id number flow label trigger state requested started ended steps".split()) <= set(run),
           "a run as JSON has the members of the design", run)
    tap.ok(set(("name use state reason connection target device mode user priority position attempt requested started ended "
                "waiting_ms preparing_ms executing_ms progress inputs outputs files").split()) <= set(run["steps"][0]) and
           set("code text remedy class".split()) <= set(run["steps"][0]["reason"]), "a step, too", run["steps"])
    tap.same(house.json("show", f"{bad}/it"), run["steps"][0], "a step alone is that step")
    done = house.hostler("show", str(bad))
    tap.ok(all(part in done.stdout for part in (
        "FlowFailed: ", "remedy ", "last did    Main: Press Save", "| about to fail", f"again       hostler resubmit {bad}",
        "waiting 0", "executing 0", "history")), "a failed step with all that helps", done.stdout)
    done = house.hostler("run", "bad", "--event", "event", "--wait")
    tap.ok(done.returncode == 1 and done.stdout.count("exit status 3") == 1, "who waits is told the reason once", done.stdout,
           done.stderr)

    house.write("gate", "")
    picture = house.json("watch")
    tap.same([picture["running"], picture["waiting"], picture["wrong"]], [[], [], []], "watch --json of a house at rest")
    screen, child = terminal(house, "watch")
    tap.ok(house.wait(lambda: "nothing runs" in shown(screen), 20), "on a terminal a picture", shown(screen))
    live = press(house, "many", gate)
    tap.ok(house.wait(lambda: f"Main: Hold {gate}" in shown(screen) and "RUNNING" in shown(screen), 20),
           "a run appears with what it does", shown(screen))
    late = press(house, "many", gate)
    tap.ok(house.wait(lambda: "WAITING" in shown(screen) and f"#{live}/it of bot1 is running there" in shown(screen), 20),
           "what waits appears with its reason", shown(screen))
    os.unlink(gate)
    tap.ok(house.wait(lambda: shown(screen).rstrip().endswith("STEP") and "nothing waits" in shown(screen), 30),
           "and goes when it has ended", shown(screen))
    os.write(screen.fd, b"q")
    tap.same(child.wait(20), 0, "q ends it")
    tap.ok(shown(screen, ended=True).endswith("\x1b[?25h\x1b[?1049l"), "and the terminal is given back")
    child = follow(house, "watch")
    tap.ok(house.wait(lambda: "now: 0 running" in open(house.path("followed"), encoding="utf-8").read(), 20),
           "elsewhere it begins with a count")
    house.write("gate", "")
    live = press(house, "many", gate)
    tap.ok(house.wait(lambda: f"#{live} many/it" in open(house.path("followed"), encoding="utf-8").read() and
                      "Main: Hold" in open(house.path("followed"), encoding="utf-8").read(), 20),
           "and goes on with a line for each change", open(house.path("followed"), encoding="utf-8").read())
    os.unlink(gate)
    child.send_signal(signal.SIGINT)
    tap.same(child.wait(20), 0, "Ctrl-C ends it")

    done = house.hostler("why", "onne")
    tap.ok(done.returncode == 2 and 'did you mean "one"' in done.stderr, "an unknown name gets the nearest", done.stderr)
    done = house.hostler("why", "nowhere")
    tap.ok(done.returncode == 2 and "is no run" in done.stderr and "`hostler triggers`" in done.stderr,
           "of a name that is near to none it is said where the names are", done.stderr)
    done = house.hostler("why", f"{bad}/nothing")
    tap.ok(done.returncode == 2 and 'no step "nothing"' in done.stderr, "an unknown step is said to be none", done.stderr)
    house.down()

BAD = {"hostler.ini": """[host]
state_dir = state
run_dir = run
listen = tcp://127.0.0.1:%d
flows = flows/*.ini

[gateway]
name = here
driver = x
accounts = nobody, hostler-no-such-user

[driver x]
plugin = x11
xserver = /nonexistent/Xserver

[connector orders]
plugin = file
root = nowhere

[connection me]
target = device:here
user = nobody
"""}
with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    BAD["hostler.ini"] %= taken.getsockname()[1]
    with House(BAD) as house:
        done = house.hostler("check")
        tap.same(done.returncode, 0, "check: what this machine lacks is no error of the configuration")
        lines = {line.strip(): number for number, line in enumerate(BAD["hostler.ini"].splitlines(), 1)}
        for key, part in (("driver = x", "the driver x: /nonexistent/Xserver is not installed"),
                          ("accounts = nobody, hostler-no-such-user", "the device here: there is no user 'hostler-no-such-user'"),
                          ("root = nowhere", "the connector orders: No such file or directory")):
            tap.ok(any(f"hostler.ini:{lines[key]}: warning: " in line and part in line for line in done.stderr.splitlines()),
                   f"but a warning on the line of its key ({key.split(' ')[0]})", done.stderr)
        os.makedirs(house.path("state"), mode=0o777)
        os.chmod(house.path("state"), 0o777)
        done = house.hostler("doctor")
        bad = areas(house.json("doctor"), "problem")
        tap.same(done.returncode, 1, "doctor exits with 1 when something is wrong")
        for area, part in (("driver x", "/nonexistent/Xserver is not installed"), ("device here", "hostler-no-such-user"),
                           ("connector orders", "nowhere"), ("listen", "Address already in use"), ("state_dir", "others may write")):
            tap.ok(part in bad.get(area, {}).get("text", ""), f"it finds what is wrong with {area}", bad)
        tap.ok(f"remedy: chmod go-w {house.path('state')}" in done.stdout, "and says what to do", done.stdout)

ELSEWHERE = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = tcp://127.0.0.1:8499
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[cluster pool]
members = far

[connection me]
target = cluster:pool
user = nobody
""",
    "desktop-flows/lame/desktop-flow.ini": HOLD.replace("hold", "lame").replace("sh $HOSTLER", "$HOSTLER"),
    "desktop-flows/lame/run.sh": "exit 0",
    "desktop-flows/gone/desktop-flow.ini": HOLD.replace("hold", "gone").replace("run.sh", "walked.sh"),
}
with House(ELSEWHERE) as house:
    done = house.hostler("check")
    for part in ('no gateway of this file serves the device "far"', "gateways connect to tcp://127.0.0.1:8499",
                 "run.sh of lame cannot be executed", "walked.sh: No such file"):
        tap.ok(done.returncode == 0 and part in done.stderr, f"check warns: {part}", done.stderr)
    rows = house.json("check")
    tap.same({row["severity"] for row in rows}, {"warning"}, "as JSON, too")
tap.end()
