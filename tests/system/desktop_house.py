"""A person who sits at a desktop: an X server of theirs on which they work, lock the screen and sign out. Shared by tests and demos."""

import os
import pwd
import signal
import subprocess
import sys
import time


def go_alone(place="/tmp/.X11-unix"):
    """This program begins again where nobody else's sessions are seen: with a directory of its own in the place where they are listed."""
    if os.environ.get("HOSTLER_TEST_ALONE"):
        return
    os.makedirs(place, exist_ok=True)
    line = 'mount -t tmpfs -o mode=1777 hostler-test "$0" && exec "$@"'
    os.execvpe("unshare", ["unshare", "--mount", "sh", "-c", line, place, sys.executable, *sys.argv], {**os.environ, "HOSTLER_TEST_ALONE": "1"})


def processes(uid, leaders):
    """What a user runs in the kernel's sessions of these leaders: ids with times of start, so that one that has been replaced is seen,
    and names. What has ended and waits for somebody to take its status is not among them."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
                state, _, _, leader, *rest = rest.split()
                if int(leader) in leaders and state not in "ZX":
                    found.add((int(pid), rest[15], name))
        except OSError:
            continue
    return found


class Desktop:
    """What a person has after signing in: an X server with a cookie of their own, a session bus and a window manager."""

    def __init__(self, user):
        self.account = pwd.getpwnam(user)
        self.programs = []
        self.display = None
        self.cookies = os.path.join(self.account.pw_dir, ".Xauthority")
        name, cookie = b"MIT-MAGIC-COOKIE-1", os.urandom(16)
        with open(self.cookies, "wb") as file:
            file.write(b"\xff\xff\0\0\0\0\0" + bytes([len(name)]) + name + b"\0\x10" + cookie)
        os.chown(self.cookies, self.account.pw_uid, self.account.pw_gid)
        os.chmod(self.cookies, 0o600)
        number, written = os.pipe()
        self.server = self.start("Xvfb", "-displayfd", str(written), "-auth", self.cookies, "-nolisten", "tcp", "-noreset", pass_fds=[written])
        os.close(written)
        with os.fdopen(number) as line:
            self.display = line.readline().strip()
        self.start("dbus-run-session", "openbox")

    def environment(self):
        names = {"PATH": os.environ["PATH"], "HOME": self.account.pw_dir, "USER": self.account.pw_name, "XAUTHORITY": self.cookies}
        return {**names, "DISPLAY": f":{self.display}"} if self.display else names

    def start(self, *words, pass_fds=()):
        program = subprocess.Popen(words, env=self.environment(), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, pass_fds=pass_fds, user=self.account.pw_uid,
                                   group=self.account.pw_gid, extra_groups=[], start_new_session=True)
        self.programs.append(program)
        return program

    def ask(self, *words):
        """A program of the person's that ends by itself."""
        return subprocess.run(words, env=self.environment(), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              user=self.account.pw_uid, group=self.account.pw_gid, extra_groups=[])

    def start_screensaver(self):
        """It locks and darkens when it is told to, and never by itself."""
        path = os.path.join(self.account.pw_dir, ".xscreensaver")
        with open(path, "w", encoding="ascii") as file:
            file.write("lock: True\nlockTimeout: 0:00:00\nmode: blank\nsplash: False\nfade: False\nunfade: False\ntimeout: 12:00:00\n")
        os.chown(path, self.account.pw_uid, self.account.pw_gid)
        program = self.start("xscreensaver", "-no-splash")
        while program.poll() is None and self.ask("xscreensaver-command", "-time").returncode != 0:
            time.sleep(0.02)
        return program

    def lock(self):
        return self.start("i3lock", "-n")

    def unlock(self, locker):
        """It has a second process, which may miss that the first is gone and ends after it, or one in a group of its own."""
        os.killpg(locker.pid, signal.SIGKILL)
        locker.wait()
        end = time.monotonic() + 20
        while left := processes(self.account.pw_uid, {locker.pid}):
            if time.monotonic() > end:
                raise AssertionError(f"a locker outlives SIGKILL: {left}")
            for pid, _, _ in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.01)

    def sign_out(self):
        for program in reversed(self.programs):
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGTERM)
                program.wait(20)
        self.programs = []

    def end_rest(self):
        """What has left the group that it was started in, as a part of xsecurelock does. The world of another test, whose processes
        are seen from here, may have given this user's number to somebody else: those are let be."""
        ours = os.readlink("/proc/self/ns/pid")
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{pid}").st_uid == self.account.pw_uid and os.readlink(f"/proc/{pid}/ns/pid") == ours:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                continue
