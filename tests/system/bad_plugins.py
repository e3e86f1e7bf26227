#!/usr/bin/env python3
"""Plugins that are missing, wrong, crash, hang, flood or hoard: the reason is shown, everything else works, nothing is left."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, null_house

tap = Tap()
INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))

# Connectors: section, plugin, deed, and what is said of it while it does not work; None: it does.
FAULTY = {
    "gone": ("nowhere", None, 'there is no connector plugin "nowhere"'),
    "abi": ("wrong_abi", None, ".abi has major"),
    "early": ("early_crash", None, "loading it crashed: Segmentation fault"),
    "quitter": ("early_exit", None, "loading it ended its process"),
    "open": ("writable", None, "run: chmod go-w"),
    "fields": ("unruly", "crash-in-fields", "fields crashed: Segmentation fault"),
}
DYING = {
    "crasher": ("unruly", "crash-in-open", "open crashed: Segmentation fault"),
    "leaver": ("unruly", "exit-in-open", "open ended its process"),
    "refuser": ("unruly", "mute-in-open", "misconfigured: "),
    "sticker": ("unruly", "hang-in-open", "open did not come back in time"),
}
WORKING = {
    "loud": ("unruly", "garbage-in-open", None),
    "chatty": ("early_garbage", None, None),
    "stray": ("unruly", "fds-in-open", None),
    "parent": ("unruly", "children-in-open", None),
    "last": ("unruly", "crash-in-close", None),
}
CALLS = {
    "callcrash": ("crash-in-call", "OutcomeUnknown", 'ERROR connector plugin "unruly" (callcrash): call crashed: Segmentation fault'),
    "callhang": ("hang-in-call", "OutcomeUnknown", "call did not come back in time"),
    "callexit": ("exit-in-call", "OutcomeUnknown", "call ended its process"),
    "callmemory": ("memory-in-call", "OutcomeUnknown", "MiB of memory, and worker_memory grants 256"),
    "callfds": ("descriptors-in-call", None, ""),
    "callclose": ("closefds-in-call", "OutcomeUnknown", "the connector's process ended during the call"),
    "callodd": ("odd-in-call", "ActionFailed", "call returned 42, which is none of hst_code"),
    "callwords": ("words-in-call", "ActionFailed", "[2J?? it is wrong ?"),
    "calldeep": ("deep-in-call", "OutputInvalid", ""),
    "calllarge": ("large-in-call", "OutputInvalid", ""),
    "callsurprise": ("undeclared-in-call", "OutputInvalid", "surprise"),
}


def section(kind, name, plugin, deed):
    return f"[{kind} {name}]\nplugin = {plugin}\n" + (f"misbehave = {deed}\n" if deed else "") + "\n"


def flow(name, use, on="", text="hello"):
    return f"[flow]\nname = {name}\n{on}\n[step it]\nuse = {use}\ninput.text = {text}\ntimeout = 3s\non_lost = fail\n"


connectors = {**FAULTY, **DYING, **WORKING}
more = "".join(section("connector", name, plugin, deed) for name, (plugin, deed, _) in connectors.items())
more += "".join(section("connector", name, "unruly", deed) for name, (deed, _, _) in CALLS.items())
more += section("connector", "boom", "unruly", "boom-in-call")
for name, deed in (("t_watch", "crash-in-watch"), ("t_ready", "broken-in-ready"), ("t_open", "crash-in-open"), ("t_press", "crash-in-press"),
                   ("t_flood", "many-in-ready")):
    more += section("trigger", name, "restless", deed)
files = {f"flows/{name}.ini": flow(name, f"connector:{name}.call") for name in CALLS}
files["flows/boom.ini"] = flow("boom", "connector:boom.again", text="boom").replace("3s", "40s")
files["flows/calm.ini"] = flow("calm", "connector:boom.again").replace("3s", "40s")
files["flows/loud.ini"] = flow("loud", "connector:loud.call")
files["flows/stray.ini"] = flow("stray", "connector:stray.call")
files["flows/crasher.ini"] = flow("crasher", "connector:crasher.call")
files["flows/gone.ini"] = flow("gone", "connector:gone.anything")


def children(house):
    """NAME: (STATE, PID, what stands behind it)."""
    found = {}
    name = None
    try:
        with open(house.path("state/children"), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("\t"):
                    found[name][2].append(line.strip())
                else:
                    words = line.split()
                    name = words[0]
                    found[name] = (words[1], int(words[2]), [])
    except FileNotFoundError:
        pass
    return found


def state_of(house, connector):
    return children(house).get(f"worker/connector/{connector}", ("none", 0, []))


def processes_with(text):
    return [line for line in os.popen("ps -eo args").read().splitlines() if line.startswith(text)]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


house = null_house(files, more=more)
with house:
    shutil.copytree(INSTALLED, house.path("plugins"))
    for plugin in ("unruly", "early_crash", "early_exit", "early_garbage", "wrong_abi"):
        shutil.copy(os.path.join(TEST_PLUGINS, plugin + ".so"), house.path("plugins/connector"))
    shutil.copy(os.path.join(TEST_PLUGINS, "restless.so"), house.path("plugins/trigger"))
    shutil.copy(os.path.join(TEST_PLUGINS, "unruly.so"), house.path("plugins/connector/writable.so"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    os.chmod(house.path("plugins/connector/writable.so"), 0o666)
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    house.write("hostler.ini", text.replace("listen = none", "listen = none\nplugins = plugins\nworker_memory = 256"))

    checked = house.hostler("check")
    tap.same(checked.returncode, 1, "check says by its exit status that nothing is wrong but plugins")
    for name, (plugin, deed, says) in FAULTY.items():
        tap.ok(any(says in line for line in checked.stderr.splitlines()), f"check names what is wrong with {name}", checked.stderr)
    tap.ok("\033" not in checked.stderr + checked.stdout, "what plugins print does not reach the terminal")

    house.up(ready=lambda: "ready" in house.said().splitlines()[-1] if house.said() else False)
    tap.ok(house.wait(lambda: "ready, but without" in house.said(), 60), "the house comes up without them and names them", house.said()[-3000:])
    tap.ok("\033" not in house.said(), "what plugins print does not steer the terminal of hostlerd")
    tap.ok(len(house.said()) < 1500000, "and does not flood its log", len(house.said()))
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "the rest of the house works")

    shown = {plugin["name"]: plugin for plugin in house.json("plugins")}
    for name, (plugin, deed, says) in FAULTY.items():
        if plugin != "unruly":
            tap.ok(shown[plugin]["state"] == "faulty" and says in shown[plugin]["why"], f"plugins says why {plugin} does not work",
                   shown[plugin])
    for name, (plugin, deed, says) in DYING.items():
        tap.ok(house.wait(lambda: any(says in line for line in state_of(house, name)[2]), 60),
               f"the reason why {name} does not come up stands in state_dir/children", state_of(house, name))
    tap.ok(house.wait(lambda: state_of(house, "refuser")[0] == "degraded", 30), "one that is misconfigured is not started again",
           state_of(house, "refuser"))
    for name in WORKING:
        tap.same(state_of(house, name)[0], "ready", f"{name} works in spite of what it does")

    triggers = {trigger["name"]: trigger for trigger in house.json("triggers")}
    tap.ok(triggers["t_open"]["state"] != "ready" and "open crashed" in str(triggers["t_open"]["why"]),
           "triggers says why one does not fire", triggers["t_open"])
    tap.ok(triggers["hello"]["state"] == "ready" and triggers["hello"]["why"] is None, "and of one that works that it does", triggers["hello"])
    done = house.hostler("triggers")
    tap.ok("t_open: its process is " in done.stdout, "also to people", done.stdout)
    done = house.hostler("press", "t_press")
    tap.ok(done.returncode == 1 and "PluginCrashed" in done.stderr or "ended while it looked" in done.stderr,
           "a press that kills its trigger is answered", done.returncode, done.stderr)
    tap.ok(house.wait(lambda: children(house)["worker/trigger/t_press"][0] == "ready", 30), "and its trigger comes back")

    for name, (deed, code, part) in CALLS.items():
        house.hostler("run", name, "--wait", time_out=90)
        run = house.json("show", f"last:{name}")
        reason = run["steps"][0]["reason"] or {}
        tap.ok((code is None or reason.get("code") == code) and part in str(reason.get("text")),
               f"a call that does {deed} ends with its reason", run["steps"][0], house.said()[-1500:])
    house.hostler("run", "boom")
    for _ in range(3):
        house.hostler("run", "calm")
    tap.ok(house.wait(lambda: house.json("show", "last:boom")["state"] == "failed", 60), "a call that kills its process each time is set aside",
           house.json("show", "last:boom"))
    reason = house.json("show", "last:boom")["steps"][0]["reason"]
    tap.ok(reason["code"] == "PluginCrashed" and "made 3 times" in reason["text"] and "again crashed: Segmentation fault" in reason["text"],
           "and says how often and of what", reason)
    tap.ok(house.wait(lambda: [run["state"] for run in house.json("runs", "--flow", "calm")] == ["succeeded"] * 3, 60),
           "and the process goes on with the others", house.json("runs", "--flow", "calm"))
    for name in ("loud", "stray"):
        tap.same(house.hostler("run", name, "--wait").returncode, 0, f"a call of {name} works")
    house.hostler("run", "gone", "--wait", time_out=90)
    run = house.json("show", "last:gone")
    tap.ok(run["state"] != "succeeded" and "no connector plugin" in str(run["steps"][0]["reason"]),
           "a step that needs a plugin that is not there says so", run)

    gateway = children(house)["gateway/here"][1]
    engine = children(house)["engine"][1]
    tap.ok(descriptors(engine) < 100 and descriptors(gateway) < 100, "engine and gateway hold no more descriptors than before")
    tap.ok(len(processes_with("sleep 7537")) == 3, "what a plugin keeps running while it works is its own business",
           processes_with("sleep 7537"))
    os.kill(state_of(house, "parent")[1], 9)
    tap.ok(house.wait(lambda: len(processes_with("sleep 7537")) in (0, 3) and state_of(house, "parent")[0] == "ready", 30),
           "when its process dies, so does what it started", processes_with("sleep 7537"))

    # Mended, and started again by a reload.
    os.chmod(house.path("plugins/connector/writable.so"), 0o644)
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    house.write("hostler.ini", text.replace("[connector refuser]\nplugin = unruly\nmisbehave = mute-in-open",
                                            "[connector refuser]\nplugin = unruly\nmisbehave = no"))
    done = house.hostler("reload")
    tap.ok("refuser" in done.stdout, "reload starts again what was given up", done.stdout, done.stderr)
    tap.ok(house.wait(lambda: state_of(house, "refuser")[0] == "ready", 30), "and it works", state_of(house, "refuser"))
    tap.same(house.hostler("press", "hello", "--input", "name=Bo", "--wait").returncode, 0, "after all of it the house works")
    house.down()
    tap.same(processes_with("sleep 7537"), [], "when it is taken down, nothing of a plugin is left running")
    tap.same([line for line in processes_with("hostler") if house.home in line], [], "and nothing of ours")
    left = sorted(os.listdir(house.path("run"))) if os.path.exists(house.path("run")) else []
    tap.same([name for name in left if not name.endswith(".sock") and name != "sessions"], [], "run_dir is empty")
tap.end()
