#!/usr/bin/env python3
"""A password that PAM checks for a session on driver x11: strace over the whole house, from its start to the end of the run, finds it in no
program's arguments and environment, and in nothing that any process writes or sends; nor is it in a file or in the log."""

import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, holding, make_user, remove_user

USER, RIGHT, WRONG = "hosttestpass", "right-canary-4711", "wrong-canary-0815"
TRACE = ["strace", "-ff", "-v", "-xx", "-s", "65536", "-e", "signal=none", "--seccomp-bpf",
         "-e", "trace=execve,execveat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"]

tap = Tap()
missing = [program for program in ("strace", "Xvfb", "openbox", "dbus-daemon", "useradd", "chpasswd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("a password that PAM checks", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

FILES = {
    "hostler.ini": device_conf(USER, strategy="open", more=connection_conf(USER) + "password = secret:bot\n"),
    "flows/one.ini": "[flow]\nname = one\n\n[step it]\nuse = desktop:who\nconnection = me\nmode = unattended\n",
    "desktop-flows/who/desktop-flow.ini": "[desktop-flow]\nname = who\nversion = 1\nrun = sh $HOSTLER_PACKAGE/who.sh\n"
                                          "timeout = 2m\nscreenshots = none\n\n[output who]\ntype = text\n",
    "desktop-flows/who/who.sh": "hostler-event output who \"$(id -un)\"\n",
}


def hexed(text):
    """As strace -xx writes it."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def traced(folder, text):
    """The calls in which these bytes stand, by the name of the trace."""
    found = []
    for path in glob.glob(os.path.join(folder, "trace.*")):
        with open(path, encoding="ascii", errors="replace") as file:
            found += [f"{os.path.basename(path)}: {line.split('(')[0]}" for line in file if hexed(text) in line]
    return found


def seal(house, password):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", "bot"), env=house.environment(), cwd=house.home, input=password,
                          capture_output=True, text=True, timeout=60, check=False)


make_user(USER, 54430)
try:
    subprocess.run(["chpasswd"], input=f"{USER}:{RIGHT}\n", text=True, check=True)
    with House(FILES) as house:
        traces = house.path("traces")
        os.mkdir(traces)
        house.hostler("init", "--yes")
        plain = house.command
        house.command = lambda *words: [*TRACE, "-o", os.path.join(traces, "trace"), *plain(*words)]
        house.online_as_ever, house.online = house.online, lambda: True
        house.up()
        house.command, house.online = plain, house.online_as_ever
        tap.ok(house.wait(house.online, 60), "a house is up, and traced", house.said()[-2000:])
        tap.same(seal(house, WRONG).returncode, 0, "a password is sealed")
        house.hostler("run", "one")
        tap.ok(house.wait(lambda: (house.json("show", "last:one")["steps"][0].get("reason") or {}).get("code") == "ConnectionBlocked", 60),
               "a wrong one is refused by PAM", house.json("show", "last:one"))
        tap.same(seal(house, RIGHT).returncode, 0, "the right one is sealed")
        tap.ok(house.wait(lambda: house.json("show", "last:one")["state"] == "succeeded", 60), "with which the run succeeds",
               house.json("show", "last:one"), house.said()[-2000:])
        tap.same(house.json("show", "last:one")["steps"][0]["outputs"], {"who": USER}, "as the user")
        house.down()
        tap.ok(any("execve" in call for call in traced(traces, f"USER={USER}")), "the trace reaches into the session")
        for what, word in (("right", RIGHT), ("wrong", WRONG)):
            tap.same(traced(traces, word), [], f"the {what} password is in no argument, no environment, and nothing that is written or sent")
            tap.same(holding(house, word), [], f"the {what} password is in no file and no log")
finally:
    remove_user(USER)
tap.end()
