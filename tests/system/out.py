#!/usr/bin/env python3
"""A mail comes in with an attachment, a service is asked about it, a desktop flow plays, and the answer goes out with the file: with real
servers, and with secrets that nobody else ever has."""

import email
import email.policy
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import Tap, holding, null_house
from https_house import Web
from mail_house import Ca, Dovecot, letter
from smtp_house import Server

tap = Tap()
SECRETS = {"inbox": "canary-40fa-imap", "post": "canary-40fa-smtp", "api": "canary-40fa-bearer", "note": "canary-40fa-note", "key": "canary-40fa-key"}

MORE = """
[trigger inbox]
plugin = email
server = 127.0.0.1
port = {imaps}
ca = ca/ca.pem
user = robot
password = secret:inbox
subject = invoice
include_attachments = yes

[connector web]
plugin = http
hosts = localhost:{https}
ca = ca/ca.pem
bearer = secret:api

[connector post]
plugin = mail
server = localhost
port = {smtp}
tls = starttls
ca = ca/ca.pem
user = robot
password = secret:post
from = Robot <robot@example.com>

[trigger quiet]
plugin = button

[trigger slow]
plugin = button

[trigger twice]
plugin = button
"""

FLOWS = {
    "flows/answer.ini": """[flow]
name = answer
on = inbox
label = ${{trigger.subject}}

[step ask]
use = connector:web.get
input.url = {url}/path
input.query.of = ${{trigger.subject}}

[step greet]
use = desktop:greet
connection = me
mode = unattended
when = ${{ask.status}} == 200 and ${{ask.json.method}} == "GET"
input.name = ${{ask.json.path}}

[step picture]
use = connector:web.get
input.url = {url}/bytes/1024
input.save = picture.png

[step hand]
use = connector:web.put
input.url = {url}/path
input.file = ${{picture.file}}
input.content_type = image/png

[step answer]
use = connector:post.send
input.to = ${{trigger.reply_to}}
input.subject = Re: ${{trigger.subject}}
input.in_reply_to = ${{trigger.message_id}}
input.references = ${{trigger.references}}
input.text = ${{greet.greeting}}
input.attachments =
    ${{trigger.attachments.0}}
    ${{picture.file}}
""",
    "flows/quiet.ini": """[flow]
name = quiet
on = quiet

[step ask]
use = connector:web.post
input.url = {url}/echo
input.form.token = x
input.secret_header.x-key = secret:key

[step send]
use = connector:post.send
secure_inputs = yes
input.to = ada@example.org
input.subject = something secret
input.text = ${{ask.json.headers.x-key}}
input.html = secret:note
""",
    "flows/twice.ini": """[flow]
name = twice
on = twice

[step send]
use = connector:post.send
on_lost = again
input.to = ada@example.org
input.text = again
""",
    "flows/slow.ini": """[flow]
name = slow
on = slow

[step wait]
use = connector:web.get
timeout = {{timeout}}
input.url = {url}/hang
""",
}


def seal(house, name):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", name), env=house.environment(), cwd=house.home,
                          input=SECRETS[name] + "\n", capture_output=True, text=True, timeout=60, check=False)


def worker_of(house):
    """The process of the connector "post" of this house."""
    said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in said.splitlines() if house.ini in line and "connector/post" in line)


def step(house, run, name):
    return next(one for one in house.json("show", str(run))["steps"] if one["name"] == name)


