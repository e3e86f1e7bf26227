#!/usr/bin/env python3
"""Stands in for every program that hostlerd starts. It does what the supervisor may expect of a child, or what the file
do.NAME beside the configuration says instead, and writes down in the file `heard` what happened to it.

  bad TEXT   says so and ends        die        ends at once, each time
  die-once   ends the first time     stubborn   does not end when it is asked to
  keep       (gateway) asks for a session process, which is handed over to the next one
  session    (gateway) asks for a session process, speaks to it, and has it killed
  watch      (gateway) asks for a session process, and waits for its end
  refuse     cannot work with the configuration when it is read again
  hang       is ready, and says nothing any more
  busy       told to drain, it goes on until the file go.NAME is there
  orphans    starts programs that let go of it; all but a session process then die once
  restless   (engine) does not come to rest
  leave      dies when the configuration is read again, the first time
"""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

WANT_WATCH, WANT_HOLD, STARTED, ENDED, FAILED, KILL = range(1, 7)
RECORD = struct.Struct("=IIii64s256s")

arguments = sys.argv[1:]
if arguments == ["--help"]:
    sys.exit(0)
program = os.path.basename(sys.argv[0])
configuration = arguments[arguments.index("-c") + 1]
folder = os.path.dirname(configuration)


def own_name():
    if program == "hostler-worker":
        number = arguments[arguments.index("--number") + 1]
        return "worker." + arguments[arguments.index("--instance") + 1].replace("/", ".") + "." + number
    if program == "hostler-session":
        return "session." + arguments[0] + "." + arguments[arguments.index("--device") + 1]
    return program[len("hostler-"):]


