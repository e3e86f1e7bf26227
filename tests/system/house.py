"""A whole hostler in a directory of its own, driven through the installed command line. Shared by the system tests."""

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

SOURCE = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
PROGRAMS = os.environ["HOSTLER_PROGRAMS"]


LAST = []  # the last commands of any house: words and the finished process


def say_exception(kind, error, trace):
    """What went wrong and what the last commands answered comes first: of a long output perhaps only the beginning is seen."""
    print(f"# {kind.__name__}: {str(error)[:2000]}")
    if isinstance(error, subprocess.TimeoutExpired):
        print("# until then it said:", str(error.stdout)[-500:], str(error.stderr)[-500:])
    for words, done in LAST:
        print(f"# {' '.join(words)}: exit {done.returncode}, stderr {done.stderr[-500:]!r}, stdout {done.stdout[:500]!r}")
    traceback.print_exception(kind, error, trace, file=sys.stdout)
    sys.stdout.flush()


sys.excepthook = say_exception


class Answer(dict):
    """What `hostler --json` said. A member that is not there is most often an error instead of an answer, so that is told."""

    def __init__(self, words, status, members):
        super().__init__(members)
        self.asked = f"{' '.join(words)}: exit {status}"

    def __missing__(self, name):
        raise AssertionError(f"{self.asked}, and no {name!r} in {dict(self)}")


class Tap:
    """Counts and prints tests; the exit status tells whether one failed."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def ok(self, good, name, *details):
        self.n += 1
        if not good:
            self.failed += 1
            for detail in details:
                for line in str(detail).splitlines():
                    print("#", line)
        print("ok" if good else "not ok", self.n, "-", name, flush=True)
        return good

    def same(self, got, wanted, name):
        return self.ok(got == wanted, name, f"got    {got!r}", f"wanted {wanted!r}")

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def end(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.failed else 0)


class House:
    """`files` maps a path in the house to its text; hostler.ini is one of them."""

    def __init__(self, files, user=None):
        # The users of sessions walk through it, so it is not below a directory that only one user may enter.
        self.home = tempfile.mkdtemp(prefix="hostler-test-", dir="/var/tmp")
        os.chmod(self.home, 0o755)
        self.user = user
        self.ini = os.path.join(self.home, "hostler.ini")
        self.key = os.path.join(self.home, "operator.key")
        self.daemon = None
        self.log = os.path.join(self.home, "hostlerd.log")
        for path, text in files.items():
            self.write(path, text)
        if user:
            subprocess.run(["chown", "-R", user, self.home], check=True)

    def path(self, name):
        return os.path.join(self.home, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def copy(self, source, name):
        shutil.copytree(os.path.join(SOURCE, source), self.path(name))
        subprocess.run(["chmod", "-R", "a+rX", self.path(name)], check=True)

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "ASAN_OPTIONS") if name in os.environ}
        return {**kept, "HOME": self.home, "HOSTLER_KEY": self.key}

    def command(self, *words):
        line = [os.path.join(PROGRAMS, words[0]), *words[1:]]
        return ["setpriv", "--reuid", self.user, "--regid", str(pwd.getpwnam(self.user).pw_gid), "--init-groups", *line] \
            if self.user else line

    def hostler(self, *words, time_out=120):
        """The finished process of `hostler -c hostler.ini WORDS`."""
        done = subprocess.run(self.command("hostler", "-c", self.ini, *words), env=self.environment(), cwd=self.home,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=time_out)
        LAST[:] = [*LAST[-1:], (words, done)]
        return done

    def json(self, *words, time_out=120):
        done = self.hostler("--json", *words, time_out=time_out)
        try:
            answer = json.loads(done.stdout)
        except ValueError as error:
            raise AssertionError(f"{words}: exit {done.returncode}: {done.stderr}{done.stdout}") from error
        return Answer(words, done.returncode, answer) if isinstance(answer, dict) else answer

    def up(self, ready=None):
        log = open(self.log, "ab")
        self.daemon = subprocess.Popen(self.command("hostler", "-c", self.ini, "up"), env=self.environment(), cwd=self.home,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        if not self.wait(ready or self.online, 60):
            raise AssertionError("hostler is not up:\n" + self.said())

    def online(self):
        done = self.hostler("--json", "devices")
        if done.returncode != 0:
            return False
        triggers = self.json("triggers")
        return all(device["state"] == "online" for device in json.loads(done.stdout)) and \
            all(trigger["ready"] for trigger in triggers)

    def wait(self, true, seconds):
        """Until the function says so; every look is a real one, so that no test depends on a pause being long enough. The seconds are
        those of a machine at leisure, and one that has more to do is given twice as many."""
        end = time.monotonic() + 2 * seconds
        while time.monotonic() < end:
            if self.daemon and self.daemon.poll() is not None:
                return False
            if true():
                return True
            time.sleep(0.05)
        return False

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def down(self):
        done = self.hostler("down")
        try:
            self.daemon.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(self.daemon.pid, signal.SIGKILL)
            self.daemon.wait()
            raise
        self.daemon = None
        return done

    def remove(self):
        if self.daemon and self.daemon.poll() is None:
            try:
                self.down()
            except (subprocess.TimeoutExpired, AssertionError):
                pass
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def holding(house, secret):
    """Files of the house that the secret can be read in."""
    found = []
    for path in glob.glob(os.path.join(house.home, "**"), recursive=True, include_hidden=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if secret.encode() in file.read():
                    found.append(os.path.relpath(path, house.home))
    return sorted(found)


def processes_of(user):
    """Command lines of everything a user runs now."""
    uid = pwd.getpwnam(user).pw_uid
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    found.append(file.read().replace(b"\0", b" ").decode(errors="replace").strip())
        except OSError:
            continue
    return [line for line in found if line]


def make_user(name, number=None):
    """With a number of its own, so that files that somebody left who had the same number before are not taken for this user's."""
    subprocess.run(["userdel", "-r", name], capture_output=True)
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", *(["--uid", str(number)] if number else []), name], check=True)


