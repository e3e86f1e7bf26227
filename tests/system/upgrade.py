#!/usr/bin/env python3
"""The programs of a house are replaced while it works: no run is lost, none starts twice, whoever follows sees it through."""

import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house as building
from house import Tap, null_house

tap = Tap()
RUNS = int(os.environ.get("HOSTLER_RUNS", "50"))

FILES = {
    "desktop-flows/slow/desktop-flow.ini": "[desktop-flow]\nname = slow\nversion = 1\nrun = sh $HOSTLER_PACKAGE/slow.sh\n"
                                           "screenshots = none\n\n[output done]\ntype = text\n",
    # It ends when its file appears, so that the test decides how long it takes; and it counts its starts.
    "desktop-flows/slow/slow.sh": "echo $HOSTLER_RUN >> HOME/starts\nuntil [ -e HOME/gate ]; do sleep 0.1; done\n"
                                  "hostler-event output done yes\n",
    "flows/slow.ini": "[flow]\nname = slow\n\n[step it]\nuse = desktop:slow\nconnection = me\nmode = unattended\n",
    # A call that must not be made twice.
    "call/desktop-flow.ini": "[desktop-flow]\nname = call\nversion = 1\nrun = sh $HOSTLER_PACKAGE/call.sh\n",
    "call/call.sh": "echo call >> HOME/calls/made\nuntil [ -e HOME/calls/gate ]; do sleep 0.1; done\n",
    "flows/call.ini": "[flow]\nname = call\n\n[step it]\nuse = connector:program.run\non_lost = fail\n",
    "flows/quick.ini": "[flow]\nname = quick\n\n[step note]\nuse = connector:notes.append\non_lost = fail\ninput.file = notes\n"
                       "input.text = x\n\n[step greet]\nuse = desktop:greet\nconnection = other\nmode = unattended\n"
                       "input.name = Ada\n",
    "notes/notes": "",
}
MORE = """[connection other]
target = device:here
user = bot2

[connector program]
plugin = exec
program = call/desktop-flow.ini

[connector notes]
plugin = file
root = notes
"""


