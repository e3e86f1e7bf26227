#!/usr/bin/env python3
"""A mail that comes into a folder of a real server becomes one run, whatever dies meanwhile; what is turned away is told; and a server
that is not the right one hears no password."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap
from mail_house import WORD, Ca, Dovecot, letter

tap = Tap()

CONF = """[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini

[trigger inbox]
plugin = email
server = 127.0.0.1
port = {imaps}
ca = {ca}
user = robot
password = secret:inbox
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


class MailHouse(House):
    def __init__(self):
        super().__init__({"note.txt": "noted", **{f"flows/{name}.ini": FLOW.format(name=name) for name in ("inbox", "plain", "wrong")}})
        self.ca = Ca(self.path("ca"))
        os.mkdir(self.path("dovecot"))
        self.dovecot = Dovecot(self.path("dovecot"), self.ca).start()
        wrong = Ca(self.path("wrong"), "somebody else")
        self.write("hostler.ini", CONF.format(imaps=self.dovecot.imaps, imap=self.dovecot.imap, ca=self.ca.pem, wrong=wrong.pem))
        client = self.dovecot.client()
        client.create("Done")
        client.logout()

    def labels(self, flow="inbox"):
        return sorted(run["label"] for run in self.json("runs", "--flow", flow, "-n", "1000"))

    def seal(self):
        return subprocess.run(self.command("hostler", "-c", self.ini, "seal", "inbox"), env=self.environment(), cwd=self.home,
                              input=WORD + "\n", capture_output=True, text=True, timeout=60, check=False)

    def kill(self, words):
        said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        found = [int(line.split()[0]) for line in said.splitlines() if self.ini in line and words in line]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    def remove(self):
        self.dovecot.stop()
        super().remove()


with MailHouse() as house:
    dovecot = house.dovecot
    dovecot.deliver(letter("invoice of before"))
    house.hostler("init", "--yes")
    done = house.seal()
    tap.ok(done.returncode == 0, "the password is sealed", done.stdout + done.stderr)
    house.up(lambda: house.hostler("triggers").returncode == 0 and "Login: user=<robot>, method=PLAIN" in dovecot.said().split("Logged out")[-1])
    dovecot.deliver(letter("Invoice 1"))
    tap.ok(house.wait(lambda: house.labels() == ["Invoice 1"], 20), "a mail that comes becomes a run, one that was there before does not",
           house.labels(), house.said()[-2000:])
    tap.ok(house.wait(lambda: [mail[2] for mail in dovecot.folder_of(name="Done")] == ["Invoice 1"], 20) and
           [mail[2] for mail in dovecot.folder_of()] == ["invoice of before"], "it is moved then, and nothing else", dovecot.folder_of())
    dovecot.deliver(letter("Greetings"))
    dovecot.deliver(letter("Invoice 2", sender="eve@example.com"))
    dovecot.deliver(letter("polled"), "other")
    tap.ok(house.wait(lambda: house.labels("plain") == ["polled"], 20), "a server that is asked now and then, over STARTTLS, is as good",
           house.labels("plain"), house.said()[-2000:])
    tap.ok(house.wait(lambda: "\\Seen" in dovecot.folder_of("other")[0][1], 20), "its mail is marked as read", dovecot.folder_of("other"))
    tap.same(house.labels(), ["Invoice 1"], "what the filters turn away makes no run")
    tap.ok("is not trusted" in house.said() and "See `ca`" in house.said() and "user=<misled>" not in dovecot.said(),
           "a server whose certificate is of somebody else hears no password, and what is wrong is said", house.said()[-2000:])
tap.end()