def remove_user(name):
    """With what it was told of runs in its sessions: a later user of the same number has nothing to do with it."""
    try:
        shutil.rmtree(f"/tmp/hostler-here-{pwd.getpwnam(name).pw_uid}", ignore_errors=True)
    except KeyError:
        return
    subprocess.run(["userdel", "-r", name], capture_output=True)


GREET_FLOW = """[flow]
name = hello
on = hello

[step greet]
use = desktop:greet
connection = me
mode = unattended
input.name = ${trigger.name}
"""


def device_conf(accounts, driver="x11", strategy="win10", more=""):
    """The configuration of a house with one device, its own."""
    return f"""[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here
driver = {driver}
strategy = {strategy}
accounts = {accounts}

{more}"""


def connection_conf(user, name="me"):
    return f"[connection {name}]\ntarget = device:here\nuser = {user}\n"


def null_house(extra_files=None, driver="start = yes", strategy="open", more="", plugin="null"):
    """A house without a graphical session: one button, one desktop flow, and a driver whose sessions are in memory."""
    files = {
        "hostler.ini": device_conf("bot1, bot2", "nul", strategy, f"[driver nul]\nplugin = {plugin}\n{driver}\n\n"
                                   "[trigger hello]\nplugin = button\ninput.name = text required\n\n"
                                   + connection_conf("bot1") + more + "\n"),
        "flows/hello.ini": GREET_FLOW,
    }
    files.update(extra_files or {})
    house = House(files)
    if not os.path.exists(house.path("desktop-flows/greet")):
        house.copy("conf/desktop-flows/greet", "desktop-flows/greet")
    return house


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def host_house(listen, members):
    """A host without devices of its own; the cluster `pool` has those of other machines."""
    house = House({
        "hostler.ini": f"""[host]
state_dir = state
run_dir = run
listen = {listen}
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[cluster pool]
members = {", ".join(members)}

[connection me]
target = cluster:pool
user = bot1
""",
        "flows/greet.ini": GREET_FLOW.replace("name = hello\non = hello", "name = greet"),
    })
    house.copy("conf/desktop-flows/greet", "desktop-flows/greet")
    house.listen = listen
    house.online = lambda: house.hostler("devices").returncode == 0
    return house


def gateway_house(host, name, more="start = yes"):
    """The house of another machine, which only serves a device. The host must have run once."""
    with open(host.path("state/host.pub"), encoding="utf-8") as file:
        key = file.read().split()[1]
    house = House({
        "hostler.ini": f"""[gateway]
name = {name}
host = {host.listen}
host_key = {key}
state_dir = state
run_dir = run
driver = nul
strategy = open
accounts = bot1, bot2

[driver nul]
plugin = null
{more}
""",
    })
    house.online = lambda: os.path.exists(house.path("state/children")) and \
        f"gateway/{name} ready" in open(house.path("state/children"), encoding="utf-8").read()
    return house


class Machine(House):
    """A machine that is to join: it has no configuration yet."""

    def __init__(self):
        super().__init__({})
        self.state = self.path("state")

    def join(self, line, *options, time_out=150):
        driver = () if "--driver" in options else ("--driver", "null")
        return self.hostler("gateway", "join", line, *driver, "--state-dir", self.state, *options, time_out=time_out)

    def untouched(self):
        return not os.path.exists(self.ini) and not os.path.exists(self.state)

    def down(self):
        if os.path.exists(self.ini):
            self.command_done("hostlerd", "-c", self.ini, "--down")

    def said(self):
        with open(self.path("state/hostlerd.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def remove(self):
        self.down()
        super().remove()

    def command_done(self, *words):
        return subprocess.run(self.command(*words), env=self.environment(), capture_output=True, text=True, timeout=90)