def install(house, name):
    """The programs and plugins of the stage in a prefix of their own, each a file that is not that of any other prefix."""
    prefix = os.path.dirname(STAGED)
    for folder in ("bin", "lib/hostler"):
        shutil.copytree(os.path.join(prefix, folder), house.path(f"opt/{name}/{folder}"), symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", house.path("opt")], check=True)


def lead_to(house, name):
    os.symlink(name, house.path("opt/next"))
    os.replace(house.path("opt/next"), house.path("opt/now"))


def program_of(house, name):
    """The file that the process of that name runs; hostlerd's own for None."""
    pid = house.daemon.pid
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            if name and line.split()[0] == name:
                pid = int(line.split()[2])
    return os.path.relpath(os.readlink(f"/proc/{pid}/exe"), house.path("opt"))


def programs(house):
    """What of the house runs now, each once."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            path = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if path.startswith(house.path("opt/")):
            found.add(os.path.relpath(path, house.path("opt")))
    return found


def state(house, run):
    return house.json("show", run)["state"]


def start(house, *words):
    return subprocess.Popen(house.command("hostler", "-c", house.ini, *words), env=house.environment(), cwd=house.home,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def is_held(house, held):
    """Whether a press is not taken at once; then it is kept."""
    press = start(house, "press", "hello", "--input", "name=Ada")
    try:
        press.wait(2)
        time.sleep(0.2)
        return False
    except subprocess.TimeoutExpired:
        held.append(press)
        return True


def lines(house, name):
    try:
        with open(house.path(name), encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


STAGED = building.PROGRAMS
with null_house(FILES, more=MORE) as house:
    for name in ("desktop-flows/slow/slow.sh", "call/call.sh"):
        with open(house.path(name), encoding="utf-8") as file:
            text = file.read()
        house.write(name, text.replace("HOME", house.home))
    # Started by root, workers are a user of their own.
    house.write("calls/none", "")
    for name in ("notes", "notes/notes", "calls"):
        os.chmod(house.path(name), 0o777)
    install(house, "1")
    install(house, "2")
    lead_to(house, "1")
    building.PROGRAMS = house.path("opt/now/bin")
    house.up()
    tap.same(program_of(house, None), "1/bin/hostlerd", "a house runs from a prefix that a link leads to")

    follower = start(house, "run", "slow", "--wait")
    house.wait(lambda: lines(house, "starts"), 20)
    waiting = start(house, "run", "slow", "--wait")
    caller = start(house, "run", "call", "--wait")
    tap.ok(house.wait(lambda: lines(house, "calls/made") and state(house, "last:slow") == "running", 20),
           "a desktop flow runs, another waits for its user, and a connector is in a call", house.said())

    lead_to(house, "2")
    asked = start(house, "reload", "--upgrade")
    held = []
    tap.ok(house.wait(lambda: asked.poll() is not None or is_held(house, held), 30) and asked.poll() is None,
           "it waits for the call, and holds presses", house.said()[-4000:])
    house.write("calls/gate", "")
    tap.ok(asked.wait(60) == 0 and all(press.wait(30) == 0 for press in held),
           "it is replaced once the call has come to its end, and the press is taken", asked.returncode, *[(press.poll(), press.stdout.read()) for press in held], house.said()[-4000:])
    said = asked.stdout.read()
    tap.ok("replaced engine" in said and "replaced worker connector/program" in said and "replaced gateway here" in said,
           "and says what it has replaced", said)
    tap.same([program_of(house, name) for name in (None, "engine", "worker/connector/notes", "gateway/here")],
             ["2/bin/hostlerd", "2/bin/hostler-engine", "2/bin/hostler-worker", "2/bin/hostler-gateway"],
             "hostlerd, with its pid, and all that it starts are the new programs")
    tap.ok(caller.wait(30) == 0 and lines(house, "calls/made") == ["call"], "the call was made once, and its run has ended well",
           caller.stdout.read(), lines(house, "calls/made"))
    tap.ok("1/bin/hostler-session" in programs(house), "the session process that runs the flow is the old one", programs(house))
    tap.same((follower.poll(), len(lines(house, "starts"))), (None, 1), "the desktop flow runs on, and who waits for it waits")
    house.write("gate", "")
    tap.ok(follower.wait(30) == 0 and waiting.wait(30) == 0, "both runs end well for those who followed them",
           follower.stdout.read(), waiting.stdout.read(), house.said()[-4000:])
    tap.ok(len(lines(house, "starts")) == 2 and len(set(lines(house, "starts"))) == 2, "and each was started once", lines(house, "starts"))
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "the next one works")

    tap.ok(house.wait(lambda: not [name for name in programs(house) if not name.startswith("2/")], 20),
           "with the last session of before the last of the old programs has ended", programs(house))

    # As a package manager does it: other files under the same names. And under load.
    shutil.copytree(house.path("opt/1/bin"), house.path("opt/new"))
    codes, refused = [], []

    def load():
        while len(codes) < RUNS:
            done = house.hostler("run", "quick")
            codes.append(done.returncode)
            if done.returncode:
                refused.append(done.stdout + done.stderr)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    house.wait(lambda: len(codes) > RUNS / 5, 60)
    for name in os.listdir(house.path("opt/new")):
        os.replace(house.path(f"opt/new/{name}"), house.path(f"opt/2/bin/{name}"))
    done = house.hostler("reload", "--upgrade")
    for thread in threads:
        thread.join()
    tap.same((done.returncode, "(deleted)" in program_of(house, None) + program_of(house, "engine")), (0, False),
             "files that were replaced where they are take over, under load") or print("#", done.stderr, house.said()[-3000:])
    tap.same(set(codes), {0}, f"none of {len(codes)} runs was refused meanwhile") or print("#", refused)
    tap.ok(house.wait(lambda: not [run for run in house.json("runs", "-n", "1000") if not run["ended"]], 60),
           "all runs come to their end", house.json("runs", "-n", "1000")[:3])
    runs = [run["state"] for run in house.json("runs", "-n", "1000", "--flow", "quick")]
    tap.same((set(runs), len(runs)), ({"succeeded"}, len(codes)), "and well") or \
        print("#", [house.json("show", run["id"]) for run in house.json("runs", "-n", "1000") if run["state"] == "failed"][:2])
    tap.same(len(lines(house, "notes/notes")), len(codes), "none did its work twice")

    # One that does not work.
    before = program_of(house, None)
    os.replace(house.path("opt/2/bin/hostler-engine"), house.path("opt/kept"))
    house.write("opt/2/bin/hostler-engine", "broken", 0o755)
    done = house.hostler("reload", "--upgrade")
    tap.ok(done.returncode == 1 and "hostler-engine" in done.stderr and "nothing was changed" in done.stderr,
           "a new program that does not work is named, and nothing is changed", done.stdout, done.stderr)
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "the house goes on")
    os.replace(house.path("opt/kept"), house.path("opt/2/bin/hostler-engine"))

    house.down()
    tap.same([line for line in os.popen("ps -eo args").read().splitlines() if house.home in line and "ps -eo" not in line], [],
             "taken down, nothing is left running")
    tap.same([line for line in house.said().splitlines() if "Sanitizer" in line or "crashed" in line or "signal 11" in line or "signal 6" in line],
             [], "and nothing crashed")
tap.end()
