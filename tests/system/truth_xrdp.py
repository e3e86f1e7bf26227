#!/usr/bin/env python3
"""Every cell of the truth table on a terminal server: a person's session is made by xrdp's session manager, is active while an RDP client
of theirs is connected, locked with i3lock or xscreensaver, and disconnected when the client goes."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xrdp_house
from house import Tap
from truth_house import GUEST, PERSON, Platform, Sitting, prove

xrdp_house.enter()


class Connected(Sitting):
    def __init__(self, user):
        self.user = user
        self.session = xrdp_house.Session(user)
        self.session.connect()
        self.display = f":{self.session.display}"

    def enter(self, state, way):
        if state == "disconnected":
            self.session.disconnect()
        elif state == "locked":
            self.session.lock(way)
        elif state == "unknown":
            os.chmod(self.session.cookies, 0)

    def still(self, state, way):
        if state == "unknown":
            return os.stat(self.session.cookies).st_mode & 0o777 == 0
        return self.session.is_connected() == (state != "disconnected") and (state != "locked" or self.session.is_locked(way))

    def leave_state(self, state, way):
        if state == "disconnected":
            self.session.connect()
        elif state == "locked":
            self.session.unlock()
        elif state == "unknown":
            os.chmod(self.session.cookies, 0o600)

    def leaders(self):
        return {server.pid for server in xrdp_house.servers} | {program.pid for program in self.session.programs}

    def evidence(self):
        return self.session.evidence()

    def doubt(self):
        return [f"display {self.display}", "Permission denied"]

    def sign_out(self):
        self.session.sign_out()


class Terminals(Platform):
    driver = "[driver it]\nplugin = xrdp\n"
    states = (("active", None), ("locked", "i3lock"), ("locked", "xscreensaver"), ("disconnected", None), ("unknown", "cookies out of reach"))

    def missing(self):
        return xrdp_house.missing()

    def connection(self, name, device, user):
        return super().connection(name, device, user).rstrip() + f"\npassword = secret:{user}\n\n"

    def furnish(self, house):
        xrdp_house.begin(PERSON, GUEST)

    def seal(self, house):
        xrdp_house.seal(house, PERSON, GUEST)

    def sit(self, user):
        return Connected(user)


prove(Tap(), Terminals())
