"""What is measured: the floor, and houses of hostler of several shapes, each in a folder of its own."""
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY_S = 120

HOST_INI = """\
[host]
state_dir = state
run_dir   = run
listen    = {listen}

[cluster all]
members = {members}
"""
GATEWAY_INI = """
[gateway]
name     = here
driver   = nothing
strategy = many
accounts = {accounts}
{where}
[driver nothing]
plugin = null
start  = {start}

[strategy many]
plugin        = open
max_sessions  = 512
reuse_session = yes
"""
FAR_INI = """\
host      = {listen}
host_key  = {key}
state_dir = state
run_dir   = run
"""
DEVICE_INI = """
[device {device}]
{where}"""
USER_INI = """
[connection {user}]
target = cluster:all
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
timeout = 1h
screenshots = none

[output at_us]
type = integer
"""
SECRET_INPUT_INI = """
[input {secret}]
type = secret
"""


class CannotMeasure(Exception):
    pass


def names_of(count):
    return [f"u{number:03d}" for number in range(count)]


def wait_for(what, true):
    end = time.monotonic() + READY_S
    while not true():
        if time.monotonic() > end:
            raise CannotMeasure(f"{what}: not within {READY_S} s")
        time.sleep(0.05)


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

    def figures(self, command, cwd, house=None, environment=None):
        """The JSON that a program prints. It says on stderr when it begins and ends to count."""
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, preexec_fn=self.person.become,
                                   env=environment)
        said = []
        try:
            for line in process.stderr:
                if line not in ("counting\n", "counted\n"):
                    said.append(line)
                elif self.watcher and house:
                    self.watcher.mark(line.strip(), process.pid, *house.processes())
            printed = process.stdout.read()
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status != 0:
            raise CannotMeasure(f"{os.path.basename(command[0])}: {''.join(said).strip() or status}")
        figures = json.loads(printed.splitlines()[-1])
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

    def spawns(self, at_once, program):
        return self.figures([self.tool("spawns"), "--seconds", str(self.arguments.seconds),
                             "--at-once", str(at_once), program], "/")

    def sealing(self):
        return self.figures([self.tool("sealing"), "--seconds", str(self.arguments.seconds)], "/")

    def mails(self):
        """The program lies beside the folder of the plugins."""
        plugins = self.arguments.plugins or os.path.join(os.path.dirname(self.program("")), "../lib/hostler/plugins")
        parser = os.path.join(os.path.dirname(os.path.abspath(plugins)), "hostler-mail-parser")
        return self.figures([self.tool("mails"), "--seconds", str(self.arguments.seconds), parser], "/")


class Shape:
    """How a house is made up. Every user has a connection, a flow and a button of its name, and may have a session
    on each device; a run goes to whichever is free."""

    def __init__(self, users, devices=1, start="no", buttons=True, steps=1, run="$HOSTLER_PACKAGE/started",
                 far=False, secrets=0):
        self.names = names_of(users)
        self.devices = [f"d{number:02d}" for number in range(devices)]
        self.start = start
        self.buttons = buttons
        self.steps = steps
        self.run = run
        self.secrets = [f"secret{number}" for number in range(secrets)]
        self.listen = "none"
        if far:  # the gateway is, as far as it knows, on another machine
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.listen = f"tcp://127.0.0.1:{probe.getsockname()[1]}"

    def gateway(self, where=""):
        return GATEWAY_INI.format(accounts=", ".join(self.names), where=where, start=self.start) + "".join(
            DEVICE_INI.format(device=name, where="") for name in self.devices)

    def host(self):
        elsewhere = "".join(DEVICE_INI.format(device=name, where="gateway = here\n") for name in self.devices)
        return (HOST_INI.format(listen=self.listen, members=", ".join(self.devices))
                + (self.gateway() if self.listen == "none" else elsewhere)
                + "".join(USER_INI.format(user=name) for name in self.names)
                + "".join(BUTTON_INI.format(button=name) for name in self.names if self.buttons))

    def files(self):
        yield "hostler.ini", self.host()
        for name in self.names:
            yield f"flows/{name}.ini", (
                FLOW_INI.format(user=name, on=f"on   = {name}" if self.buttons else "")
                + "".join(STEP_INI.format(step=f"go{number}", user=name) + self.secret_inputs() for number in range(self.steps)))
        yield "desktop-flows/go/desktop-flow.ini", PACKAGE_INI.format(run=self.run) + "".join(
            SECRET_INPUT_INI.format(secret=name) for name in self.secrets)

    def secret_inputs(self):
        return "".join(f"input.{name} = secret:{name}\n" for name in self.secrets)


