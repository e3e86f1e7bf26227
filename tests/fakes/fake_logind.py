#!/usr/bin/python3
"""A bus on which somebody answers as logind does for one session: that of the process PID. Whether its screen is locked says the
file that is named, "locked" or anything else, whenever it is asked; after "nonsense " the answer is the rest as a text.

    fake_logind.py DIRECTORY PID FILE

makes the socket DIRECTORY/bus, says "ready" on its output, and goes on until it is ended."""

import os
import signal
import subprocess
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

directory, pid, state = sys.argv[1:]

CONFIGURATION = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""

INTERFACES = """<node>
  <interface name="org.freedesktop.login1.Manager">
    <method name="GetSessionByPID"><arg type="u" direction="in"/><arg type="o" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.login1.Session"><property name="LockedHint" type="b" access="read"/></interface>
</node>"""

PATH = "/org/freedesktop/login1/session/_31"


def on_call(_connection, _sender, _path, _interface, _method, arguments, invocation):
    if arguments[0] == int(pid):
        invocation.return_value(GLib.Variant("(o)", (PATH,)))
    else:
        invocation.return_dbus_error("org.freedesktop.login1.NoSessionForPID", "no session")


def on_get(*_):
    with open(state, encoding="utf-8") as file:
        said = file.read().strip()
    return GLib.Variant("s", said[9:]) if said.startswith("nonsense ") else GLib.Variant("b", said == "locked")


with open(os.path.join(directory, "bus.conf"), "w", encoding="utf-8") as file:
    file.write(CONFIGURATION)
bus = subprocess.Popen(["dbus-daemon", f"--config-file={directory}/bus.conf", "--nofork", "--print-address"],
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
address = bus.stdout.readline().strip()
os.chmod(os.path.join(directory, "bus"), 0o666)
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
manager, session = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces
connection.register_object("/org/freedesktop/login1", manager, on_call, None, None)
connection.register_object(PATH, session, None, on_get, None)
loop = GLib.MainLoop()
GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGTERM, loop.quit)
Gio.bus_own_name_on_connection(connection, "org.freedesktop.login1", Gio.BusNameOwnerFlags.NONE,
                               lambda *_: print("ready", flush=True), lambda *_: loop.quit())
try:
    loop.run()
finally:
    bus.terminate()
