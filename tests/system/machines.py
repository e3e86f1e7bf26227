#!/usr/bin/env python3
"""Gateways of other machines: let in by their keys, they share the runs of a cluster; what they are is told truly; one that is
removed is gone at once; a second one with the same key is refused and named."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, free_port, gateway_house, host_house

tap = Tap()


def devices(host):
    return {device["name"]: device for device in host.json("devices")}


def state(host, name):
    return devices(host)[name]["state"]


def run_on(host, n):
    """The devices that n runs, started at once, were placed on."""
    numbers = [host.json("run", "greet", "--event", host.path("ada.json"))[0]["number"] for _ in range(n)]
    ended = ("succeeded", "failed", "cancelled", "expired", "lost")
    if not host.wait(lambda: all(host.json("show", f"#{number}")["state"] in ended for number in numbers), 60):
        return None
    return [host.json("show", f"#{number}")["steps"][0]["device"] for number in numbers]


port = free_port()
with host_house(f"tcp://127.0.0.1:{port}", ["ts-01", "ts-02"]) as host:
    host.write("ada.json", '{"name":"Ada"}')
    checked = host.hostler("check")
    tap.same(checked.returncode, 0, "a host may name devices of other machines")
    host.up()
    shown = devices(host)["ts-01"]
    tap.same(shown["state"], "never connected", "a gateway that was never let in has never connected")
    tap.ok("hostler gateway invite ts-01" in shown["text"] and str(port) in shown["text"],
           "and what to do is said, with the address", shown["text"])

    with gateway_house(host, "ts-01") as one, gateway_house(host, "ts-02") as two:
        one.up()
        tap.ok(host.wait(lambda: "refused 127.0.0.1" in host.said(), 20), "a key that nobody let in is refused, and named", host.said())
        with open(one.path("state/gateway.pub"), encoding="utf-8") as file:
            key = file.read().split()[2]
        tap.same(host.hostler("gateway", "add", "ts-01", key[:-1]).returncode, 2, "what is no key is refused")
        done = host.hostler("gateway", "add", "ts-01", key)
        tap.same(done.returncode, 0, "its key is let in")
        tap.ok(host.wait(lambda: state(host, "ts-01") == "online", 20), "and it comes online", one.said(), host.said())
        done = host.hostler("gateway", "add", "ts-01", key)
        tap.ok(done.returncode == 2 and "remove ts-01" in done.stderr, "a name that is taken is refused, with the remedy", done.stderr)
        done = host.hostler("gateway", "add", "ts-07", key)
        tap.ok(done.returncode == 2 and "gateway/ts-01" in done.stderr, "so is a key that somebody has", done.stderr)

        two.up()
        with open(two.path("state/gateway.pub"), encoding="utf-8") as file:
            done = host.hostler("gateway", "add", "ts-02", *file.read().split()[-3:])
        with open(host.path("state/roster"), encoding="ascii") as file:
            tap.ok(done.returncode == 0 and host.wait(lambda: "\ngateway ts-02 " in open(host.path("state/roster")).read(), 10),
                   "one whose keys to seal with are said, too, is in the roster", done.stderr, file.read())
        tap.ok(host.wait(lambda: state(host, "ts-02") == "online", 20), "a second one, too", two.said())
        shown = devices(host)["ts-02"]
        tap.same((shown["gateway"], shown["address"], shown["driver"], shown["strategy"], shown["accounts"]),
                 ("ts-02", "127.0.0.1", "nul", "open", ["bot1", "bot2"]), "what stands in its own file is shown")

        placed = run_on(host, 12)
        tap.ok(placed and {"ts-01", "ts-02"} == set(placed), "the runs of a cluster are spread over both", placed, one.said(), two.said())

        # A copy of the first: its keys come from the seed.
        with gateway_house(host, "ts-01") as copy:
            os.makedirs(copy.path("state"))
            shutil.copy(one.path("state/host.seed"), copy.path("state/host.seed"))
            copy.up()
            tap.ok(host.wait(lambda: state(host, "ts-01") == "cloned", 30), "a second gateway with the same key is seen",
                   devices(host)["ts-01"], host.said())
            shown = devices(host)["ts-01"]
            tap.ok("127.0.0.1" in (shown["text"] or "") and "ts-01" in shown["text"], "and named, with its address", shown)
            tap.ok(host.wait(lambda: "GatewayCloned" in host.said(), 20), "the log says so, too", host.said())
            tap.ok(copy.wait(lambda: "GatewayCloned" in copy.said() or "same key" in copy.said(), 10), "the copy is told why", copy.said())
            placed = run_on(host, 6)
            tap.ok(placed and set(placed) <= {"ts-01", "ts-02"}, "runs go on", placed)
            tap.ok("Replaced" not in one.said(), "the first was not thrown out", one.said())
            one.down()
            tap.ok(host.wait(lambda: state(host, "ts-01") == "online", 30), "when the first has gone, the copy gets in",
                   devices(host)["ts-01"], copy.said())
        one.up()
        tap.ok(host.wait(lambda: state(host, "ts-01") == "online", 30), "and the first, when the copy has gone", one.said())

        done = host.hostler("gateway", "remove", "ts-02")
        tap.same(done.returncode, 0, "a gateway is removed")
        tap.ok(host.wait(lambda: state(host, "ts-02") == "revoked", 2), "and revoked at once", devices(host)["ts-02"])
        tap.ok(two.wait(lambda: "GatewayRevoked" in two.said() or "has removed gateway/ts-02" in two.said(), 10), "it is told so", two.said())
        placed = run_on(host, 4)
        tap.same(placed and set(placed), {"ts-01"}, "the other takes its runs over")
        tap.same(host.hostler("gateway", "remove", "ts-02").returncode, 2, "it cannot be removed twice")
        host.down()
        host.up(lambda: host.hostler("devices").returncode == 0)
        tap.ok(host.wait(lambda: state(host, "ts-01") == "online", 30), "who was let in is let in after a restart", host.said())
        tap.same(state(host, "ts-02"), "revoked", "and who was removed is not")
        tap.ok(host.wait(lambda: "refused last" in devices(host)["ts-02"]["text"], 20), "that it still tries is shown",
               devices(host)["ts-02"]["text"])
        one.down()
        tap.ok(host.wait(lambda: state(host, "ts-01") == "offline", 30), "one that is taken down is offline", devices(host)["ts-01"])
        host.down()
        host.up(lambda: host.hostler("devices").returncode == 0)
        shown = devices(host)["ts-01"]
        tap.ok(shown["state"] == "offline" and shown["last_seen"], "after a restart of the host it still is, and not unknown", shown)
tap.end()
