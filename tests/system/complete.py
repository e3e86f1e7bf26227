#!/usr/bin/env python3
"""Completion as people have it: a shell on a terminal, the key Tab, and what then stands on the line."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap, null_house

tap = Tap()
PATIENCE_S, TIMES = 20, 5
COMPLETION = os.path.join(SOURCE, "conf/completion")


class Shell:
    """A shell on a terminal of its own; `begin` is typed first."""

    def __init__(self, house, argv, begin):
        self.near, far = pty.openpty()
        environment = {**house.environment(), "HOSTLER_CONF": house.ini, "TERM": "dumb", "PS1": "ready> ",
                       "PATH": PROGRAMS + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        self.child = subprocess.Popen(argv, env=environment, cwd=house.home, stdin=far, stdout=far, stderr=far,
                                      start_new_session=True)
        os.close(far)
        self.said = ""
        self.types(begin + "; echo be''gun\n")
        self.until("begun")

    def types(self, text):
        os.write(self.near, text.encode())

    def until(self, wanted, patience_s=PATIENCE_S):
        """Whether it has said so before patience ends; what it said since the last time is gone then."""
        end = time.monotonic() + patience_s
        while wanted not in self.said and time.monotonic() < end:
            if select.select([self.near], [], [], 1)[0]:
                self.said += os.read(self.near, 65536).decode(errors="replace")
        found = wanted in self.said
        self.said = self.said.partition(wanted)[2] if found else self.said
        return found

    def completes(self, typed, wanted):
        """
        Tab behind what is typed makes it these words: what stands in for the program prints those it was given. A house that is
        too busy to answer at once completes nothing; people press Tab again.
        """
        words = "".join(f"<{word}>" for word in wanted.split()) + "."
        for _ in range(TIMES):
            self.types(typed + "\t\n")
            if self.until(words, PATIENCE_S / TIMES):
                return True
        return False

    def end(self):
        self.child.kill()
        self.child.wait()
        os.close(self.near)


# What is typed before Tab, the words that the program is given then, and what they are.
LINES = [
    ("hostler reso", "resolve", "commands"),
    ("hostler press hel", "press hello", "triggers"),
    ("hostler runs --sta", "runs --state", "options"),
    ("hostler runs --state succ", "runs --state succeeded", "choices"),
    ("hostler run he", "run hello", "flows"),
    ("hostler device drain her", "device drain here", "devices"),
    ("hostler queue device:he", "queue device:here", "targets, with a colon in them"),
    ("hostler connection unblock m", "connection unblock me", "connections"),
    ("hostler explain GatewayR", "explain GatewayRevoked", "reason codes"),
    ("hostler try desk", "try desktop-flows/", "folders"),
    ("hostler press hello --input na", "press hello --input name=", "inputs"),
    ("hostler press hello --secret pi", "press hello --secret pin", "secret inputs"),
    ("hostler show 1/gre", "show 1/greet", "steps of a run"),
]
# Asked it completes, run it tells its words.
STAND_IN = "hostler() { if [ \"$1\" = --complete ]; then command hostler \"$@\"; else printf '<%s>' \"$@\"; echo .; fi; }"


def bash(house):
    return Shell(house, ["bash", "--norc", "--noprofile", "-i"],
                 "bind 'set enable-bracketed-paste off'; . /usr/share/bash-completion/bash_completion 2>/dev/null; "
                 f"{STAND_IN}; . {COMPLETION}/hostler.bash")


def zsh(house):
    return Shell(house, ["zsh", "-f", "-i"],
                 f"fpath=({COMPLETION} $fpath); autoload -U compinit; compinit -u -D; unsetopt beep; {STAND_IN}")


def fish_says(house, typed):
    """What fish offers for the line."""
    environment = {**house.environment(), "HOSTLER_CONF": house.ini, "PATH": PROGRAMS + ":" + os.environ["PATH"]}
    done = subprocess.run(["fish", "-N", "-c", f"source {COMPLETION}/hostler.fish; complete -C '{typed}'"], env=environment,
                          cwd=house.home, capture_output=True, text=True, timeout=PATIENCE_S)
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


with null_house({}) as house:
    with open(house.ini, encoding="utf-8") as file:
        house.write("hostler.ini", file.read().replace("input.name", "input.pin = secret\ninput.name"))
    house.up()
    tap.same(house.hostler("press", "hello", "--input", "name=Ada", "--wait").returncode, 0, "there is a run to complete")
    for name, start in (("bash", bash), ("zsh", zsh)):
        if not shutil.which(name):
            tap.skip(f"{name} completes", f"{name} is not installed")
            continue
        shell = start(house)
        for typed, wanted, what in LINES:
            # zsh takes the slash that it put behind a folder away again.
            tap.ok(shell.completes(typed, wanted if name == "bash" else wanted.rstrip("/")), f"{name} completes {what}", typed, shell.said)
        shell.end()
    for typed, wanted, what in LINES if shutil.which("fish") else []:
        offered = fish_says(house, typed)
        tap.same(offered, [wanted.split()[-1]], f"fish completes {what}")
    if not shutil.which("fish"):
        tap.skip("fish completes", "fish is not installed")
    house.down()
tap.end()
