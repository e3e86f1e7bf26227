#!/usr/bin/env python3
"""A terminal server that has as many sessions as it may have: a run waits and says why, its connection is not blocked, and it starts
once a person has signed out."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xrdp_house
from house import House, Tap, connection_conf, device_conf, make_user, remove_user

xrdp_house.enter()

PERSON, BOT = "hosttestful1", "hosttestful2"
FLOW = "[flow]\nname = go\n\n[step it]\nuse = desktop:short\nconnection = me\nmode = unattended\n"
FILES = {
    "desktop-flows/short/desktop-flow.ini": "[desktop-flow]\nname = short\nversion = 1\nrun = sh -c 'test -n \"$DISPLAY\"'\nscreenshots = none\n",
    "flows/go.ini": FLOW,
    "hostler.ini": device_conf(BOT, driver="it", strategy="big", more="[strategy big]\nplugin = server-rds\n\n[driver it]\nplugin = xrdp\n\n" +
                               connection_conf(BOT) + f"password = secret:{BOT}\n"),
}

tap = Tap()
if xrdp_house.missing():
    tap.skip("a terminal server that is full", xrdp_house.missing())
    tap.end()


def step(house):
    return house.json("show", "last:go")["steps"][0]


try:
    make_user(PERSON)
    make_user(BOT)
    subprocess.run(["sed", "-i", "s/^MaxSessions=.*/MaxSessions=1/", "/run/sesman.ini"], check=True)
    xrdp_house.begin(PERSON, BOT)
    session = xrdp_house.Session(PERSON)
    with House(FILES) as house:
        house.up()
        xrdp_house.seal(house, BOT)
        house.hostler("run", "go")
        tap.ok(house.wait(lambda: step(house)["state"] == "queued" and "TooManyActiveSessions" in str(step(house)), 20), "a run waits, with the reason", step(house), house.said())
        tap.ok("MaxSessions = 1 in /run/sesman.ini" in str(house.json("show", "last:go")), "which names the limit and its file", house.json("show", "last:go"))
        tap.same(step(house)["state"], "queued", "it is queued")
        tap.ok("blocked" not in str(house.json("connection", "list")), "its connection is not blocked", house.json("connection", "list"))
        time.sleep(3)
        offers = house.hostler("show", "last:go").stdout.count("offered to here")
        tap.ok(offers == 1, "and it is not offered without a pause", offers)
        session.sign_out()
        tap.ok(house.wait(lambda: house.json("show", "last:go")["state"] == "succeeded", 20), "once the person has signed out it runs",
               house.json("show", "last:go"), house.said())
        house.down()
finally:
    remove_user(PERSON)
    remove_user(BOT)
tap.end()
