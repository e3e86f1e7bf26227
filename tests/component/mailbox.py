#!/usr/bin/env python3
"""The trigger of mail in a real worker against a real server: what its events hold, and what it says when it cannot work. Speaks TAP."""

import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../system"))
from house import PROGRAMS, Tap
from mail_house import WORD, Ca, Dovecot, letter

tap = Tap()
place = tempfile.mkdtemp(prefix="hostler-test-", dir="/var/tmp")
os.chmod(place, 0o755)
os.mkdir(os.path.join(place, "dovecot"))
environment = {**{name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS") if name in os.environ}, "TMPDIR": place}
ca = Ca(os.path.join(place, "ca"))
dovecot = Dovecot(os.path.join(place, "dovecot"), ca, sans="DNS:imap.test,IP:127.0.0.1", plain=False)


def password(text):
    path = os.path.join(place, "password")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def words(n, user="robot", word=WORD, **options):
    given = {"server": "127.0.0.1", "port": dovecot.imaps, "ca": ca.pem, "user": user, "start": "all", **options}
    return [os.path.join(PROGRAMS, "hostler-worker"), "try", "trigger/email", "watch", "-n", str(n), "-o", f"password={password(word)}",
            *(part for name, value in given.items() for part in ("-o", f"{name}={value}"))]


def emitted(n, **options):
    done = subprocess.run(words(n, **options), env=environment, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=40)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(found) != n:
        raise AssertionError(f"{options}: {done.returncode} {done.stdout} {done.stderr}\n{dovecot.said()[-1000:]}")
    return found


def events(n, **options):
    return [event.get("values", event) for event in emitted(n, **options)]


def complaint(text, **options):
    """What it has said until it has said that."""
    path = os.path.join(place, "said")
    with open(path, "w", encoding="utf-8") as to:
        process = subprocess.Popen(words(1, **options), env=environment, stdout=to, stderr=to, stdin=subprocess.DEVNULL)
    said, end = "", time.monotonic() + 20
    while text not in said and time.monotonic() < end:
        over = process.poll() is not None
        with open(path, encoding="utf-8") as file:
            said = file.read()
        if over:
            break
        time.sleep(0.02)
    process.terminate()
    process.wait(20)
    tap.ok(text in said, f"it says: {text}", said)
    return said


def what_an_event_holds():
    dovecot.deliver(letter("Bill 7", "Please pay.\n", sender="Ada L\u00f6velace <ada@example.org>", cc="boss@example.com", X_Priority="1", In_Reply_To="<0@example.org>",
                           files=[("bill.pdf", b"%PDF" * 50000, "application/pdf"), ("../../notes.txt", b"notes", "text/plain"),
                                  ("logo.png", b"png", "image/png")]))
    dovecot.deliver(letter("Bill 8", Authentication_Results="imap.test; dmarc=pass header.from=example.org"))
    dovecot.deliver(letter("Bill 9", Authentication_Results="evil.test; dmarc=pass header.from=example.org"))
    first, second, third = events(3, include_attachments="yes", attachment_types=".pdf, text/*")
    tap.same([first[name] for name in ("from", "from_name", "to", "cc", "reply_to", "subject", "importance", "text", "in_reply_to", "cut")],
             ["ada@example.org", "Ada L\u00f6velace", ["robot@example.com"], ["boss@example.com"], "ada@example.org", "Bill 7", "high", "Please pay.\n",
              "0@example.org", False], "what a mail says is in its event")
    tap.same([len(first["attachments"]), first["left_out"]], [2, ["logo.png: its type is not among attachment_types"]],
             "what is attached is in files, as far as it is wanted, and the rest is named")
    tap.same(first["attachments"], ["trigger/bill.pdf", "trigger/notes.txt"], "under names that lead nowhere else")
    tap.ok({"name": "Subject", "value": "Bill 7"} in first["headers"] and first["date"].startswith("2026-11-22T15:00:00"), "headers and date are there", first)
    tap.same([second["subject"], third["subject"], second["attachments"]], ["Bill 8", "Bill 9", []], "in the order in which they came")


def what_is_turned_away():
    tap.same([event["subject"] for event in events(1, require_authentication="imap.test")], ["Bill 8"], "a sender counts whom the named server vouches for")
    tap.same([event["subject"] for event in events(1, with_attachments="yes")], ["Bill 7"], "or only mails with something attached")
    client = dovecot.client()
    client.select("INBOX")
    client.store("1:2", "+FLAGS", "\\Seen")
    client.logout()
    tap.same([event["subject"] for event in events(1, start="unseen")], ["Bill 9"], "at first, if wanted, what nobody has read")


def which_are_one_mail():
    """Whoever gets a mail, too, knows all of its headers, and could be sooner with one that is like it."""
    first = letter("Offer", files=[("offer.pdf", b"to 1111", "application/pdf")])
    other = letter("Offer", Message_ID=first["Message-ID"], files=[("offer.pdf", b"to 6666", "application/pdf")])
    shown = letter("Offer", Message_ID=first["Message-ID"])
    shown.add_alternative("<p>to 6666</p>", subtype="html")
    told = letter("Offer", Message_ID=first["Message-ID"])
    told.add_alternative("<p>to 1111</p>", subtype="html")
    for mail in (first, other, b"Received: by another way\r\n" + first.as_bytes(), shown, told):
        dovecot.deliver(mail)
    keys = [event["key"] for event in emitted(5, subject="Offer", include_attachments="yes")]
    tap.ok(keys[0] == keys[2] and len(set(keys)) == 4, "a mail with other words or another attachment is another mail, though it is called the same", keys)


def what_goes_wrong():
    before = dovecot.said().count("Password mismatch")
    said = complaint("so that the account is not locked", word="wrong")
    tap.ok("refuses the password of robot" in said and "see `user` and `password`" in said, "a wrong password is named", said)
    tap.same(dovecot.said().count("Password mismatch") - before, 1, "and tried once, not with every look")
    said = complaint("does not open the folder", folder="Bills")
    tap.ok("There are: INBOX" in said and "see `folder`" in said, "where a folder is missing, those that are there are named", said)
    complaint("There are: INBOX", after="move", move_to="Done")
    complaint("is not trusted", ca="/etc/ssl/certs/ca-certificates.crt", user="misled")
    complaint("Set `server` to the name in its certificate", server="localhost", user="misled")
    tap.ok("user=<misled>" not in dovecot.said(), "nobody signs in to a server that is not the right one", dovecot.said()[-1000:])
    complaint("no certificate in it", ca=os.path.join(place, "password"))
    complaint("cannot be reached", port=1)
    complaint("token: there is a password, too", token=password(WORD))


try:
    dovecot.start()
    what_an_event_holds()
    what_is_turned_away()
    which_are_one_mail()
    what_goes_wrong()
finally:
    dovecot.stop()
    subprocess.run(["rm", "-r", place], check=False)
tap.end()
