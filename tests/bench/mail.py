#!/usr/bin/env python3
"""How soon a mail starts its flow, and what a burst of mails costs: a house with a Dovecot of its own, on loopback. HOSTLER_PROGRAMS is the
directory of the installed programs. The server's own pause before it tells of a mail (about half a second) is measured beside it, by
another client that waits for the same news, and left out."""

import datetime
import imaplib
import os
import smtplib
import ssl
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from house import House
from mail_house import INBOX, NOTES, WORD, Ca, Dovecot, letter

SINGLE = 40
BURST = 1000

CONF = INBOX + """password = secret:inbox
""" + NOTES

FLOW = """[flow]
name = take
on = inbox
label = ${trigger.subject}

[step read]
use = connector:notes.read
input.file = note.txt
"""


class Waiting:
    """A client that hears of news at the same time as the trigger."""

    def __init__(self, dovecot, ca):
        self.imap = imaplib.IMAP4_SSL("127.0.0.1", dovecot.imaps, ssl_context=ssl.create_default_context(cafile=ca.pem))
        self.imap.login("robot", WORD)
        self.imap.select()

    def begin(self):
        self.imap.send(b"w IDLE\r\n")
        self.imap.readline()

    def end(self):
        """The moment at which the server told of a mail."""
        while b"EXISTS" not in self.imap.readline():
            pass
        told = time.time()
        self.imap.send(b"DONE\r\n")
        while not self.imap.readline().startswith(b"w "):
            pass
        return told


def runs(house, n):
    return house.json("runs", "--flow", "take", "-n", str(n))


def started(house, label):
    """When the run of that label was started; it has been waited for."""
    if not house.wait(lambda: [run["label"] for run in runs(house, 1)] == [label], 30):
        raise AssertionError(f"no run of {label}: {house.said()[-1000:]}")
    return datetime.datetime.fromisoformat(runs(house, 1)[0]["started"].replace("Z", "+00:00")).timestamp()


def worker(house):
    said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in said.splitlines() if house.ini in line and "--instance trigger/inbox" in line)


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def singles(house, dovecot, ca):
    waiting, pauses, times = Waiting(dovecot, ca), [], []
    for n in range(SINGLE):
        waiting.begin()
        house.wait(dovecot.idles, 10)
        dovecot.deliver(letter(f"single {n}"))
        delivered = time.time()
        told = waiting.end()
        pauses.append(told - delivered)
        times.append(started(house, f"single {n}") - told)
    times.sort()
    print(f"the server tells of a mail after    p50 {statistics.median(pauses) * 1000:6.1f} ms")
    print(f"its flow has started then after     p50 {statistics.median(times) * 1000:6.1f} ms  p90 {times[SINGLE * 9 // 10] * 1000:6.1f} ms  "
          f"most {times[-1] * 1000:6.1f} ms   ({SINGLE} mails)")


def burst(house, dovecot):
    pid, begun = worker(house), time.time()
    before = most = memory_kib(pid)
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp) as lmtp:
        for n in range(BURST):
            lmtp.sendmail("ada@example.org", ["robot"], letter(f"burst {n}", "x" * 3000 + "\n").as_bytes())
    delivered, labels = time.time(), []
    while len(labels) < BURST and time.time() < delivered + 60:
        most = max(most, memory_kib(pid))
        labels = [run["label"] for run in runs(house, BURST) if run["label"].startswith("burst") and run["state"] == "succeeded"]
    print(f"{BURST} mails within {delivered - begun:.1f} s: {len(labels)} runs, {len(set(labels))} different ones, all ended {time.time() - delivered:.1f} s "
          f"after the last mail; memory of the worker {before} KiB, at most {most} KiB")
    return len(labels) == len(set(labels)) == BURST and most - before < 10 << 10


with House({"note.txt": "noted", "flows/take.ini": FLOW}) as home:
    authority = Ca(home.path("ca"))
    os.mkdir(home.path("dovecot"))
    with Dovecot(home.path("dovecot"), authority) as server:
        home.write("hostler.ini", CONF.format(imaps=server.imaps, ca=authority.pem))
        home.hostler("init", "--yes")
        subprocess.run(home.command("hostler", "-c", home.ini, "seal", "inbox"), env=home.environment(), cwd=home.home, input=WORD + "\n",
                       capture_output=True, text=True, timeout=60, check=True)
        home.up(lambda: home.hostler("triggers").returncode == 0)
        home.wait(server.idles, 20)
        singles(home, server, authority)
        sys.exit(0 if burst(home, server) else 1)