with tempfile.TemporaryDirectory(prefix="hostler-out-", dir="/var/tmp") as folder:
    os.chmod(folder, 0o755)
    ca = Ca(os.path.join(folder, "ca"))
    os.mkdir(os.path.join(folder, "dovecot"))
    with Dovecot(os.path.join(folder, "dovecot"), ca, word=SECRETS["inbox"]) as dovecot, Server(ca, word=SECRETS["post"]) as smtp, Web(ca) as web:
        flows = {path: text.format(url=web.url).replace("{timeout}", "2s") for path, text in FLOWS.items()}
        with null_house(flows, more=MORE.format(imaps=dovecot.imaps, https=web.port, smtp=smtp.starttls)) as house:
            os.mkdir(house.path("ca"))
            house.write("ca/ca.pem", open(ca.pem, encoding="utf-8").read())
            house.up(ready=lambda: house.hostler("devices").returncode == 0)
            sealed = [seal(house, name) for name in SECRETS]
            tap.ok(all(done.returncode == 0 for done in sealed), "passwords, token and text are sealed for who uses them", *[done.stderr for done in sealed])
            house.hostler("reload")
            tap.ok(house.wait(lambda: house.online() and dovecot.idles(), 30), "the trigger is signed in, and waits", house.said()[-2000:])
            dovecot.deliver(letter("An invoice: 12 €", sender="Ada Müller <ada@example.org>", files=[("Rechnung Nr. 7 für Bøb.pdf", b"%PDF-1.4 " + bytes(9000), "application/pdf")]))
            tap.ok(smtp.wait(1), "a mail comes in, and an answer goes out", house.said()[-2000:])
            tap.ok(house.wait(lambda: [run["state"] for run in house.json("runs", "--flow", "answer")] == ["succeeded"], 20), "its run succeeds", house.hostler("show", "last").stdout)
            run = house.json("runs", "--flow", "answer")[0]
            mail = smtp.mails[0]
            got = email.message_from_bytes(mail["data"], policy=email.policy.default)
            tap.same((mail["to"], mail["tls"], mail["user"]), (["ada@example.org"], True, "robot"), "to who asked, under TLS, signed in")
            sent = dovecot.client()
            sent.select("INBOX", readonly=True)
            asked = email.message_from_bytes(sent.fetch("1", "(RFC822)")[1][0][1], policy=email.policy.default)
            sent.logout()
            tap.same((got["Subject"], got["In-Reply-To"], got["References"]), ("Re: An invoice: 12 €", asked["Message-ID"], asked["Message-ID"]),
                     "it belongs to the mail that it answers")
            tap.ok("Hello, /path?of=An+invoice" in got.get_body(("plain",)).get_content(), "it says what the service and the desktop flow said", mail["data"][:3000])
            files = [(part.get_filename(), part.get_content()) for part in got.iter_attachments()]
            tap.ok([name for name, _ in files] == ["Rechnung Nr. 7 für Bøb.pdf", "picture.png"] and files[0][1] == b"%PDF-1.4 " + bytes(9000) and
                   files[1][1] == bytes(range(256)) * 4, "the attachment goes back, and a file that the service gave goes along, byte for byte",
                   [(name, len(data)) for name, data in files])
            tap.same(got["Message-ID"].split(".")[0], f"<{run['id']}", "its Message-ID names the run, so the same call has the same again")
            tap.same(step(house, run["number"], "answer")["outputs"], {"message_id": got["Message-ID"][1:-1], "accepted": 1}, "and the step says it")
            put = next(seen for seen in web.seen if seen["method"] == "PUT")
            tap.ok(put["body"].encode("utf-8", "surrogateescape") == bytes(range(256)) * 4 and put["headers"]["content-type"] == "image/png",
                   "and to a service as the body of a request", put)
            tap.ok(all(seen["headers"].get("authorization") == f"Bearer {SECRETS['api']}" for seen in web.seen), "the service knows who asks")

            done = house.hostler("press", "quiet", "--wait")
            tap.ok(done.returncode == 0, "secrets go through a service into a mail", done.stdout, done.stderr)
            got = email.message_from_bytes(smtp.mails[-1]["data"], policy=email.policy.default)
            tap.same((got.get_body(("plain",)).get_content().strip(), got.get_body(("html",)).get_content().strip()), (SECRETS["key"], SECRETS["note"]),
                     "who gets it can read them")
            shown = house.json("show", "last:quiet")
            tap.same([one["outputs"].get(name) for one, name in ((shown["steps"][0], "json"), (shown["steps"][0], "status"), (shown["steps"][1], "accepted"))],
                     [{"sealed": "ask.json"}, 200, 1], "who looks at the run cannot")

            before = len(smtp.mails)
            smtp.answers.clear()
            number = house.json("press", "twice")[0]["number"]
            tap.ok(smtp.wait(before + 1), "a mail is handed over, and nothing is heard of it")
            os.kill(worker_of(house), signal.SIGKILL)
            smtp.answers.set()
            tap.ok(house.wait(lambda: house.json("show", str(number))["state"] == "succeeded", 20), "its worker is killed, and with on_lost = again it is sent again",
                   house.hostler("show", str(number)).stdout)
            ids = {email.message_from_bytes(one["data"])["Message-ID"] for one in smtp.mails[before:]}
            tap.same((len(smtp.mails) - before, len(ids)), (2, 1), "under the same Message-ID, so that who gets both can tell")

            number = house.json("press", "slow")[0]["number"]
            tap.ok(house.wait(lambda: house.json("show", str(number))["state"] == "timed_out", 20), "a service that hangs is waited for until the time-out",
                   house.hostler("show", str(number)).stdout)
            tap.same(step(house, number, "wait")["reason"]["code"], "ActionTimeout", "which is what is said")
            house.write("flows/slow.ini", FLOWS["flows/slow.ini"].format(url=web.url).replace("{timeout}", "10m"))
            house.hostler("reload")
            before = len(web.seen)
            number = house.json("press", "slow")[0]["number"]
            tap.ok(web.wait(before + 1), "it is asked again")
            house.hostler("cancel", str(number))
            tap.ok(house.wait(lambda: house.json("show", str(number))["state"] == "cancelled", 4), "and left alone soon after the run is cancelled",
                   house.hostler("show", str(number)).stdout)
            house.down()
            tap.same({name: holding(house, word) for name, word in SECRETS.items()}, {name: [] for name in SECRETS}, "nothing that the house has written holds a secret")
tap.end()
