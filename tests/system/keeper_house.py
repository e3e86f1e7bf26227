"""Remote desktops that a test starts itself, on loopback, and a keeper of a session there: a desktop with NLA on a private X server, a
proxy that does harm, and the program `keep`, which is a driver with a keeper and nothing else."""

import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from house import PROGRAMS
from mail_house import Ca, free_ports, listens

PASSWORD = "Correct-Horse 77 Staple"
KEEPER = os.path.join(os.path.dirname(PROGRAMS), "lib", "hostler", "hostler-rdp-keeper")
KEEP = os.path.join(os.path.dirname(os.environ.get("HOSTLER_LEAK_PROGRAMS", os.path.join(PROGRAMS, "../../../../tests/leak"))), "component", "keep")
HELD, TAKEN, ASK, CUT, OTHER = range(5)  # enum keeper_state


def wait_for(true, seconds=15):
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def fingerprint_of(certificate):
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("=")[2]


def missing():
    """What a keeper cannot be tried without, "" when all is there."""
    programs = [name for name in ("freerdp-shadow-cli", "winpr-hash", "Xvfb", "openssl") if not shutil.which(name)]
    return ", ".join(programs + [path for path in (KEEPER, KEEP) if not os.path.exists(path)])


class Keep:
    """One keeper. `said` is what it has said of its steps, by their first words."""

    def __init__(self, address, user="bot", password=PASSWORD, before=(), **words):
        self.process = subprocess.Popen([*before, KEEP, KEEPER, f"address={address}", f"user={user}", *(f"{word}={value}" for word, value in words.items())],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write(password + "\n")
        self.process.stdin.flush()
        self.said = {}
        for line in self.process.stdout:
            word, _, rest = line.strip().partition(" ")
            self.said[word] = rest
            if word in ("connected", "failed"):
                break
        self.pid = int(self.said.get("connected", 0))

    @property
    def failed(self):
        return self.said.get("failed", "nothing")

    @property
    def reason(self):
        return self.said.get("failed", "- -").split(" ")[1]

    def lost(self, seconds=15):
        """The state that it is in once it no longer holds; HELD when it still does by then."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return HELD
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        return int(rest) if word == "lost" else word

    def why(self, seen):
        """Reason and sentence, after the target's list was `seen` like that."""
        self.process.stdin.write(seen + "\n")
        self.process.stdin.flush()
        reason, _, sentence = self.process.stdout.readline().strip().partition(" ")
        return reason, sentence

    def stop(self):
        self.process.stdin.close()
        self.rest = self.process.stdout.read()
        self.complaints = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.wait(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()


class Desktop:
    """freerdp's shadow server with NLA, and the X server that it shows."""

    def __init__(self, folder, ca):
        self.folder = folder
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.certificate, key = ca.issue("desk.example", "DNS:desk.example", kind=("rsa:2048",))
        self.fingerprint = fingerprint_of(self.certificate)
        home = os.path.join(folder, "home", ".config", "freerdp", "shadow")
        os.makedirs(home)
        shutil.copy(self.certificate, os.path.join(home, "shadow.crt"))
        shutil.copy(key, os.path.join(home, "shadow.key"))
        hashed = subprocess.run(["winpr-hash", "-u", "bot", "-p", PASSWORD, "-f", "sam"], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(folder, "sam"), "w", encoding="utf-8") as file:
            file.write(hashed.strip() + "\n")
        self.processes = []

    def __enter__(self):
        read, write = os.pipe()
        self.processes.append(subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
                                               pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        os.close(write)
        with os.fdopen(read) as displays:
            display = displays.readline().strip()
        self.log = open(os.path.join(self.folder, "shadow.log"), "w", encoding="utf-8")
        self.processes.append(subprocess.Popen(
            ["freerdp-shadow-cli", "/bind-address:127.0.0.1", f"/port:{self.port}", "+auth", "/sec:nla", f"/sam-file:{self.folder}/sam"],
            env={**os.environ, "HOME": os.path.join(self.folder, "home"), "DISPLAY": f":{display}"}, stdout=self.log, stderr=self.log))
        if not wait_for(lambda: listens(self.port)):
            raise AssertionError("the remote desktop does not listen")
        return self

    def __exit__(self, *_):
        """An X server that is killed leaves its socket where those of everybody are."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait(20)
        self.log.close()


class Listener:
    """Accepts, and does `answer` with each connection, in a thread of its own."""

    def __init__(self, answer):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.answer = answer
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.speak, args=(connection,), daemon=True).start()

    def speak(self, connection):
        try:
            self.answer(connection)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for connection in self.open:
            connection.close()


class Proxy(Listener):
    """In front of a remote desktop, until it is cut: by a reset, as of a machine that has gone and come again."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        super().__init__(self.forward)

    def forward(self, client):
        server = socket.create_connection(("127.0.0.1", self.port))
        self.open.append(server)
        while not self.over.is_set():
            for ready in select.select([client, server], [], [], 0.05)[0]:
                piece = ready.recv(65536)
                if not piece:
                    return
                (server if ready is client else client).sendall(piece)
        for end in (client, server):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.close()

    def cut(self):
        self.over.set()


def ends(pid, seconds=10):
    """Whether a process that is not a child of this one has ended by then."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(descriptor):
        return bool(select.select([descriptor], [], [], seconds)[0])


def kill(pid):
    os.kill(pid, signal.SIGKILL)
