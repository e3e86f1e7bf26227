#!/usr/bin/env python3
"""One gateway that serves three devices, each with its driver, strategy and address: the same user runs on all three at once, and when
the gateway is killed, and then the session process of one of them, nothing of one device becomes another's."""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap

tap = Tap()
DEVICES = ("desk", "server", "pool")
FLOW = "[flow]\nname = on-{device}\n\n[step it]\nuse = desktop:slow\nconnection = on-{device}\nmode = unattended\non_lost = fail\n"

FILES = {
    "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here
driver = null
accounts = bot1

[driver client]
plugin = null
system = client

[driver ts]
plugin = null
system = server

[driver many]
plugin = sim

[strategy three]
plugin = server-rds
max_sessions = 3
reuse_session = yes

[device desk]
driver = client
address = desk-1.example.com

[device server]
driver = ts
address = 10.0.0.7:3389

[device pool]
driver = many
strategy = three
""" + "".join(f"\n[connection on-{device}]\ntarget = device:{device}\nuser = bot1\n" for device in DEVICES),
    "desktop-flows/slow/desktop-flow.ini": "[desktop-flow]\nname = slow\nversion = 1\nrun = sh $HOSTLER_PACKAGE/slow.sh\nscreenshots = none\n",
    "desktop-flows/slow/slow.sh": "until [ -e GATE ]; do sleep 0.05; done\n",
    **{f"flows/{device}.ini": FLOW.format(device=device) for device in DEVICES},
}


def step(house, device):
    return house.json("show", f"last:on-{device}")["steps"][0]


def states(house):
    return {device: step(house, device)["state"] for device in DEVICES}


def child(house, name):
    with open(house.path("state/children"), encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words and words[0] == name:
                return int(next(word for word in words[1:] if word.isdigit() and int(word) > 1))
    return None


def hold_with_a_flow(house, device):
    """The session process of this device that has a child."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                busy = file.read().strip()
        except OSError:
            continue
        if words[0].endswith("hostler-session") and "hold" in words and house.ini in words and device in words and busy:
            return int(pid)
    return None


with House(FILES) as house:
    house.write("desktop-flows/slow/slow.sh", FILES["desktop-flows/slow/slow.sh"].replace("GATE", house.path("gate")))
    checked = house.hostler("check")
    tap.ok(checked.returncode == 0 and "same machine" not in checked.stderr, "three devices of one gateway are right", checked.stdout, checked.stderr)
    house.up()
    tap.ok(house.wait(lambda: all(device["state"] == "online" and device["limit"] for device in house.json("devices")), 20), "all are there")
    shown = {device["name"]: device for device in house.json("devices")}
    tap.same([shown[name]["strategy"] for name in DEVICES], ["win10", "server-rds", "three"], "each has its strategy, by its system or by its section")
    tap.same([shown[name]["strategy_by_system"] for name in DEVICES], [True, True, False], "and says which")
    tap.same([shown[name]["limit"] for name in DEVICES], [1, 2, 3], "each has its limit")
    tap.same([shown[name]["device_address"] for name in DEVICES], ["desk-1.example.com", "10.0.0.7:3389", None], "and its address")
    tap.ok("Remote Desktop Services" in shown["server"]["limit_from"] and shown["pool"]["limit_from"] == "max_sessions", "and where its limit comes from", shown)
    said = house.said()
    tap.ok("stands in for desk-1.example.com" in said and "stands in for 10.0.0.7:3389" in said, "drivers are told the address of their device", said[-2000:])

    for device in DEVICES:
        house.hostler("run", f"on-{device}")
    tap.ok(house.wait(lambda: set(states(house).values()) == {"running"}, 30), "one user runs on all of them at once", states(house))
    os.kill(child(house, "gateway/here"), signal.SIGKILL)
    tap.ok(house.wait(lambda: sum(device["state"] == "online" and device["running"] == 1 for device in house.json("devices")) == 3, 40),
           "the gateway is killed: each device has its run again", house.hostler("devices").stdout)
    tap.same(states(house), {device: "running" for device in DEVICES}, "and they go on")
    victim = hold_with_a_flow(house, "server")
    os.kill(victim, signal.SIGKILL)
    tap.ok(house.wait(lambda: step(house, "server")["state"] == "failed", 40), "the session process of one is killed: that run is lost", step(house, "server"))
    tap.same([step(house, device)["state"] for device in ("desk", "pool")], ["running", "running"], "and no other")
    house.write("gate", "")
    tap.ok(house.wait(lambda: [step(house, device)["state"] for device in ("desk", "pool")] == ["succeeded", "succeeded"], 40), "the others end well",
           states(house))
    tap.same([step(house, device)["device"] for device in DEVICES], list(DEVICES), "each on its own device")
    house.hostler("run", "on-server")
    tap.ok(house.wait(lambda: step(house, "server")["state"] == "succeeded", 40), "and the next one runs where one was lost", step(house, "server"))
    shown = {device["name"]: device["sessions"] for device in house.json("devices")}
    tap.ok(house.wait(lambda: [session["kept"] for session in next(device for device in house.json("devices") if device["name"] == "pool")["sessions"]] == [True], 20),
           "what is kept is seen", shown)
tap.end()
