"""What is measured: the floor, and houses of hostler of several shapes, each in a folder of its own."""
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
import time

READY_S = 120

HOSTLER_INI = """\
[host]
state_dir = state
run_dir   = run
listen    = none

[gateway]
name     = here
driver   = nothing
strategy = many
accounts = {accounts}

[driver nothing]
plugin = null
start  = {start}

[strategy many]
plugin        = open
max_sessions  = {users}
reuse_session = yes
"""
USER_INI = """
[connection {user}]
target = device:here
user   = {user}
"""
BUTTON_INI = """
[trigger {button}]
plugin = button
"""
FLOW_INI = """\
[flow]
name = {user}
{on}
"""
STEP_INI = """\

[step {step}]
use        = desktop:go
connection = {user}
mode       = unattended
"""
PACKAGE_INI = """\
[desktop-flow]
name    = go
version = 1.0
run     = {run}
timeout = 1m
screenshots = none

[output at_us]
type = integer
"""


class CannotMeasure(Exception):
    pass


def names_of(count):
    return [f"u{number:03d}" for number in range(count)]


class Person:
    """Who runs what is measured. For root hostler would create users for its roles, so root steps down."""

    def __init__(self):
        self.entry = None
        if os.geteuid() == 0:
            self.entry = pwd.getpwnam(os.environ.get("SUDO_USER") or "nobody")

    def become(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        os.setsid()
        if self.entry:
            os.setgroups([self.entry.pw_gid])
            os.setgid(self.entry.pw_gid)
            os.setuid(self.entry.pw_uid)

    def own(self, path):
        if not self.entry:
            return
        for folder, _, files in os.walk(path):
            os.chown(folder, self.entry.pw_uid, self.entry.pw_gid)
            for name in files:
                os.chown(os.path.join(folder, name), self.entry.pw_uid, self.entry.pw_gid)


class Place:
    """Where the programs are, where the stores lie, and who runs them."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.person = Person()
        self.watcher = None  # costs.Costs, told when a client counts

    def tool(self, name):
        path = os.path.join(self.arguments.tools, name)
        if not os.access(path, os.X_OK):
            raise CannotMeasure(f"{path} is not there: call `make bench`")
        return os.path.abspath(path)

    def program(self, name):
        return os.path.join(os.path.abspath(self.arguments.programs), name)

    def folder(self):
        """On a disk: on a file system in memory a commit would cost nothing."""
        path = tempfile.mkdtemp(prefix="hst-", dir=self.arguments.dir)
        os.chmod(path, 0o755)
        return path

    def figures(self, command, cwd, house=None):
        """The JSON that a program prints. It says on stderr when it begins and ends to count."""
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=self.person.become)
        said = []
        try:
            for line in process.stderr:
                if line not in ("counting\n", "counted\n"):
                    said.append(line)
                elif self.watcher and house:
                    self.watcher.mark(line.strip(), house.process.pid, process.pid)
            printed = process.stdout.read()
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status != 0:
            raise CannotMeasure(f"{os.path.basename(command[0])}: {''.join(said).strip() or status}")
        figures = json.loads(printed)
        if self.watcher and house:
            self.watcher.of(figures)
        return figures

    def times(self):
        return ["--seconds", str(self.arguments.seconds), "--warm", "1"]

    def floor(self, *options):
        folder = self.folder()
        try:
            shutil.copy(self.tool("started"), folder)
            self.person.own(folder)
            return self.figures([self.tool("floor"), "--dir", folder, *self.times(), *options], folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def hostler(self, shape, *options):
        with House(self, shape) as house:
            return house.client(*options)


class Shape:
    """How a house is made up. Every user has a connection and a flow of its name, with so many steps."""

    def __init__(self, users, start="no", buttons=True, steps=1, run="$HOSTLER_PACKAGE/started"):
        self.users = users
        self.start = start
        self.buttons = buttons
        self.steps = steps
        self.run = run

    def files(self):
        names = names_of(self.users)
        yield "hostler.ini", (
            HOSTLER_INI.format(accounts=", ".join(names), users=self.users, start=self.start)
            + "".join(USER_INI.format(user=name) for name in names)
            + "".join(BUTTON_INI.format(button=name) for name in names if self.buttons))
        for name in names:
            yield f"flows/{name}.ini", (
                FLOW_INI.format(user=name, on=f"on   = {name}" if self.buttons else "")
                + "".join(STEP_INI.format(step=f"go{number}", user=name) for number in range(self.steps)))
        yield "desktop-flows/go/desktop-flow.ini", PACKAGE_INI.format(run=self.run)


class House:
    """A hostler of its own, up between `with` and its end."""

    def __init__(self, place, shape):
        self.place = place
        self.shape = shape
        self.folder = None
        self.process = None

    def __enter__(self):
        self.folder = self.place.folder()
        try:
            for name, text in self.shape.files():
                self.write(name, text)
            shutil.copy(self.place.tool("started"), os.path.join(self.folder, "desktop-flows/go/started"))
            self.place.person.own(self.folder)
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def up(self):
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.folder,
                       "HOSTLER_KEY": self.path("operator.key")}
        if self.place.arguments.plugins:
            environment["HOSTLER_PLUGINS"] = os.path.abspath(self.place.arguments.plugins)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.place.program("hostlerd"), "--foreground", "-c", "hostler.ini"], cwd=self.folder,
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self.place.person.become)
        end = time.monotonic() + READY_S
        while "ready" not in self.lines():
            if self.process.poll() is not None or time.monotonic() > end:
                raise CannotMeasure("hostler did not come up\n" + self.last_words())
            time.sleep(0.05)

    def client(self, *options):
        try:
            return self.place.figures(
                [self.place.tool("client"), "--endpoint", f"ipc://{self.folder}/run/engine.sock",
                 "--key", self.path("operator.key"), *self.place.times(), *options], self.folder, self)
        except CannotMeasure as error:
            raise CannotMeasure(f"{error}\n{self.last_words()}") from None

    def lines(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as log:
            return log.read().splitlines()

    def last_words(self):
        return "\n".join(self.lines()[-20:]) if self.process else ""

    def down(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
