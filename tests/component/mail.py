#!/usr/bin/env python3
"""The connector "mail" in its real worker program against real SMTP servers on loopback: what it says to whom, what it refuses, and
that no input adds a header."""

import base64
import email
import email.policy
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from house import PROGRAMS, Tap
from mail_house import Ca
from smtp_house import Server, Stripping

tap = Tap()
WORD = "canary-31c7-smtp"


def send(*words, options=(), folder="/", time_out=60):
    """(exit status, outputs or the error's text) of one call."""
    password = [option for option in options if option.startswith("password=")]
    options = [option for option in options if option not in password]
    if password:
        with open(os.path.join(tempfile.gettempdir(), f"hostler-word-{os.getpid()}"), "w", encoding="utf-8") as file:
            file.write(password[0].partition("=")[2] + "\n")
        options.append(f"password={file.name}")
    line = [os.path.join(PROGRAMS, "hostler-worker"), "try", "connector/mail", "send"]
    for option in options:
        line += ["-o", option]
    done = subprocess.run(line + list(words), capture_output=True, text=True, timeout=time_out, cwd=folder,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
    said = done.stdout + done.stderr
    if password:
        os.remove(file.name)
    tap.secretless = getattr(tap, "secretless", True) and WORD not in said
    return done.returncode, said


def parsed(mail):
    return email.message_from_bytes(mail["data"], policy=email.policy.default)


with tempfile.TemporaryDirectory(prefix="hostler-mail-") as folder:
    ca = Ca(os.path.join(folder, "ca"))
    other = Ca(os.path.join(folder, "other"))
    with Server(ca, word=WORD) as server:
        def options(**changed):
            kept = {"server": "localhost", "port": str(server.starttls), "tls": "starttls", "ca": ca.pem, "user": "robot",
                    "password": WORD, "from": "Der Roboter Müller <robot@example.com>", **changed}
            return [f"{name}={value}" for name, value in kept.items() if value is not None]

        LETTER = ("to=Ada <ada@example.org>, \"Doe, Bob\" <bob@example.org>", "cc=eve@example.org", "bcc=hidden@example.org, ADA@example.org",
                  "reply_to=office@example.com", "subject=Rechnung für Ærøskøbing: 12 € und ein sehr langer Betreff, der nicht auf eine Zeile paßt",
                  "text=Grüße,\n.\n.. ein Punkt\n" + "x" * 2000 + "\n", "html=<p>Grüße</p>", "in_reply_to=<a1@example.org>",
                  "references=<first@example.org>, a1@example.org")
        status, said = send(*LETTER, options=options())
        tap.ok(status == 0 and '"accepted":4' in said.replace(" ", ""), "a mail is sent", said)
        mail = server.mails[-1]
        got = parsed(mail)
        tap.same(mail["to"], ["ada@example.org", "bob@example.org", "eve@example.org", "hidden@example.org"], "to whom it says, each once")
        tap.same((mail["from"], mail["tls"], mail["user"]), ("robot@example.com", True, "robot"), "under TLS, signed in")
        tap.same([(a.display_name, a.addr_spec) for a in got["To"].addresses], [("Ada", "ada@example.org"), ("Doe, Bob", "bob@example.org")], "names with commas")
        tap.same(got["From"].addresses[0].display_name, "Der Roboter Müller", "and beyond ASCII")
        tap.same(got["Subject"], "Rechnung für Ærøskøbing: 12 € und ein sehr langer Betreff, der nicht auf eine Zeile paßt", "the subject as it was")
        tap.ok(b"hidden" not in mail["data"], "no header names who has a blind copy")
        tap.same((got["In-Reply-To"], got["References"], got["Reply-To"], got["Cc"]),
                 ("<a1@example.org>", "<first@example.org> <a1@example.org>", "office@example.com", "eve@example.org"), "the conversation")
        tap.same(got["Auto-Submitted"], "auto-replied", "machines need not answer it")
        tap.ok(got["Date"].datetime and got["Message-ID"].endswith("@example.com>") and got["Message-ID"][1:-1] in said, "a date and an id of its own",
               got["Message-ID"], said)
        tap.same(got.get_body(("plain",)).get_content().replace("\r\n", "\n"), LETTER[5][5:], "the text, dots and long lines too")
        tap.same(got.get_body(("html",)).get_content().strip(), "<p>Grüße</p>", "and the HTML beside it")
        tap.ok(max(map(len, mail["data"].split(b"\r\n"))) <= 998 and b"\n" not in mail["data"].replace(b"\r\n", b"") and mail["data"].isascii(),
               "lines as SMTP has them, in ASCII")
        status, said = send("to=ada@example.org", "text=x", options=options(tls="implicit", port=str(server.tls), server="127.0.0.1"))
        tap.ok(status == 0 and server.mails[-1]["tls"], "TLS from the first byte, to an address", said)

        before = len(server.mails)
        INJECTIONS = [("subject", "a\nBcc: x@evil.example"), ("subject", "a\r\nBcc: x@evil.example"), ("subject", "a\rb"), ("subject", "a\tb"),
                      ("to", "ada@example.org\nBcc: x@evil.example"), ("to", "Ada\r\nBcc: x@evil.example <ada@example.org>"),
                      ("to", "ada@example.org>\r\nRCPT TO:<x@evil.example"), ("to", "ada@example.org> <x@evil.example"), ("to", "<ada@example.org> SIZE=1"),
                      ("to", "ada@example.org SIZE=1"), ("to", "\"a b\"@example.org"), ("to", "ada@exa mple.org"), ("to", "ada@[127.0.0.1]"),
                      ("to", "ada"), ("to", "@example.org"), ("to", "ada@"), ("to", "ada@-x.org"), ("to", "a..b@example.org"), ("to", "ä@example.org"),
                      ("to", "\"Ada <ada@example.org>"), ("to", "Ada <ada@example.org"), ("to", ", ,"), ("to", "ada@example.org;x@evil.example"),
                      ("cc", "a@b\nX: y"), ("bcc", "a@b\nX: y"), ("reply_to", "a@b\nX: y"), ("in_reply_to", "<a@b>\r\nBcc: x@evil.example"),
                      ("references", "<a@b>\x01"), ("in_reply_to", "<ä@b>"), ("in_reply_to", "x" * 300),
                      ("to", ",".join(f"a{n}@example.org" for n in range(101)))]
        wrong = []
        for name, value in INJECTIONS:
            words = {"to": "ada@example.org", "text": "x", name: value}
            status, said = send(*[f"{key}={text}" for key, text in words.items()], options=options())
            if status == 0 or f"{name}" not in said and "recipients" not in said or len(server.mails) != before:
                wrong.append((name, value, status, said))
        tap.same(wrong, [], f"{len(INJECTIONS)} ways to say more than one header or address are errors that name the input, and nothing is sent")
        status, said = send("to=ada@example.org", "references=<a@b>\nX: y", "text=x", options=options())
        tap.ok(status == 0 and "X" not in parsed(server.mails[-1]), "a list of ids makes ids, whatever its lines are", said)
        status, said = send("to=ada@example.org", "subject==?UTF-8?Q?a=0D=0ABcc:_x@evil.example?=", "text=x", options=options())
        tap.ok(status == 0 and "=0D=0A" in parsed(server.mails[-1])["Subject"], "what looks like an encoded word comes as the text that it is", said,
               server.mails[-1]["data"])

        before = len(server.mails)
        sessions = server.signed_in
        status, said = send("to=ada@example.org", "text=x", options=options(ca=other.pem))
        tap.ok(status == 1 and "CertificateRejected" in said and "ca" in said, "a server of another authority is not spoken to", said)
        status, said = send("to=ada@example.org", "text=x", options=options(ca=None))
        tap.ok(status == 1 and "CertificateRejected" in said, "nor one that the system's authorities do not know", said)
        with Server(ca, word=WORD, sans="DNS:other.test") as stranger:
            status, said = send("to=ada@example.org", "text=x", options=options(port=str(stranger.starttls)))
            tap.ok(status == 1 and "CertificateRejected" in said and not stranger.signed_in, "nor one of another name", said)
        tap.same((len(server.mails), server.signed_in), (before, sessions), "none of them got a mail or a password")
        status, said = send("to=ada@example.org", "text=x", options=options(password="wrong-but-long-enough"))
        tap.ok(status == 1 and "does not let robot in" in said and "535" in said and "wrong-but" not in said, "a wrong password is said, and not shown", said)
        status, said = send("to=ada@example.org", "text=x", options=options(password=None))
        tap.ok(status == 2 and "no password" in said and "hostler seal" in said, "a missing one, too", said)
        status, said = send("to=ada@example.org, nobody@example.org", "cc=bob@example.org", "text=x", options=options())
        tap.ok(status == 2 and "nobody@example.org" in said and "550" in said and "Nothing was sent to anybody" in said and len(server.mails) == before,
               "one refused recipient is named, and nobody gets the mail", said)
        status, said = send("to=later@example.org", "text=x", options=options())
        tap.ok(status == 1 and "451" in said and "later" in said, "who may be asked again later is said", said)
        status, said = send("to=ada@example.org", "text=x", options=options(tls="none", port=str(server.plain), user=None, password=None, ca=None))
        tap.ok(status == 0 and not server.mails[-1]["tls"], "without TLS on this machine, where the option says so", said)
        status, said = send("to=ada@example.org", "text=x", options=options(tls="none", server="192.0.2.7", port="25"))
        tap.ok(status == 1 and "this machine alone" in said, "and nowhere else", said)
        status, said = send("to=ada@example.org", "text=x", options=options(tls="implicit", port=str(server.plain)))
        tap.ok(status == 1 and "no TLS" in said, "a port that speaks none is named", said)
        status, said = send("to=ada@example.org", "text=x", options=options(**{"from": "a@b.c\nX: y"}))
        tap.ok(status != 0 and "from" in said, "the sender of the section is read as strictly", said)
        with open(os.path.join(folder, "word"), "w", encoding="utf-8") as file:
            file.write(WORD + "\n")
        given = [word for option in options(password=file.name) for word in ("--option", option)]
        done = subprocess.run([os.path.join(PROGRAMS, "hostler"), "plugin", "test", "connector/mail", *given, "--input", "send.to=ada@example.org",
                               "--input", "send.text=x"], capture_output=True, text=True, timeout=60, check=False, env={"PATH": os.environ["PATH"], "HOME": "/"})
        tap.ok(done.returncode == 0 and "skipped" not in done.stdout and WORD not in done.stdout + done.stderr, "it keeps the contract of connectors, with a server",
               done.stdout, done.stderr)
        status, said = send("to=ada@example.org", options=options())
        tap.ok(status == 2 and "says nothing" in said, "an empty mail is none", said)
    status, said = send("to=ada@example.org", "text=x", options=options())
    tap.ok(status == 1 and "takes no connection" in said, "a server that is down is said", said)

    for offers in ("nothing", "refusal", "plain"):
        with Stripping(offers) as stripped:
            status, said = send("to=ada@example.org", "text=canary-31c7-text", options=options(port=str(stripped.port)))
            heard = stripped.heard()
            tap.ok(status == 1 and WORD not in heard and base64.b64encode(WORD.encode()).decode()[:12] not in heard and "AUTH" not in heard and
                   "MAIL" not in heard and "canary" not in heard, f"STARTTLS answered with {offers}: no password, no sender, no mail", said, heard)
            tap.ok("STARTTLS" in said or "no TLS" in said, "and why is said", said)
    tap.ok(tap.secretless, "nothing that was printed has the password")
tap.end()