class Daemon:
    """One hostlerd, in a folder of its own."""

    def __init__(self, place, files):
        self.place = place
        self.folder = place.folder()
        self.process = None
        for name, text in files:
            self.write(name, text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def environment(self):
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.folder,
                       "HOSTLER_KEY": self.path("operator.key")}
        if self.place.arguments.plugins:
            environment["HOSTLER_PLUGINS"] = os.path.abspath(self.place.arguments.plugins)
        return environment

    def command(self):
        return [self.place.program("hostlerd"), "--foreground", "-c", "hostler.ini"]

    def up(self):
        self.place.person.own(self.folder)
        with open(self.path("log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=self.place.person.become)
        wait_for("hostler comes up", lambda: self.is_ready() or self.process.poll() is not None)
        if not self.is_ready():
            raise CannotMeasure("hostler did not come up\n" + self.last_words())

    def is_ready(self):
        return "ready" in self.read("log").splitlines()

    def last_words(self):
        return "\n".join(self.read("log").splitlines()[-20:])

    def down(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def remove(self):
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)


class House:
    """A hostler of its own, up between `with` and its end: one hostlerd, or two where its gateway is far."""

    def __init__(self, place, shape):
        self.place = place
        self.shape = shape
        self.daemons = []

    def __enter__(self):
        try:
            self.host = self.add(self.shape.files())
            self.seal()
            self.host.up()
            if self.shape.listen != "none":
                self.let_in()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.remove()

    def add(self, files):
        daemon = Daemon(self.place, files)
        self.daemons.append(daemon)
        os.makedirs(daemon.path("desktop-flows/go"), exist_ok=True)
        if "started" in self.shape.run:
            shutil.copy(self.place.tool("started"), daemon.path("desktop-flows/go/started"))
        return daemon

    def let_in(self):
        key = self.host.read("state/host.pub").split()[1]
        far = self.add([("hostler.ini", self.shape.gateway(FAR_INI.format(listen=self.shape.listen, key=key)))])
        far.up()
        self.hostler("gateway", "add", "here", far.read("state/gateway.pub").split()[2])
        wait_for("the gateway comes online", lambda: all(
            device["state"] == "online" for device in json.loads(self.hostler("--json", "devices"))))

    def seal(self):
        """Named secrets, before it starts, by the operator that the start would make."""
        if self.shape.secrets:
            self.place.person.own(self.host.folder)
            self.hostler("init", "--yes")
        for name in self.shape.secrets:
            self.hostler("seal", name, given=f"{name}-correct-horse-battery-staple")
        if self.shape.secrets:
            self.hostler("desktop", "push", "go", "--yes")

    def hostler(self, *words, given=""):
        done = subprocess.run([self.place.program("hostler"), "-c", "hostler.ini", *words], cwd=self.host.folder,
                              env=self.host.environment(), input=given, capture_output=True,
                              text=True, preexec_fn=self.place.person.become, check=False)
        if done.returncode != 0:
            raise CannotMeasure(f"hostler {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def processes(self):
        return [daemon.process.pid for daemon in self.daemons]

    def endpoint(self):
        return self.shape.listen if self.shape.listen != "none" else f"ipc://{self.host.path('run/engine.sock')}"

    def client(self, *options):
        try:
            return self.place.figures(
                [self.place.tool("client"), "--endpoint", self.endpoint(), "--key",
                 self.host.path("operator.key"), *self.place.times(), *options], self.host.folder, self)
        except CannotMeasure as error:
            raise CannotMeasure(f"{error}\n" + "\n".join(daemon.last_words() for daemon in self.daemons)) from None

    def first(self):
        """Starts it once more, and tells when the first press was accepted."""
        self.host.down()
        host = self.host
        return self.place.figures([self.place.tool("first"), self.endpoint(), host.path("operator.key"),
                                   self.shape.names[0], *host.command()], host.folder,
                                  environment=host.environment())
