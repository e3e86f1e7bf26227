#!/usr/bin/env python3
"""A mail that comes into a folder of a real server becomes one run, whatever dies meanwhile; what is turned away is told; and a server
that is not the right one hears no password."""

import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, House, Tap
from mail_house import INBOX, WORD, Ca, Dovecot, letter

tap = Tap()

CONF = INBOX + """password = secret:inbox
from = @example.org
subject = invoice
after = move
move_to = Done
include_attachments = yes

[trigger plain]
plugin = email
server = localhost
port = {imap}
tls = starttls
ca = {ca}
user = other
password = secret:inbox
start = all
idle = no
every = 1s
after = read

[trigger wrong]
plugin = email
server = 127.0.0.1
port = {imaps}
ca = {wrong}
user = misled
password = secret:inbox

[connector notes]
plugin = file
root = .
"""

FLOW = """[flow]
name = {name}
on = {name}
label = ${{trigger.subject}}

[step read]
use = connector:notes.read
input.file = note.txt
"""


ARMED = os.environ.get("HOSTLER_CRASH_PROGRAMS", "")


class MailHouse(House):
    def __init__(self):
        super().__init__({"note.txt": "noted", **{f"flows/{name}.ini": FLOW.format(name=name) for name in ("inbox", "plain", "wrong")}})
        self.programs = PROGRAMS
        if ARMED:
            self.arm_programs()
        self.ca = Ca(self.path("ca"))
        os.mkdir(self.path("dovecot"))
        self.dovecot = Dovecot(self.path("dovecot"), self.ca).start()
        wrong = Ca(self.path("wrong"), "somebody else")
        self.write("hostler.ini", CONF.format(imaps=self.dovecot.imaps, imap=self.dovecot.imap, ca=self.ca.pem, wrong=wrong.pem))
        client = self.dovecot.client()
        client.create("Done")
        client.logout()

    def arm_programs(self):
        """The same programs, which die where docs/crash-points.md says when they are told to."""
        shutil.copytree(os.path.dirname(os.path.realpath(PROGRAMS)), self.path("programs"), symlinks=True)
        self.programs = self.path("programs/bin")
        for name in os.listdir(ARMED):
            if name.startswith("hostler") and not name.endswith(".o"):
                shutil.copy(os.path.join(ARMED, name), self.programs)
        # Started by root, the programs of the house are several users, and each of them writes here.
        for name in ("armed", "seen"):
            self.write(f"programs/{name}", "", 0o666)

    def command(self, *words):
        return [os.path.join(self.programs, words[0]), *words[1:]]

    def arm(self, point):
        self.write("programs/armed", f"{point} 1 kill\n", 0o666)

    def struck(self):
        with open(self.path("programs/armed"), encoding="utf-8") as file:
            return file.read().split()[1:2] == ["0"]

    def labels(self, flow="inbox"):
        return sorted(run["label"] for run in self.json("runs", "--flow", flow, "-n", "1000"))

    def answers(self):
        return self.hostler("triggers").returncode == 0

    def seal(self):
        return subprocess.run(self.command("hostler", "-c", self.ini, "seal", "inbox"), env=self.environment(), cwd=self.home,
                              input=WORD + "\n", capture_output=True, text=True, timeout=60, check=False)

    def kill(self, words):
        """Processes of this house; what they started is found by who started it."""
        said = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 2) for line in said.splitlines()]
        ours = {pid for pid, _, args in lines if self.ini in args}
        found = [int(pid) for pid, parent, args in lines if words in args and (pid in ours or parent in ours)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    def exactly(self, wanted, name):
        """Each of them has its run, and only one; and nothing is left in the folder that could make another."""
        wanted = sorted(wanted)
        done = self.wait(lambda: self.answers() and len(self.labels()) >= len(wanted), 40) and \
            self.wait(lambda: [mail[2] for mail in self.dovecot.folder_of()] == LEFT, 20)
        tap.ok(done and self.labels() == wanted, name, self.labels(), self.dovecot.folder_of(), self.said()[-3000:])

    def remove(self):
        self.dovecot.stop()
        super().remove()


LEFT = ["invoice of before", "Greetings", "Invoice of eve"]

with MailHouse() as house:
    dovecot = house.dovecot
    dovecot.deliver(letter("invoice of before"))
    house.hostler("init", "--yes")
    done = house.seal()
    tap.ok(done.returncode == 0, "the password is sealed", done.stdout + done.stderr)
    house.up(lambda: house.answers() and dovecot.idles())
    first = letter("Invoice 1", files=[("bill.pdf", b"%PDF-1.4 bill", "application/pdf")])
    dovecot.deliver(first)
    tap.ok(house.wait(lambda: house.labels() == ["Invoice 1"], 20), "a mail that comes becomes a run, one that was there before does not",
           house.labels(), house.said()[-2000:])
    tap.ok(house.wait(lambda: [mail[2] for mail in dovecot.folder_of(name="Done")] == ["Invoice 1"], 20) and
           [mail[2] for mail in dovecot.folder_of()] == ["invoice of before"], "it is moved then, and nothing else", dovecot.folder_of())
    dovecot.deliver(letter("Greetings"))
    dovecot.deliver(letter("Invoice of eve", sender="eve@example.com"))
    dovecot.deliver(letter("polled"), "other")
    tap.ok(house.wait(lambda: house.labels("plain") == ["polled"], 20), "a server that is asked now and then, over STARTTLS, is as good",
           house.labels("plain"), house.said()[-2000:])
    tap.ok(house.wait(lambda: "\\Seen" in dovecot.folder_of("other")[0][1], 20), "its mail is marked as read", dovecot.folder_of("other"))
    house.wait(lambda: len(house.json("why", "trigger:inbox")["looked"]) == 3, 20)
    looked = [(look["what"], look["outcome"]) for look in house.json("why", "trigger:inbox")["looked"]]
    tap.same(looked, [("eve@example.com: Invoice of eve", "turned away by from: it is from eve@example.com"),
                      ("ada@example.org: Greetings", "turned away by subject: its subject is another one"), ("ada@example.org: Invoice 1", "taken over")],
             "why says what was looked at, and which filter turned it away")
    tap.ok("turned away by subject" in house.hostler("why", "inbox").stdout, "to people, too", house.hostler("why", "inbox").stdout)
    tap.same(house.labels(), ["Invoice 1"], "what the filters turn away makes no run")
    why = house.json("why", "trigger:wrong")["looked"]
    tap.ok("user=<misled>" not in dovecot.said() and len(why) == 1 and "is not trusted" in why[0]["outcome"] and "See `ca`" in why[0]["outcome"],
           "a server whose certificate is of somebody else hears no password, and why says what is wrong", why, house.said()[-2000:])

    wanted = ["Invoice 1"]
    dovecot.deliver(first)
    twice = letter("Invoice twice").as_bytes().replace(b"Hello.", b"Hello again.")
    dovecot.deliver(letter("Invoice of the same Message-ID", Message_ID=first["Message-ID"]))
    dovecot.deliver(twice)
    dovecot.deliver(twice)
    for _ in range(2):
        dovecot.deliver(letter("Invoice without a name", Message_ID=None))
    wanted += ["Invoice of the same Message-ID", "Invoice twice", "Invoice without a name", "Invoice without a name"]
    house.exactly(wanted, "a mail that comes a second time makes no run, another one of the same Message-ID or of none does")

    for point in ("worker.emitted", "engine.before_commit", "engine.committed") if ARMED else ():
        house.wait(lambda: dovecot.idles(), 20)
        house.arm(point)
        mails = [f"Invoice at {point} {n}" for n in range(3)]
        for mail in mails:
            dovecot.deliver(letter(mail))
        wanted += mails
        house.wait(house.struck, 30)
        house.exactly(wanted, f"who dies at {point} leaves each mail one run")

    mails = [f"Invoice in the storm {n}" for n in range(20)]
    for n, mail in enumerate(mails):
        dovecot.deliver(letter(mail))
        if n in (3, 12):
            house.kill("hostler-mail-parser")
        if n == 7:
            house.kill("--instance trigger/inbox")
        if n == 15:
            dovecot.stop(kill=True)
            dovecot.start()
    house.exactly(wanted + mails, "so it is when parser, worker and server are killed while mails come in")

    dovecot.stop()
    dovecot.renumber("other")
    dovecot.start()
    dovecot.deliver(letter("polled again"), "other")
    tap.ok(house.wait(lambda: house.labels("plain") == ["polled", "polled again"], 60) and
           house.wait(lambda: "has numbered the mails" in house.said(), 20), "mails that the server has numbered anew make no second run", house.labels("plain"),
           house.said()[-2000:])
tap.end()
