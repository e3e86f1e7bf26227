"""A system bus of the test's own with logind on it, as python3-dbusmock plays it: sessions that are known by a process in them, and say
that they are locked when they are told to."""

import os
import subprocess

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""
MANAGER = "/org/freedesktop/login1"


class Logind:
    """`directory` is to lie over /run/dbus for those who are to ask it."""

    def __init__(self, directory):
        self.address = f"unix:path={directory}/system_bus_socket"
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "bus.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(path=os.path.join(directory, "system_bus_socket")))
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={path}", "--nofork", "--print-address"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)
        self.bus.stdout.readline()
        os.chmod(os.path.join(directory, "system_bus_socket"), 0o666)
        self.mock = subprocess.Popen(["/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind"], env=self.environment(),
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while self.mock.poll() is None and self.call(MANAGER, "org.freedesktop.login1.Manager.ListSessions").returncode != 0:
            pass
        self.by_process = {}

    def environment(self):
        return {"PATH": os.environ["PATH"], "DBUS_SYSTEM_BUS_ADDRESS": self.address}

    def call(self, path, method, *arguments):
        return subprocess.run(["dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.login1", path, method, *arguments],
                              env=self.environment(), capture_output=True, text=True, timeout=20)

    def add_session(self, name, user, uid, process):
        """A session of the user's that the process is in."""
        self.call(MANAGER, "org.freedesktop.DBus.Mock.AddSession", f"string:{name}", "string:seat0", f"uint32:{uid}", f"string:{user}",
                  "boolean:true")
        self.by_process[process] = f"{MANAGER}/session/{name}"
        code = f"ret = dbus.ObjectPath({self.by_process!r}[int(args[0])])"
        self.call(MANAGER, "org.freedesktop.DBus.Mock.AddMethod", "string:org.freedesktop.login1.Manager", "string:GetSessionByPID",
                  "string:u", "string:o", f"string:{code}")

    def set_locked(self, process, locked):
        """As the desktop of the session says it."""
        return self.call(self.by_process[process], "org.freedesktop.login1.Session.SetLockedHint", f"boolean:{str(locked).lower()}")

    def end(self):
        for process in (self.mock, self.bus):
            process.terminate()
            process.wait(20)
