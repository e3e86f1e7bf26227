#!/usr/bin/env python3
"""A driver that crashes, hangs or errs: the device says that it is blind, the run says why, nothing is left, and once it is mended
the next run works."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, null_house

tap = Tap()
INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))

house = null_house({})
with house:
    shutil.copytree(INSTALLED, house.path("plugins"))
    shutil.copy(os.path.join(TEST_PLUGINS, "wayward.so"), house.path("plugins/driver"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    deeds = house.path("deeds")
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("listen = none", "listen = none\nplugins = plugins")
    house.write("hostler.ini", text.replace("plugin = null\nstart = yes", f"plugin = wayward\ndeeds = {deeds}"))

    def tell(deed):
        house.write("deeds.new", deed + "\n")
        os.rename(house.path("deeds.new"), deeds)

    def device():
        return house.json("devices")[0]

    def blind(part):
        found = device()
        return (found["reason"] or {}).get("code") == "SessionFactUnknown" and part in str(found["text"])

    def seen():
        return device()["state"] == "online" and not device()["reason"]

    def last():
        return house.json("show", "last:hello")

    tell("no")
    house.up()
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "a driver that behaves runs flows")

    for deed, part in (("crash-in-list", "signal 11"), ("words-in-list", "it is wrong"), ("exit-in-list", "exit status 0")):
        tell(deed)
        tap.ok(house.wait(lambda: blind(part), 40), f"with {deed} the device says that it is blind, and why", device())
        house.hostler("press", "hello", "--input", "name=Bo")
        tap.ok(house.wait(lambda: "SessionFactUnknown" in str(last()["steps"]), 30), f"a run waits meanwhile and says so ({deed})", last())
        tell("no")
        tap.ok(house.wait(seen, 90), f"after {deed} it sees again", device(), house.said()[-1500:])
        tap.ok(house.wait(lambda: last()["state"] == "succeeded", 60), f"and the run starts ({deed})", last(), house.said()[-1500:])

    for deed, codes in (("crash-in-open", "SessionCreationError"), ("words-in-open", "SessionCreationError"),
                        ("crash-in-start", ""), ("words-in-start", "FlowFailed"), ("crash-in-close", "")):
        tell(deed)
        house.hostler("press", "hello", "--input", "name=Cy")
        tap.ok(house.wait(lambda: last()["state"] in ("failed", "lost", "succeeded") or last()["steps"][0]["reason"], 60),
               f"{deed} is told", last(), house.said()[-1500:])
        shown = last()
        tap.ok(deed == "crash-in-close" or codes in str(shown["steps"][0]["reason"]) and shown["steps"][0]["reason"],
               f"the run says why ({deed})", shown, house.said()[-1500:])
        tell("no")
        house.hostler("cancel", "last:hello")
        tap.ok(house.wait(lambda: device()["running"] == 0, 60), f"its place is free again ({deed})", device(), house.said()[-1500:])
        done = house.hostler("press", "hello", "--input", "name=Di", "--wait", time_out=90)
        tap.same(done.returncode, 0, f"and the next run works ({deed})") or print("#", house.said()[-1500:].replace("\n", "\n# "))

    tell("hang-in-list")
    tap.ok(house.wait(lambda: blind("signal 9"), 60), "a list that never ends loses its process", device(), house.said()[-1500:])
    tell("no")
    tap.ok(house.wait(seen, 90), "and the device sees again", device())
    tap.same(house.hostler("press", "hello", "--input", "name=Ed", "--wait", time_out=90).returncode, 0, "and works")
    house.down()
    left = [line for line in os.popen("ps -eo args").read().splitlines() if house.home in line and "ps -eo" not in line]
    tap.same([line for line in left if "bad_drivers" not in line], [], "after all of it nothing is left running")
    tap.same(os.listdir(house.path("state/work")) if os.path.exists(house.path("state/work")) else [], [], "and no work folder")
tap.end()
