#!/usr/bin/env python3
"""A keeper and a remote desktop with NLA: whom it trusts, what becomes of the password, and how each ending is told. Speaks TAP."""

import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap
from keeper_house import ASK, CUT, KEEPER, Ca, Desktop, Keep, Listener, PASSWORD, Proxy, ends, fingerprint_of, kill, missing, wait_for
from mail_house import free_ports

tap = Tap()


def trust(desktop, ca, folder):
    other = Ca(os.path.join(folder, "other"), "another authority")
    with Keep(desktop.address, name="desk.example", ca=ca.pem, width=1024, height=700) as keep:
        tap.same((keep.said.get("security"), keep.said.get("confined"), keep.said.get("certificate")), ("nla", "1", desktop.fingerprint),
                 "by its authority a desktop is trusted, and connected to with NLA by a process that is confined")
    with Keep(desktop.address, fingerprint=desktop.fingerprint.lower().replace(":", "")) as keep:
        tap.ok(keep.pid, "so it is by its fingerprint", keep.failed)
    with Keep(desktop.address, name="desk.example", ca=ca.pem, fingerprint=desktop.fingerprint) as keep:
        tap.ok(keep.pid, "so it is by both", keep.failed)
    refusals = {
        "neither was named": {},
        "another authority is trusted": {"ca": other.pem, "name": "desk.example"},
        "it bears another name": {"ca": ca.pem, "name": "desk2.example"},
        "it is named by an address that is not in it": {"ca": ca.pem},
        "another certificate was pinned, as after a change": {"fingerprint": fingerprint_of(ca.pem)},
        "its authority is right, but another was pinned": {"ca": ca.pem, "name": "desk.example", "fingerprint": fingerprint_of(ca.pem)},
    }
    for why, words in refusals.items():
        with Keep(desktop.address, **words) as keep:
            tap.ok(keep.reason == "CertificateRejected" and desktop.fingerprint in keep.failed and keep.failed.startswith("-3"),
                   f"it is refused where {why}, and what was seen is said", keep.failed)
    old, key = ca.issue("old", "DNS:desk.example", days=-1, kind=("rsa:2048",))
    with tls_listener(old, key) as listener, Keep(listener.address, name="desk.example", ca=ca.pem) as keep:
        tap.ok(keep.reason == "CertificateRejected" and "expired" in keep.failed, "a certificate that has expired is refused", keep.failed)


def tls_listener(certificate, key):
    """Agrees to NLA and shows a certificate; nothing is behind it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def answer(connection):
        connection.recv(4096)
        connection.sendall(bytes.fromhex("030000130ed000001234000200080002000000"))
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)

    return Listener(answer)


def sign_in(desktop):
    pin = {"fingerprint": desktop.fingerprint}
    with Keep(desktop.address, password="wrong " + PASSWORD, **pin) as keep:
        tap.ok(keep.reason == "SessionCreationInvalidCredentials" and keep.failed.startswith("-3"), "a wrong password is not taken", keep.failed)
    with Keep(desktop.address, user="nobody-there", **pin) as keep:
        tap.same(keep.reason, "SessionCreationInvalidCredentials", "nor is the password of another user")
    with Keep(desktop.address, user="bot", password="", **pin) as keep:
        tap.same(keep.reason, "SessionCreationInvalidCredentials", "nor none at all")
    for words, part in (({"address": "[::1"}, "bracket"), ({"address": "a:99999"}, "65535"), ({"address": "h", "fingerprint": "12:34"}, "SHA-256"),
                        ({"address": "h", "width": 9}, "9 pixels"), ({"address": "h", "ca": "/nowhere"}, "/nowhere"), ({"address": "h", "ca": "/dev/null"}, "cannot")):
        with Keep(**words) as keep:
            tap.ok(keep.failed.startswith("-2") and part in keep.failed, f"{words} is refused before anybody is asked", keep.failed)


def nobody_there(desktop):
    pin = {"fingerprint": desktop.fingerprint, "within": 700}
    with Keep(f"127.0.0.1:{free_ports(1)[0]}", **pin) as keep:
        tap.same(keep.reason, "NoListenerConnected", "where nobody listens that is said")
    with Keep("no-such-machine.invalid", **{**pin, "within": 5000}) as keep:
        tap.ok(keep.reason == "ConnectionTimeout", "a name that is none times out", keep.failed)
    with Listener(lambda connection: None) as listener, Keep(listener.address, **pin) as keep:
        tap.ok(keep.reason == "ConnectionTimeout" and "no certificate" in keep.failed, "who says nothing has no time but that which is given", keep.failed)
    for name, said in (("hangs up", b""), ("speaks HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("speaks nonsense", os.urandom(300))):
        def answer(connection, bytes_of=said):
            connection.recv(4096)
            connection.sendall(bytes_of)
            connection.close()
        with Listener(answer) as listener, Keep(listener.address, **{**pin, "within": 5000}) as keep:
            tap.ok(keep.reason == "SessionCreationError" and "itself" not in keep.failed, f"a server that {name} is none", keep.failed)
    for name, answered in (("that wants plain RDP", "030000130ed000001234000300080002000000"), ("of old that knows of no negotiation", "0300000b06d00000123400"),
                           ("that chooses TLS alone", "030000130ed000001234000200080001000000")):
        def refuse(connection, words=answered):
            connection.recv(4096)
            connection.sendall(bytes.fromhex(words))
            connection.recv(4096)
        with Listener(refuse) as listener, Keep(listener.address, **{**pin, "within": 5000}) as keep:
            tap.ok("security" in keep.failed and keep.reason == "SessionCreationError", f"a server {name} is not spoken to where NLA is required",
                   keep.failed)


def memory_of(pid):
    """What of it can be written to, as the kernel has it."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if rights[1] == "w":
                memory.seek(int(begin, 16))
                found.append(memory.read(int(end, 16) - int(begin, 16)))
    return b"".join(found)


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def time_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


