#!/usr/bin/env python3
"""The mail story on loopback, with a Dovecot and an SMTP server of its own: an invoice comes by mail, a desktop flow reads what is attached, and
an answer goes out. Prints each hop, and takes everything down again. Called by `./bootstrap demo mail` with the folder the programs were
staged in; needs no root, but as root it leaves no account behind that was not there before."""

import email
import email.policy
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
os.environ["HOSTLER_PROGRAMS"] = os.path.join(sys.argv[1], "bin")
os.environ["SRCDIR"] = SOURCE
# The servers are those that the tests start.
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))
from demo_story import accounts_for_a_while, say, show  # noqa: E402
from house import House  # noqa: E402
from mail_house import Ca, Dovecot, letter  # noqa: E402
from smtp_house import Server  # noqa: E402

INVOICE = b"article,quantity,price\nCoffee 1 kg,18,17.49\nSugar 1 kg,4,1.29\nCups,24,2.50\n"
WAIT = 60


def seal(house, name, word):
    subprocess.run(house.command("hostler", "-c", house.ini, "seal", name), env=house.environment(), cwd=house.home, input=word + "\n",
                   capture_output=True, text=True, timeout=60, check=True)


def furnish(house, dovecot, smtp, ca):
    shutil.copytree(os.path.join(SOURCE, "conf", "mail"), house.home, dirs_exist_ok=True)
    os.mkdir(house.path("ca"))
    shutil.copy(ca.pem, house.path("ca/ca.pem"))
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    house.write("hostler.ini", re.sub(r"= 465\b", f"= {smtp.tls}", re.sub(r"= 993\b", f"= {dovecot.imaps}", text)))
    subprocess.run(["chmod", "-R", "a+rX", house.path("ca"), house.path("flows"), house.path("desktop-flows")], check=True)


def play(house, dovecot, smtp):
    say("Starting hostler, and sealing the two passwords for who uses them")
    house.up(ready=lambda: house.hostler("devices").returncode == 0)
    seal(house, "inbox", dovecot.word)
    seal(house, "post", smtp.word)
    house.hostler("reload")
    if not house.wait(lambda: house.online() and dovecot.idles(), WAIT):
        raise SystemExit("demo: error: hostler is not ready:\n" + house.said())
    show(house.hostler("triggers").stdout)

    say("Two mails arrive at robot@example.com")
    dovecot.deliver(letter("Offers of the week", "Everything must go.\n", sender="shop@example.net"))
    dovecot.deliver(letter("Invoice 1042", "Please see what is attached.\n", sender="Ada Lovelace <ada@example.org>",
                           files=[("invoice-1042.csv", INVOICE, "text/csv")]))
    show("from shop@example.net         Offers of the week\nfrom ada@example.org          Invoice 1042, with invoice-1042.csv:")
    show(textwrap.indent(INVOICE.decode(), "   "))
    house.wait(lambda: any(run["ended"] for run in house.json("runs")), WAIT)

    say("The trigger looks at each, and the filters decide: hostler why inbox")
    show(house.hostler("why", "inbox").stdout)
    say("One of them is a run: hostler show last")
    shown = house.hostler("show", "last").stdout
    show("\n".join(line for line in shown.splitlines() if " headers = " not in line))
    if not smtp.mails:
        show(house.said())
        raise SystemExit("demo: error: no answer went out; what hostler said is above")

    say("The answer, as the SMTP server got it")
    mail = smtp.mails[0]
    got = email.message_from_bytes(mail["data"], policy=email.policy.default)
    show(f"to {', '.join(mail['to'])}, {'under TLS' if mail['tls'] else 'in the clear'}, signed in as {mail['user']}")
    show("\n".join(f"{name}: {got[name]}" for name in ("From", "To", "Subject", "In-Reply-To", "Message-ID")))
    show("\n" + got.get_body(("plain",)).get_content().replace("\r\n", "\n"))
    for part in got.iter_attachments():
        show(f"{part.get_filename()}: {part.get_content().strip()}")


def main():
    with accounts_for_a_while(), tempfile.TemporaryDirectory(prefix="hostler-demo-", dir="/var/tmp") as folder:
        house = House({"hostler.ini": ""})
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "dovecot"))
        try:
            say("Making a certificate authority, an IMAP server and an SMTP server on loopback")
            ca = Ca(os.path.join(folder, "authority"), "Authority of the demo")
            with Dovecot(os.path.join(folder, "dovecot"), ca) as dovecot, Server(ca, word="swordfish-of-the-demo") as smtp:
                show(f"IMAP over TLS on 127.0.0.1:{dovecot.imaps}, SMTP over TLS on 127.0.0.1:{smtp.tls}")
                furnish(house, dovecot, smtp, ca)
                try:
                    play(house, dovecot, smtp)
                finally:
                    say("Taking everything down again")
                    house.remove()
        finally:
            house.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
