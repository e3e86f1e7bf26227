#!/usr/bin/env python3
"""An invitation: one line that makes another machine a gateway, once. What is wrong with it, the host, or the machine is said in
a sentence, and a machine that could not join is left as it was."""

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Machine, Tap, free_port, host_house

tap = Tap()


def invite(host, name, *options):
    done = host.hostler("gateway", "invite", name, *options)
    return done.stdout.strip()


def line_until(line, seconds):
    """The same invitation with another end, as if time had passed."""
    text = line[len("hsj1."):]
    whole = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))[:-4]
    at = 1 + whole[0]
    at += 1 + whole[at]
    whole[at:at + 8] = seconds.to_bytes(8, "big")
    whole += hashlib.blake2b(whole, digest_size=32).digest()[:4]
    return "hsj1." + base64.urlsafe_b64encode(whole).decode().rstrip("=")


def state(host, name):
    return next((device["state"] for device in host.json("devices") if device["name"] == name), None)


def refused(done, status, part, name):
    tap.ok(done.returncode == status and part in done.stderr, name, f"exit {done.returncode}, wanted {status}", done.stdout,
           done.stderr)


port = free_port()
with host_house(f"tcp://127.0.0.1:{port}", ["ts-01"]) as host, Machine() as machine, Machine() as other:
    done = host.hostler("check")
    tap.ok(done.returncode == 0 and f"note: the device ts-01 has never connected: no gateway \"ts-01\"" in done.stdout and
           str(port) in done.stdout, "check says of a device that nobody let in what to do", done.stdout, done.stderr)
    host.up()
    done = host.hostler("gateway", "invite", "ts-01")
    line = done.stdout.strip()
    tap.ok(done.returncode == 0 and line.startswith("hsj1.") and "\n" not in line, "an invitation is one line", done.stdout, done.stderr)
    tap.ok("until" in done.stderr and "only this machine" in done.stderr, "how to use it is said beside it", done.stderr)
    shown = host.json("gateway", "invite", "ts-01", "--expires", "2h")
    tap.same(sorted(shown), ["address", "expires", "line", "name"], "--json has the line, too")
    text = next(device["text"] for device in host.json("devices") if device["name"] == "ts-01")
    tap.ok("is invited until" in text, "devices says that it is invited", text)
    done = host.hostler("check")
    tap.ok("note: the device ts-01 has never connected: the gateway \"ts-01\" is invited until" in done.stdout, "so does check", done.stdout)
    refused(host.hostler("gateway", "invite", "ts-01", "--expires", "5s"), 2, "at least 1m", "one that ends at once is refused")
    refused(host.hostler("gateway", "invite", "a b"), 2, "letters", "so is a name that cannot be one")
    refused(host.hostler("gateway", "invite", "x", "--address", "here"), 2, "tcp://HOST:PORT", "and an address that is none")

    refused(machine.join("hello"), 2, "hsj1.", "what is no invitation is refused")
    refused(machine.join(line[:-1]), 2, "not whole", "so is half of one")
    refused(machine.join(line), 1, "was used already", "one that was taken back by a newer one does not work any more")
    tap.ok(machine.untouched(), "the machine is as it was", os.listdir(machine.home))

    line = shown["line"]
    refused(machine.join(line, "--driver", "nothing"), 2, "nothing", "a driver that is not there is named")
    tap.ok(not os.path.exists(machine.ini), "and no configuration is left", os.listdir(machine.home))
    done = machine.join(line, "--accounts", "bot1, nobody-of-that-name", "--strategy", "open")
    tap.ok(done.returncode == 0, "it joins", done.stdout, done.stderr)
    tap.same(state(host, "ts-01"), "online", "and the host shows it at once")
    tap.same([(row["what"], row["name"]) for row in host.json("events") if "run" not in row][-2:],
             [("gateway_joined", "ts-01"), ("device_online", "ts-01")], "events tell of both")
    checked = host.hostler("check")
    tap.ok("ts-01" not in checked.stdout + checked.stderr, "check has nothing more to say of it", checked.stdout, checked.stderr)
    tap.ok(all(part in done.stdout for part in ("linux", "null", "open", "bot1", 'no user "nobody-of-that-name"')),
           "what it found is told, and what is missing", done.stdout)
    tap.ok(not os.path.exists(os.path.join(machine.state, "invitation")), "the invitation is nowhere on its disk any more")
    with open(machine.ini, encoding="utf-8") as file:
        tap.ok(f"host     = tcp://127.0.0.1:{port}\n" in file.read(), "its configuration says where the host is")
    done = machine.join(line)
    tap.ok(done.returncode == 0 and "is online" in done.stdout, "joining again says that it is there", done.stdout, done.stderr)
    refused(other.join(line), 1, "was used already", "the same line on another machine is refused")
    tap.ok(other.untouched(), "which stays as it was")
    tap.ok(host.wait(lambda: "refused 127.0.0.1" in host.said(), 20), "the host's log says who tried", host.said())
    refused(host.hostler("gateway", "invite", "ts-01"), 2, "gateway remove ts-01", "a name that is taken is not invited again")

    # The same line, and the host is somebody else's: as after a fresh installation.
    tap.same(host.hostler("gateway", "remove", "ts-01").returncode, 0, "the gateway is removed")
    line = invite(host, "ts-01")
    done = machine.join(line)
    tap.ok(done.returncode == 0 and state(host, "ts-01") == "online", "and joins again, with the configuration it has", done.stdout,
           done.stderr)
    line = invite(host, "ts-09")
    refused(machine.join(line), 2, '"ts-01"', "a machine that is a gateway already is not made another")
    refused(host.hostler("gateway", "join", line), 2, "configuration of a host", "neither is a host")

    # Reinstalled: its state is gone, and with it its key.
    machine.command_done("hostlerd", "-c", machine.ini, "--down")
    shutil.rmtree(machine.state)
    os.remove(machine.ini)
    refused(host.hostler("gateway", "invite", "ts-01"), 2, "was let in already", "reinstalled, its name is still taken")
    host.hostler("gateway", "remove", "ts-01")
    done = machine.join(invite(host, "ts-01"))
    tap.ok(done.returncode == 0 and state(host, "ts-01") == "online", "removed and invited, it joins with a new key", done.stdout,
           done.stderr, host.said())

    line = invite(host, "ts-02")
    host.down()
    refused(other.join(line), 3, f"127.0.0.1:{port}", "a host that is not there is named, with its address")
    tap.ok(other.untouched(), "and nothing was changed")

    # Somebody else answers there.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()

        def hang_up():
            try:
                while True:
                    listener.accept()[0].close()
            except OSError:
                return
        threading.Thread(target=hang_up, daemon=True).start()
        refused(other.join(line), 1, "another key", "one who is not the host is found out")
        listener.shutdown(socket.SHUT_RDWR)
    tap.ok(other.untouched(), "and nothing was changed, either")

    # The end of an invitation has come.
    def ended(text):
        return re.sub(r"(invited gateway/ts-02 \S+) \S+", r"\1 2020-01-01T00:00:00Z", text)
    kept = host.path("state/admitted/gateways")
    with open(kept, encoding="utf-8") as file:
        before = file.read()
    with open(kept, "w", encoding="utf-8") as file:
        file.write(ended(before))
    host.up()
    refused(other.join(line_until(line, 1577836800)), 1, "expired at 2020-01-01 ", "an invitation that has expired is refused")
    tap.ok(host.wait(lambda: "the invitation of gateway/ts-02, which has expired" in host.said(), 20), "the host's log names it", host.said())
    host.down()
    with open(kept, "w", encoding="utf-8") as file:
        file.write(before)

    # The host is back, and an invitation outlives its restart.
    host.up()
    done = other.join(line)
    tap.ok(done.returncode == 0 and state(host, "ts-02") == "online", "an invitation outlives the host's restart", done.stdout, done.stderr)
tap.end()
