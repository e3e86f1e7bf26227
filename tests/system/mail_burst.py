#!/usr/bin/env python3
"""A thousand mails that come at once become a thousand runs, and the process that fetches them does not grow with them, nor does the
one that reads them."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap
from mail_house import INBOX, NOTES, WORD, Ca, Dovecot, letter

tap = Tap()

MAILS = 1000
GROWTH_KIB = 10 << 10
CONF = INBOX + """password = secret:inbox
after = leave
""" + NOTES
FLOW = """[flow]
name = inbox
on = inbox
label = ${trigger.subject}

[step read]
use = connector:notes.read
input.file = note.txt
"""


def put(dovecot, mails):
    """All at once, as they lie there when a connection comes back: by LMTP each would wait for the disk."""
    folder = os.path.join(dovecot.folder, "mail/robot/Maildir")
    for n, mail in enumerate(mails):
        path = f"{folder}/tmp/1795000000.M{n}.burst"
        with open(path, "wb") as file:
            file.write(mail.as_bytes())
        os.chown(path, dovecot.user.pw_uid, dovecot.user.pw_gid)
    for n in range(len(mails)):
        os.rename(f"{folder}/tmp/1795000000.M{n}.burst", f"{folder}/new/1795000000.M{n}.burst")


def processes(house):
    """The worker and what it has started: (pid, its most memory so far in KiB)."""
    worker = house.worker("trigger/inbox")
    found = [worker] + [int(pid) for pid in house.read_file(f"/proc/{worker}/task/{worker}/children").split()]
    return [(pid, int(house.read_file(f"/proc/{pid}/status").split("VmHWM:")[1].split()[0])) for pid in found]


class BurstHouse(House):
    def __init__(self):
        super().__init__({"note.txt": "noted", "flows/inbox.ini": FLOW})
        self.ca = Ca(self.path("ca"))
        os.mkdir(self.path("dovecot"))
        self.dovecot = Dovecot(self.path("dovecot"), self.ca).start()
        self.write("hostler.ini", CONF.format(imaps=self.dovecot.imaps, ca=self.ca.pem))

    def seal(self):
        return subprocess.run(self.command("hostler", "-c", self.ini, "seal", "inbox"), env=self.environment(), cwd=self.home,
                              input=WORD + "\n", capture_output=True, text=True, timeout=60, check=False)

    def read_file(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def worker(self, instance):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = self.read_file(f"/proc/{pid}/cmdline").split("\0")
            except OSError:
                continue
            if instance in words and self.ini in words:
                return int(pid)
        raise AssertionError(f"there is no worker of {instance}")

    def runs(self, least):
        """Whether there are so many, and all are through; that many are only listed once the last one is there."""
        last = self.json("runs", "-n", "1")
        if not last or last[0]["number"] < least:
            return False
        return all(run["state"] == "succeeded" for run in self.json("runs", "-n", "1000"))

    def remove(self):
        self.dovecot.stop()
        super().remove()


with BurstHouse() as house:
    house.hostler("init", "--yes")
    sealed = house.seal()
    tap.ok(sealed.returncode == 0, "the password is sealed", sealed.stdout + sealed.stderr)
    house.up(lambda: house.hostler("triggers").returncode == 0 and house.dovecot.idles())
    page = b"<p>" + 2000 * b"words "
    first = [letter(f"early {n}", files=[("page.html", page, "text/html")]) for n in range(20)]
    for mail in first:
        house.dovecot.deliver(mail)
    tap.ok(house.wait(lambda: house.runs(len(first)), 30), "the first mails have their runs", house.said()[-2000:])
    before = processes(house)
    began = time.monotonic()
    put(house.dovecot, [letter(f"mail {n}", files=[("page.html", page, "text/html")]) for n in range(len(first), MAILS)])
    done = house.wait(lambda: house.runs(MAILS), 60)
    labels = {run["label"] for run in house.json("runs", "-n", "1000")}
    print(f"# all were through after {time.monotonic() - began:.1f} s")
    tap.ok(done and len(labels) == MAILS, "each of a thousand mails has its run", len(labels), house.said()[-2000:])
    after = processes(house)
    tap.ok(len(after) == 2 and after[0][0] == before[0][0], "in the same process", before, after)
    grown = [now - then for (_, then), (_, now) in zip(before, after)]
    print("# memory in KiB before and after:", before, after)
    tap.ok(all(kib < GROWTH_KIB for kib in grown), "which has not grown by 10 MiB, nor has the one that reads them", grown)
tap.end()
