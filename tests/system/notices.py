#!/usr/bin/env python3
"""A notification server for tests, as the desktop of a person has one: what it is asked to show it writes down, line by line as JSON.
A line on its standard input is what the person does: "press ID ACTION" or "dismiss ID".

    notices.py FILE [capability]...
"""

import json
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"


class Server(dbus.service.Object):
    def __init__(self, bus, path, capabilities):
        super().__init__(bus, "/org/freedesktop/Notifications")
        self.file = open(path, "a", encoding="utf-8", buffering=1)
        self.capabilities = capabilities
        self.last = 0

    @dbus.service.method(NAME, in_signature="", out_signature="as")
    def GetCapabilities(self):
        return dbus.Array(self.capabilities, signature="s")

    @dbus.service.method(NAME, in_signature="", out_signature="ssss")
    def GetServerInformation(self):
        return "notices", "hostler", "1", "1.2"

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u", sender_keyword="sender", connection_keyword="bus")
    def Notify(self, name, replaces, icon, summary, body, actions, hints, expires, sender=None, bus=None):
        if not replaces:
            self.last += 1
            replaces = self.last
        self.file.write(json.dumps({"id": int(replaces), "name": name, "summary": summary, "body": body, "actions": list(actions),
                                    "expires": int(expires), "uid": int(bus.get_unix_user(sender))}) + "\n")
        return dbus.UInt32(replaces)

    @dbus.service.method(NAME, in_signature="u", out_signature="")
    def CloseNotification(self, number):
        self.NotificationClosed(number, 3)

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, number, why):
        pass

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, action):
        pass

    def obey(self, source, _):
        said = os.read(source.fileno(), 65536).decode()
        for words in map(str.split, said.splitlines()):
            if words[0] == "press":
                self.ActionInvoked(int(words[1]), words[2])
            elif words[0] == "dismiss":
                self.NotificationClosed(int(words[1]), 2)
        return bool(said)


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
session = dbus.SessionBus()
owned = dbus.service.BusName(NAME, session)
server = Server(session, sys.argv[1], sys.argv[2:])
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, server.obey)
print("ready", flush=True)
GLib.MainLoop().run()
