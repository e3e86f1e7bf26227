#!/usr/bin/env python3
"""Desktop flows that misbehave, in a whole house: the reason is true, the session is closed, nothing is left, the next run works."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, null_house

tap = Tap()
OUTPUT = "[output done]\ntype = text"

# Script, manifest, state, code, and what the sentence or the log must contain.
FLOWS = {
    "daemon": ("(setsid env -i sleep 7551 >/dev/null 2>&1 </dev/null &)\nsetsid -f env -i sh -c 'trap \"\" TERM HUP; sleep 7551; sleep 7551'\n"
               "hostler-event output done yes", OUTPUT, "succeeded", None, ""),
    "crowd": ("i=0; while test $i -lt 200; do i=$((i+1)); setsid env -i sleep 7551 & done\nexit 4", "", "failed", "FlowFailed", "exit status 4"),
    "holder": ("sleep 7551 &\necho bye\nexit 0", "", "succeeded", None, ""),
    "deaf": ("trap '' TERM\nwhile :; do sleep 7551; done", "timeout = 1s\nstop_within = 3s", "timed_out", "DesktopFlowsActionTimeout", ""),
    "deep": ("perl -e 'for (1 .. 3000) { mkdir \"d\" x 200 and chdir \"d\" x 200 or last }'\nsleep 7551", "", "failed", "FlowFailed",
             "nested too deep"),
    "torrent": ("head -c 1073741824 /dev/zero; echo; echo the end", "", "succeeded", None, ""),
    "hoard": ("truncate -s 300M out/big; for n in 1 2 3 4 5; do truncate -s 250M out/part$n; done; echo a > out/small", "", "succeeded", None, ""),
    "odd": ("mkfifo out/fifo; ln -s /etc/passwd out/link; ln -s . out/self; mkdir out/dir; chmod 0 out/dir; echo a > out/good", "", "succeeded",
            None, ""),
    "babble": ("head -c 2000000 /dev/urandom > $HOSTLER_EVENTS", "", "failed", "FlowFailed", "no event"),
    "endless": ("trap '' TERM\nyes > $HOSTLER_EVENTS", "timeout = 1s\nstop_within = 3s", "timed_out", "DesktopFlowsActionTimeout", ""),
    "closer": ("exec 0<&- 1>&- 2>&-\nhostler-event output done yes", OUTPUT, "succeeded", None, ""),
    "remover": ("cd /; rm -rf $HOSTLER_WORK $HOSTLER_EVENTS $HOSTLER_CONTROL; exit 0", "", "succeeded", None, ""),
    "locker": ("mkdir -p a/b/c; touch a/b/c/d; chmod 0 a/b/c a/b a in .; exit 3", "", "failed", "FlowFailed", "exit status 3"),
    "orphan": ("yes theirs &\necho mine\nexit 0", "", "succeeded", None, ""),
    "suicide": ("kill -9 $$", "", "failed", "FlowFailed", "signal 9"),
    "stopped": ("kill -STOP $$", "timeout = 1s\nstop_within = 3s", "timed_out", "DesktopFlowsActionTimeout", ""),
}

files = {}
for name, (script, manifest, *_) in FLOWS.items():
    head, sections = (manifest, "") if not manifest.startswith("[") else ("", manifest)
    files[f"desktop-flows/{name}/desktop-flow.ini"] = (f"[desktop-flow]\nname = {name}\nversion = 1\nrun = sh $HOSTLER_PACKAGE/run.sh\n"
                                                       f"screenshots = none\n{head}\n{sections}\n")
    files[f"desktop-flows/{name}/run.sh"] = script + "\n"
    files[f"flows/{name}.ini"] = f"[flow]\nname = {name}\n\n[step it]\nuse = desktop:{name}\nconnection = me\nmode = unattended\n"


def sleepers():
    return [line for line in os.popen("ps -eo args").read().splitlines() if line.startswith("sleep 7551")]


def left_in(path):
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


with null_house(files) as house:
    house.up()
    for name, (_, _, state, code, part) in FLOWS.items():
        house.hostler("run", name, "--wait", time_out=120)
        run = house.json("show", f"last:{name}")
        step = run["steps"][0]
        reason = step["reason"] or {}
        tap.ok(step["state"] == state and reason.get("code") == code and part in str(reason.get("text") or ""),
               f"\"{name}\" ends as {state}, and truthfully", step, house.said()[-1500:])
        tap.ok(house.wait(lambda: house.json("devices")[0]["running"] == 0 and not left_in(house.path("state/work")), 30),
               f"its session is closed and its folders are gone ({name})", house.json("devices"), left_in(house.path("state/work")))
        tap.same(sleepers(), [], f"nothing of it is left running ({name})")
        if "stop_within" in FLOWS[name][1]:
            tap.ok(step["executing_ms"] < 20000, f"it had no longer to end than it asked for ({name})", step["executing_ms"])
    log = house.hostler("log", "last:torrent/it")
    tap.ok("the end" in log.stdout and len(log.stdout) < 1200000, "of a gigabyte of log the ends are kept", len(log.stdout))
    log = house.hostler("log", "last:hoard/it").stdout
    tap.ok("out/big is not kept" in log and "larger than 256 MiB" in log, "what is too large is said", log)
    log = house.hostler("log", "last:odd/it").stdout
    tap.ok(all(f"out/{name} is not kept" in log for name in ("fifo", "link", "self", "dir")), "what is no file is said", log)
    names = [file["name"] for file in house.json("files", "last:odd")]
    tap.ok(any(name.endswith("good") for name in names) and not any(name.endswith("link") for name in names), "what is one is kept", names)
    began = time.monotonic()
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "after all of them the next run works")
    tap.ok(time.monotonic() - began < 20, "and at once")
    sessions = house.path("run/sessions")
    tap.ok(house.wait(lambda: not left_in(sessions), 20), "no session's folder is left", left_in(sessions))
    house.down()
    tap.same(sleepers(), [], "and nothing is left when the house is down")
tap.end()
