#!/usr/bin/env python3
"""Every cell of the truth table on displays of X servers: a person sits at one of their own, locks it with i3lock or xscreensaver, or
it cannot be seen whether they did. Nobody is disconnected here: a display is always there for whoever sits at it."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop_house import Desktop
from house import Tap
from truth_house import Platform, Sitting, prove


class AtDisplay(Sitting):
    def __init__(self, user):
        self.user = user
        self.desktop = Desktop(user)
        self.display = f":{self.desktop.display}"
        self.program = None

    def enter(self, state, way):
        if way == "i3lock":
            self.program = self.desktop.lock()
        elif way == "xscreensaver":
            self.program = self.desktop.start_screensaver()
            self.desktop.ask("xscreensaver-command", "-lock")
        elif state == "unknown":
            os.chmod(self.desktop.cookies, 0)

    def still(self, state, way):
        if way == "xscreensaver":
            return "screen locked" in self.desktop.ask("xscreensaver-command", "-time").stdout
        if state == "unknown":
            return os.stat(self.desktop.cookies).st_mode & 0o777 == 0
        return not self.program or self.program.poll() is None

    def leave_state(self, state, way):
        if state == "unknown":
            os.chmod(self.desktop.cookies, 0o600)
        elif self.program:
            self.desktop.unlock(self.program)
            self.program = None

    def leaders(self):
        return {program.pid for program in self.desktop.programs}

    def doubt(self):
        return [f"display {self.display}", "Permission denied"]

    def sign_out(self):
        self.desktop.sign_out()


class Displays(Platform):
    states = (("active", None), ("locked", "i3lock"), ("locked", "xscreensaver"), ("unknown", "cookies out of reach"))

    def missing(self):
        if os.geteuid() != 0:
            return "needs root"
        programs = ("Xvfb", "openbox", "dbus-run-session", "i3lock", "xscreensaver", "unshare", "useradd")
        absent = [program for program in programs if not shutil.which(program)]
        return f"not installed: {', '.join(absent)}" if absent else None

    def sit(self, user):
        return AtDisplay(user)


prove(Tap(), Displays())