def while_connected(desktop):
    with Keep(desktop.address, fingerprint=desktop.fingerprint) as keep:
        status = status_of(keep.pid)
        tap.same((status["Seccomp"], status["NoNewPrivs"], status["CapEff"].strip("0"), status["Threads"]), ("2", "1", "", "1"),
                 "it has no rights and no threads left")
        tap.ok(int(status["VmRSS"].split()[0]) < 60 << 10, "it has less than 60 MB", status["VmRSS"])
        if os.geteuid() == 0:
            tap.ok(int(status["Uid"].split()[0]) != 0, "started by root it is nobody", status["Uid"])
            memory = memory_of(keep.pid)
            tap.ok(b"desk" in memory or b"bot" in memory, "its memory can be looked into by root")
            tap.ok(PASSWORD.encode() not in memory and PASSWORD.encode("utf-16-le") not in memory, "the password is nowhere in it any more")
        for place in ("cmdline", "environ"):
            with open(f"/proc/{keep.pid}/{place}", "rb") as file:
                tap.ok(PASSWORD.encode() not in file.read(), f"nor in its {place}")
        used = time_of(keep.pid)
        tap.ok(not wait_for(lambda: time_of(keep.pid) > used + 1, 1.5), "idle it takes no time of the processor")
        tap.same((keep.stop(), keep.rest), (0, "stopped\n"), "it stops when it is told to")
        tap.ok(ends(keep.pid, 0), "and is gone then")


def endings(desktop):
    with Proxy(desktop.port) as proxy, Keep(proxy.address, fingerprint=desktop.fingerprint) as keep:
        proxy.cut()
        tap.same(keep.lost(), CUT, "a connection that is cut is seen as that")
        reason, sentence = keep.why("disconnected")
        tap.same((reason, "was lost" in sentence), ("ConnectionTimeout", True), "and told so")
    with Proxy(desktop.port) as proxy, Keep(proxy.address, fingerprint=desktop.fingerprint) as keep:
        for end in proxy.open:
            end.shutdown(socket.SHUT_RDWR)
        tap.same(keep.lost(), ASK, "where the server just hangs up its list of sessions decides")
        tap.same([keep.why(seen)[0] for seen in ("gone", "active", "disconnected", "unknown")],
                 ["SessionEnded", "SessionTaken", "ConnectionTimeout", "ConnectionTimeout"], "which is asked by the driver")
    with Keep(desktop.address, fingerprint=desktop.fingerprint) as keep:
        kill(keep.pid)
        tap.same((keep.lost(), keep.why("gone")[0]), (CUT, "SessionCreationError"), "a keeper that dies is missed")
    keep = Keep(desktop.address, fingerprint=desktop.fingerprint)
    keep.process.kill()
    tap.ok(ends(keep.pid), "it ends with its driver")
    keep.stop()


def what_is_traced(desktop, folder):
    """Every call of a driver and its keeper in a whole sign-in, with all that is in them."""
    trace = os.path.join(folder, "trace")
    with Keep(desktop.address, fingerprint=desktop.fingerprint, before=("strace", "-f", "-x", "-s", "65536", "-o", trace)) as keep:
        connected = keep.pid
    with open(trace, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    wide = "".join(f"{letter}\\0" for letter in PASSWORD)
    holding = [line for line in lines if PASSWORD in line or wide in line or wide.replace("\\0", "\\x00") in line]
    calls = [re.sub(r"^\d+ +", "", line)[:24] for line in holding]
    # The driver was told it byte by byte; it went to the keeper in one message, and nowhere else.
    tap.ok(connected and len(calls) == 2 and all(re.match(r"sendto\(\d|recvfrom\(0|<\.\.\. recvfrom", call) for call in calls),
           "the password is in one message from driver to keeper and in no other call: no argument, environment, file or log", *calls, keep.said)
    files = [line for line in lines if re.search(r"openat?\(.*O_(WRONLY|RDWR|CREAT)", line) and " = -1" not in line and "/dev/null" not in line]
    tap.ok(not files, "nothing was written to a file", *files[:5])


def again_and_again(desktop):
    """Descriptors and processes are for one driver to lose; this one is many, so what it has lost it is asked for at its end."""
    sizes = []
    for _ in range(4):
        with Keep(desktop.address, fingerprint=desktop.fingerprint) as keep:
            sizes.append(int(status_of(keep.pid)["VmRSS"].split()[0]))
    tap.ok(max(sizes) - min(sizes) < 4 << 10, "each is as large as the one before", sizes)


def main():
    if missing():
        tap.skip("the keeper", f"not installed: {missing()}")
        tap.end()
    done = subprocess.run([KEEPER, "--help"], capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0 and "docs/rdp.md" in done.stdout and not done.stderr, "--help says what it is", done)
    done = subprocess.run([KEEPER], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    tap.ok(done.returncode == 2 and "not by hand" in done.stderr, "by hand it does not start", done)
    with tempfile.TemporaryDirectory() as folder:
        ca = Ca(os.path.join(folder, "ca"))
        with Desktop(folder, ca) as desktop:
            for part in (lambda: trust(desktop, ca, folder), lambda: sign_in(desktop), lambda: nobody_there(desktop),
                         lambda: while_connected(desktop), lambda: endings(desktop), lambda: what_is_traced(desktop, folder),
                         lambda: again_and_again(desktop)):
                part()
    tap.end()


if __name__ == "__main__":
    main()