def write_down(text):
    # One write, so that the lines of several children do not mix.
    fd = os.open(os.path.join(folder, "heard"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{name} {text}\n".encode())
    os.close(fd)


def behaviour():
    try:
        with open(os.path.join(folder, "do." + name), encoding="utf-8") as text:
            return text.read().strip()
    except FileNotFoundError:
        return ""


def check():
    with open(configuration, encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            if line.startswith("# wrong"):
                print(f"{configuration}:{number}: error: this is wrong")
                sys.exit(2)
    sys.exit(0)


def peer_lines():
    with open(4, "rb", closefd=True) as keys:
        return [line.split() for line in keys.read().decode().splitlines()]


def records(channel, what, number, device=""):
    channel.send(RECORD.pack(what, number, 0, 0, device.encode(), b""))


def next_record(channel):
    data, fds, _, _ = socket.recv_fds(channel, RECORD.size, 1)
    what, number, status, pid, _, text = RECORD.unpack(data)
    return what, number, status, pid, text.rstrip(b"\0").decode(), fds


def session_play():
    channel = socket.socket(fileno=6)
    next_record(channel)  # nothing was there to be handed over
    records(channel, WANT_HOLD, 7, "desk")
    what, number, _, pid, _, fds = next_record(channel)
    write_down(f"record {what} {number} {'pid' if pid > 1 else 'none'} {len(fds)}")
    with socket.socket(fileno=fds[0]) as peer:
        peer.sendall(b"hello")
        write_down("session says " + peer.recv(100).decode())
        records(channel, KILL, 7)
        what, number, status, _, _, _ = next_record(channel)
    write_down(f"record {what} {number} {os.WTERMSIG(status)}")
    records(channel, WANT_WATCH, 8, "")
    what, number, _, _, text, fds = next_record(channel)
    write_down(f"record {what} {number} {text} {len(fds)}")
    return channel


def watch_play():
    channel = socket.socket(fileno=6)
    next_record(channel)
    records(channel, WANT_WATCH, 7, "desk")
    next_record(channel)
    what, number, _, _, text, _ = next_record(channel)
    write_down(f"record {what} {number} {text}")
    return channel


def handover_play(dies=True):
    """Asks for a session process and dies, or is told to end; the next time it is handed over."""
    channel = socket.socket(fileno=6)
    what, number, _, _, _, fds = next_record(channel)
    write_down(f"record {what} {number >> 30} {len(fds)}")
    first = not fds
    if first:
        records(channel, WANT_HOLD, 7, "desk")
        fds = next_record(channel)[5]
    with socket.socket(fileno=fds[0]) as peer:
        peer.sendall(b"hello")
        write_down("session says " + peer.recv(100).decode())
        if first and dies:
            os._exit(3)
        if first:
            return channel, peer.detach()
        what, _, _, _, _, fds = next_record(channel)
        write_down(f"record {what} {len(fds)}")
        records(channel, KILL, number)
        what, again, status, _, _, _ = next_record(channel)
        write_down(f"record {what} {again == number} {os.WTERMSIG(status)}")
    return channel


def write_keys():
    for line in peer_lines():
        write_down("key " + " ".join(line[:2] if line[0] != "host" else line))


def serve_session():
    if arguments[0] == "hold":
        write_keys()
    else:
        write_down("has keys" if os.path.exists("/proc/self/fd/4") else "has no keys")
    peer = socket.socket(fileno=6)
    handover = socket.socket(fileno=7) if arguments[0] == "hold" else None
    while peer or handover:
        ready, _, _ = select.select([one for one in (peer, handover) if one], [], [])
        if peer in ready:
            said = peer.recv(100)
            if said:
                peer.sendall(said.upper())
            else:
                peer.close()
                peer = None
        elif handover in ready:
            fds = next_record(handover)[5]
            peer = socket.socket(fileno=fds[0])


def make_orphans():
    # One in its group, one in a session of its own, one that starts another: all without its environment.
    for seconds, session in (("7546", False), ("7547", True)):
        subprocess.Popen(["sleep", seconds], env={}, start_new_session=session, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.Popen(["sh", "-c", "sleep 7548 & sleep 7549 & wait"], env={"PATH": "/bin"}, start_new_session=True,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while sum(os.system(f"grep -laszx 754[{n}] /proc/[0-9]*/cmdline >/dev/null 2>&1") for n in range(6, 10)):
        pass
    write_down("has orphans")


def stop(number, _frame):
    write_down("told to end")
    sys.exit(0)


def main():
    if program == "hostler":
        check()
    write_down("starts " + " ".join(argument for argument in arguments if not argument.startswith(folder)))
    do = behaviour()
    if do == "die" or (do == "die-once" and not os.path.exists(os.path.join(folder, "died." + name))):
        with open(os.path.join(folder, "died." + name), "w", encoding="ascii"):
            pass
        print("about to die", file=sys.stderr)
        sys.exit(3)
    if do == "orphans" and not os.path.exists(os.path.join(folder, "orphans." + name)):
        with open(os.path.join(folder, "orphans." + name), "w", encoding="ascii"):
            pass
        make_orphans()
        if program != "hostler-session":
            sys.exit(3)
    if do.startswith("bad "):
        os.write(3, (do + "\n").encode())
        sys.exit(2)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if do == "stubborn" else stop)
    if program == "hostler-session":
        serve_session()
        return
    write_keys()
    plays = {"session": session_play, "watch": watch_play, "handover": handover_play, "keep": lambda: handover_play(False)}
    channel = plays[do]() if do in plays else None
    os.write(3, b"ready\n")
    while True:
        ready = select.select([3, 5], [], [], None if do == "hang" else 2)[0]
        if 5 in ready:
            break
        if 3 not in ready:
            os.write(3, b"alive\n")
            continue
        told = os.read(3, 200).decode()
        if not told:
            break
        for word in told.splitlines():
            hear(word, do)
    write_down("supervisor is gone")
    del channel


def hear(word, do):
    """What hostlerd says on fd 3."""
    write_down("hears " + word)
    if word == "load" and do == "leave" and not os.path.exists(os.path.join(folder, "left." + name)):
        with open(os.path.join(folder, "left." + name), "w", encoding="ascii"):
            pass
        sys.exit(1)
    if word == "drain":
        while do == "busy" and not os.path.exists(os.path.join(folder, "go." + name)):
            time.sleep(0.01)
        write_down("is drained")
        sys.exit(0)
    answers = {"load": "wrong a.ini:1: error: not with me\nrefused\n" if do == "refuse" else
               ("note changed flow hello\n" if name == "engine" else "") + "loaded\n",
               "take": "taken\n", "rest": "" if do == "restless" else "rested\n"}
    if word in answers:
        os.write(3, answers[word].encode())


name = own_name() if program != "hostler" else program
main()
