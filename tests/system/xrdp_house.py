"""A terminal server for tests: xrdp and its session manager in a world of their own. Their network, processes, users, homes, /run and X
sockets are nobody else's, since sesman's control port is fixed and what it starts outlives it. The users have numbers that nobody has
outside: from there their processes are seen, and /tmp is the same. When the test has ended, nothing of that world is left, and nothing
outside was touched.

A test calls `enter` first, which starts it again inside."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

from desktop_house import Desktop, processes

PASSWORD = "right-horse-7"
SOCKETS = "/run/xrdp/sockdir"
CONTROL, RDP = 3350, 3389
PROGRAMS = ("xrdp", "xrdp-sesman", "xrdp-sesrun", "Xorg", "xauth", "xfreerdp", "Xvfb", "openbox", "i3lock", "xscreensaver", "useradd", "unshare")

WORLD = """
ip link set lo up
mkdir -p /tmp/.X11-unix
mount -t tmpfs -o mode=1777 none /tmp/.X11-unix
for display in $(seq $OFFSET $((OFFSET + 19))); do rm -f /tmp/.X$display-lock; done # of a world with these numbers that was killed
mount -t tmpfs -o mode=755 none /mnt
cp -a /etc /mnt/etc 2>/dev/null || true # while somebody makes a user there, locks come and go
rm -f /mnt/etc/*.lock /mnt/etc/*+
mount --bind /mnt/etc /etc
mount -t tmpfs -o mode=755 none /home
mount -t tmpfs -o mode=755 none /run
mkdir -p -m 755 /run/xrdp /run/lock
mkdir /run/xrdp/sockdir
chmod 3777 /run/xrdp/sockdir
sed -e 's|^LogFile=.*|LogFile=/run/sesman.log|; s|^EnableSyslog=.*|EnableSyslog=false|' \\
    -e "s|^X11DisplayOffset=.*|X11DisplayOffset=$OFFSET|" /etc/xrdp/sesman.ini >/run/sesman.ini
sed -e 's|^LogFile=.*|LogFile=/run/xrdp.log|; s|^EnableSyslog=.*|EnableSyslog=false|; s|^certificate=.*|certificate=/run/cert.pem|' \\
    -e 's|^key_file=.*|key_file=/run/key.pem|' /etc/xrdp/xrdp.ini >/run/xrdp.ini
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \\
    -keyout /run/key.pem -out /run/cert.pem 2>/dev/null
printf '#!/bin/sh\\nexec dbus-run-session openbox\\n' >/etc/xrdp/startwm.sh
sed -i '/^[UG]ID_M/d' /etc/login.defs
for kind in UID GID; do printf '%s_MIN %d\\n%s_MAX %d\\n' $kind $((OFFSET + 20000)) $kind $((OFFSET + 20019)); done >>/etc/login.defs
"""

servers = []

def missing():
    if os.geteuid() != 0:
        return "needs root"
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if not os.path.exists("/etc/X11/xrdp/xorg.conf"):
        absent.append("xorgxrdp")
    return f"not installed: {', '.join(absent)}" if absent else None

def enter():
    """From here on this test is in its own world; where that cannot be made, `missing` says why."""
    if missing() or os.environ.get("HOSTLER_TEST_WORLD"):
        return
    # The shell stays the first process and takes the status of whatever loses its parent.
    os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                           "sh", "-c", f"set -e\n{WORLD}\n\"$@\"\nexit $?", "sh", sys.executable, *sys.argv],
               {**os.environ, "HOSTLER_TEST_WORLD": "yes", "HOSTLER_TEST_ALONE": "1", "OFFSET": str(5000 + os.getpid() % 500 * 20)})

def listens(port):
    for family, address in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")):
        with socket.socket(family) as probe:
            if probe.connect_ex((address, port)) == 0:
                return True
    return False

def wait(true, what, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {log()}")
        time.sleep(0.02)

def serve(port, *words):
    """Whoever listens afterwards is this one: nobody did before, and the network is ours alone."""
    if listens(port):
        raise AssertionError(f"somebody listens on {port} already")
    with open("/run/servers.log", "ab") as said:
        server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
    servers.append(server)
    wait(lambda: listens(port), words[0])
    return server

def begin_sesman():
    return serve(CONTROL, "xrdp-sesman", "-n", "-c", "/run/sesman.ini")

def begin_xrdp():
    return serve(RDP, "xrdp", "-n", "-c", "/run/xrdp.ini")

def begin(*users):
    """They get their password, and the servers start."""
    for user in users:
        subprocess.run(["chpasswd"], input=f"{user}:{PASSWORD}\n", text=True, check=True)
    return begin_sesman(), begin_xrdp()

def log():
    said = ""
    for path in ("/run/sesman.log", "/run/xrdp.log", "/run/servers.log", "/run/client.log"):
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                said += file.read()[-1500:]
    return said

def seal(house, *users):
    for user in users:
        done = subprocess.run(house.command("hostler", "-c", house.ini, "seal", user), env=house.environment(), cwd=house.home,
                              input=PASSWORD, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"seal {user}: {done.stderr}")

def is_attached(display):
    with open("/proc/net/unix", encoding="utf-8") as file:
        lines = [line.split() for line in file]
    return any(len(line) == 8 and line[7] == f"{SOCKETS}/xrdp_display_{display}" and line[5] == "03" for line in lines)

class Session(Desktop):
    """A session of a person on the terminal server, in which startwm.sh of this world runs. Signed in by sesman; a client connects to it
    and goes."""

    # pylint: disable=super-init-not-called
    def __init__(self, user):
        self.account = pwd.getpwnam(user)
        self.programs = []
        self.client = self.screen = None
        self.cookies = os.path.join(self.account.pw_dir, ".Xauthority")
        done = subprocess.run(["xrdp-sesrun", "-s", "127.0.0.1", "-F", "0", "-t", "Xorg", user], input=PASSWORD, capture_output=True,
                              text=True, timeout=60, check=False)
        if "display=:" not in done.stdout:
            raise AssertionError(f"{user}: {done.stdout}{done.stderr}{log()}")
        self.display = done.stdout.split("display=:")[1].split()[0]
        wait(lambda: subprocess.run(["pgrep", "-u", user, "-x", "openbox"], capture_output=True).returncode == 0, "the window manager")
        # The first of each name: while openbox begins it starts programs, which have its name until they have their own.
        self.carriers = {min(one for one in self.running() if one[2] == name) for _, _, name in self.running()}
        if {name for _, _, name in self.carriers} != {"Xorg", "openbox"}:
            raise AssertionError(f"{user}: the session is carried by {self.carriers}: {self.evidence()}")

    def connect(self, wait_for_it=True):
        """By a real client, which needs a screen of its own: one that has no file, so that it is nobody's session."""
        if not self.screen:
            number, written = os.pipe()
            self.screen = subprocess.Popen(["Xvfb", "-displayfd", str(written), "-nolisten", "tcp", "-nolisten", "unix", "-noreset"], pass_fds=[written],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.close(written)
            with os.fdopen(number) as line:
                self.screen_number = line.readline().strip()
        with open("/run/client.log", "ab") as said:
            self.client = subprocess.Popen(["xfreerdp", f"/v:127.0.0.1:{RDP}", f"/u:{self.account.pw_name}", "/from-stdin:force", "/cert:ignore",
                                            "/size:1024x768"], env={"PATH": os.environ["PATH"], "HOME": "/run", "DISPLAY": f":{self.screen_number}"},
                                           stdin=subprocess.PIPE, stdout=said, stderr=said, text=True)
            self.client.stdin.write(f"{PASSWORD}\n")
            self.client.stdin.close()
        if wait_for_it:
            wait(self.is_connected, "the client")

    def disconnect(self):
        self.client.terminate()
        self.client.wait(20)
        wait(lambda: not self.is_connected(), "the client goes")

    def running(self):
        """What sesman has started for the user: a session manager that has died leaves its kernel session to it."""
        return {one for one in processes(self.account.pw_uid, {server.pid for server in servers}) if one[2] in ("Xorg", "openbox")}

    def gone(self):
        """What carried the session and does no more: nobody has ended it while there is nothing."""
        return sorted(self.carriers - self.running())

    def evidence(self):
        """What tells who ended it: a server that is told to end says so in its log, one that was killed does not."""
        said = f"{time.strftime('%T')}: gone: {self.gone()}\n"
        path = os.path.join(self.account.pw_dir, f".xorgxrdp.{self.display}.log")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                said += file.read()[-1500:]
        return said + subprocess.run(["ps", "-eo", "uid,pid,ppid,sid,lstart,args"], capture_output=True, text=True).stdout + log()

    def is_connected(self):
        return is_attached(self.display)

    def lock(self, way="i3lock"):
        if way == "i3lock":
            self.locker = super().lock()
        else:
            self.locker = self.start_screensaver()
            self.ask("xscreensaver-command", "-lock")

    def unlock(self, locker=None):
        super().unlock(locker or self.locker)

    def is_locked(self, way):
        return self.locker.poll() is None and (way == "i3lock" or "screen locked" in self.ask("xscreensaver-command", "-time").stdout)

    def leave(self):
        """The client and its screen go; the session is what it is."""
        if self.client and self.client.poll() is None:
            self.client.terminate()
            self.client.wait(20)
        if self.screen:
            self.screen.send_signal(signal.SIGTERM)
            self.screen.wait(20)
        self.client = self.screen = None

    def sign_out(self):
        super().sign_out()
        self.leave()
        subprocess.run(["pkill", "-TERM", "-u", self.account.pw_name, "-x", "openbox"], check=False)
        wait(lambda: not os.path.exists(f"{SOCKETS}/xrdp_display_{self.display}"), "signing out")
