#!/usr/bin/env python3
"""A cluster of three gateways: its members share evenly, one that comes back is not flooded, a restart is no new beginning;
what devices report is weighed; and a balancer that cannot be loaded holds up its cluster alone. Speaks TAP."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, free_port, gateway_house, host_house

tap = Tap()
INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))
NAMES = ["ts-1", "ts-2", "ts-3"]
LOADS = {"ts-1": (900, 300), "ts-2": (100, 700), "ts-3": (500, 400)}
DIRECT = "[flow]\nname = direct\n[step greet]\nuse = desktop:greet\nconnection = direct\nmode = unattended\ninput.name = Ada\n"


def ended(host, number):
    return host.json("show", f"#{number}")["state"] == "succeeded"


def run(host, n=1):
    """The devices that n runs, one after the other, were placed on."""
    devices = []
    for _ in range(n):
        number = host.json("run", "greet", "--event", host.path("ada.json"))[0]["number"]
        if not host.wait(lambda: ended(host, number) and not any(device["running"] for device in host.json("devices")), 20):
            return [host.hostler("show", f"#{number}").stdout]
        devices.append(host.json("show", f"#{number}")["steps"][0]["device"])
    return devices


def even(devices, names):
    counts = [devices.count(name) for name in names]
    return sum(counts) == len(devices) and max(counts) - min(counts) <= 1


def balancer(host, name):
    with open(host.ini, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("balancer = ")]
    at = next(i for i, line in enumerate(lines) if line.startswith("members = "))
    host.write("hostler.ini", "".join(lines[:at] + [f"balancer = {name}\n"] + lines[at:]))


def all_online(host, names):
    shown = {device["name"]: device["state"] for device in host.json("devices")}
    return all(shown[name] == "online" for name in names)


def enter(host, gateway, name):
    gateway.up()
    with open(gateway.path("state/gateway.pub"), encoding="utf-8") as file:
        host.hostler("gateway", "add", name, file.read().split()[2])


def restart(host, names):
    host.down()
    host.up(ready=lambda: host.hostler("devices").returncode == 0 and all_online(host, names))


def sharing(host):
    before = run(host, 10)
    tap.ok(even(before, NAMES), "ten runs are shared by three members within one", before)
    restart(host, NAMES)
    after = run(host, 2)
    tap.ok(even(before + after, NAMES), "whose turn it is is known after a restart", before, after)


def coming_back(host, two):
    away = run(host, 6)
    tap.ok(even(away, ["ts-1", "ts-3"]), "while one is away the others share what comes", away)
    two.up()
    tap.ok(host.wait(lambda: all_online(host, NAMES), 30), "it comes back", two.said())
    back = run(host, 6)
    tap.ok(even(back, NAMES), "and is not flooded", back)


def weighing(host):
    shown = {device["name"]: (device["load_milli"], device["memory_milli"]) for device in host.json("devices")}
    tap.same(shown, LOADS, "what the drivers say of their load is shown")
    table = host.hostler("devices").stdout
    tap.ok("processors 90 %, memory 30 %" in table, "also to people", table)
    balancer(host, "least-loaded")
    tap.same(host.hostler("reload").returncode, 0, "another balancer counts from a reload on")
    tap.same(run(host, 2), ["ts-3", "ts-3"], "the one whose scarcest resource is least scarce gets the runs")
    balancer(host, "primary")
    host.hostler("reload")
    tap.same(run(host, 2), ["ts-1", "ts-1"], "or the first of the list")
    balancer(host, "cluster")
    host.hostler("reload")
    devices = run(host, 3)
    tap.ok(even(devices, NAMES), "what another balancer has placed is made up for by nobody", devices)


def unusable(host):
    balancer(host, "early_crash")
    checked = host.hostler("check")
    tap.same(checked.returncode, 1, "check refuses a balancer that cannot be loaded")
    tap.ok("hostler.ini:" in checked.stderr and "loading it crashed" in checked.stderr, "and says where, and why", checked.stderr)
    tap.same(host.hostler("reload").returncode, 0, "the rest of the configuration is put into force")
    waiting = host.json("run", "greet", "--event", host.path("ada.json"))[0]["number"]
    step = host.json("show", f"#{waiting}")["steps"][0]
    tap.same((step["state"], step["reason"]["code"]), ("queued", "BalancerUnusable"), "its cluster waits")
    why = host.hostler("why", f"#{waiting}").stdout
    tap.ok("loading it crashed" in why and "hostler reload" in why, "and says why, and what to do", why)
    plugins = {plugin["name"]: plugin for plugin in host.json("plugins") if plugin["kind"] == "balancer"}
    tap.same(plugins["early_crash"]["state"], "faulty", "plugins shows it")
    doctor = host.hostler("doctor").stdout
    tap.ok("loading it crashed" in doctor, "and so does doctor", doctor)
    tap.same(host.hostler("run", "direct", "--wait").returncode, 0, "a run on one of its devices is held up by nothing")
    restart(host, ["ts-1", "ts-3"])
    step = host.json("show", f"#{waiting}")["steps"][0]
    tap.same((step["state"], step["reason"]["code"]), ("queued", "BalancerUnusable"), "the house comes up with it, too, and the run waits on")
    tap.ok(host.wait(lambda: not all_online(host, ["ts-2"]), 30), "one that has gone meanwhile is offline")
    balancer(host, "cluster")
    host.hostler("reload")
    tap.ok(host.wait(lambda: ended(host, waiting), 20), "with another one it goes on", host.hostler("show", f"#{waiting}").stdout)


def gateway(host, name):
    load, memory = LOADS[name]
    return gateway_house(host, name, f"start = no\nload = {load}\nmemory = {memory}")


with host_house(f"tcp://127.0.0.1:{free_port()}", NAMES) as house:
    house.write("ada.json", '{"name":"Ada"}')
    house.write("flows/direct.ini", DIRECT)
    shutil.copytree(INSTALLED, house.path("plugins"))
    shutil.copy(os.path.join(TEST_PLUGINS, "early_crash.so"), house.path("plugins/balancer"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    with open(house.ini, encoding="utf-8") as ini:
        text = ini.read() + "\n[connection direct]\ntarget = device:ts-1\nuser = bot2\n"
    house.write("hostler.ini", text.replace("[host]\n", "[host]\nplugins = plugins\n"))
    balancer(house, "cluster")
    house.up()
    with gateway(house, "ts-1") as first, gateway(house, "ts-2") as second, gateway(house, "ts-3") as third:
        for member, its_name in ((first, "ts-1"), (second, "ts-2"), (third, "ts-3")):
            enter(house, member, its_name)
        tap.ok(house.wait(lambda: all_online(house, NAMES), 30), "three gateways are let in", house.said())
        sharing(house)
        weighing(house)
        second.down()
        unusable(house)
        coming_back(house, second)
tap.end()
