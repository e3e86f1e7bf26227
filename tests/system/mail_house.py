"""Servers for mail that a test starts itself, on loopback, in a folder of its own, and ends by their process ids: a certificate authority,
a Dovecot with IMAP and LMTP. Whoever needs a certificate for another server issues one with the same Ca."""

import email.message
import imaplib
import os
import pwd
import smtplib
import socket
import ssl
import subprocess
import time

NOBODY = "nobody"
WORD = "correct-horse-battery-staple"

# A house whose trigger reads the robot's mail; how it signs in follows. And a connector that writes down what has come.
INBOX = """[host]
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
"""
NOTES = """
[connector notes]
plugin = file
root = .
"""


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"openssl {words}: {done.stderr}")


class Ca:
    """`pem` is what a client trusts; `issue` gives a server its certificate and key."""

    def __init__(self, folder, name="test authority"):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.pem = os.path.join(folder, "ca.pem")
        self.key = os.path.join(folder, "ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-keyout", self.key, "-out", self.pem)
        os.chmod(self.pem, 0o644)

    def issue(self, name, sans="DNS:localhost,IP:127.0.0.1", days=2, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """Paths of a certificate with its chain, and of its key, for a server of those names."""
        base = os.path.join(self.folder, name)
        with open(base + ".ext", "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={sans}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}",
                "-keyout", base + ".key", "-out", base + ".csr")
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                "-extfile", base + ".ext", "-out", base + ".pem")
        os.chmod(base + ".pem", 0o644)
        os.chmod(base + ".key", 0o644)
        return base + ".pem", base + ".key"


def free_ports(n):
    probes = [socket.socket() for _ in range(n)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


DOVECOT = """base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = {secured}
auth_verbose = yes
verbose_proctitle = yes
auth_mechanisms = plain login {mechanisms}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_home = {folder}/mail/%u
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_max_userip_connections = 100
imap_idle_notify_interval = 2 mins
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service stats {{
  chroot =
}}
{passdb}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
{more}
"""

PASSWORDS = """passdb {{
  driver = static
  args = password={word}
}}"""


class Dovecot:
    """Any user has a mailbox, and all the same password. As root it runs as `nobody`, else as whoever runs the test."""

    def __init__(self, folder, ca, name="imap.test", word=WORD, sans="DNS:localhost,DNS:imap.test,IP:127.0.0.1", mechanisms="",
                 passdb=None, more="", plain=True):
        self.folder = folder
        self.word = word
        self.ca = ca
        self.process = None
        self.imap, self.imaps, self.lmtp = free_ports(3)
        self.log = os.path.join(folder, "dovecot.log")
        self.conf = os.path.join(folder, "dovecot.conf")
        user = pwd.getpwnam(NOBODY) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        cert, key = ca.issue(name, sans)
        for part in ("run", "state", "mail"):
            os.makedirs(os.path.join(folder, part), exist_ok=True)
            os.chown(os.path.join(folder, part), user.pw_uid, user.pw_gid)
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.chmod(folder, 0o755)
        self.user = user
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(DOVECOT.format(folder=folder, cert=cert, key=key, imap=self.imap, imaps=self.imaps, lmtp=self.lmtp,
                                      user=user.pw_name, group=self.group(), uid=user.pw_uid, gid=user.pw_gid, mechanisms=mechanisms,
                                      passdb=passdb or PASSWORDS.format(word=word), more=more, secured="no" if plain else "yes"))

    def group(self):
        import grp
        return grp.getgrgid(self.user.pw_gid).gr_name

    def start(self):
        line = ["/usr/sbin/dovecot", "-F", "-c", self.conf]
        if os.getuid() == 0:
            line = ["setpriv", "--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid), "--clear-groups", *line]
        with open(os.path.join(self.folder, "stderr"), "ab") as errors:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        end = time.monotonic() + 20
        while not (listens(self.imap) and listens(self.imaps) and listens(self.lmtp)):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("Dovecot does not start:\n" + self.said())
            time.sleep(0.02)
        return self

    def said(self):
        text = ""
        for path in (os.path.join(self.folder, "stderr"), self.log):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def children(self):
        """Of the process group it was started in, which nobody else is in."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if self.process and int(fields[3]) == self.process.pid and fields[0] != "Z":
                found.append(int(pid))
        return found

    def idles(self, user="robot"):
        """Whether somebody waits for news of that mailbox: what is delivered from now on is new to them."""
        for pid in self.children():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read().decode(errors="replace")
            except OSError:
                continue
            if f"[{user} " in line and "IDLE" in line:
                return True
        return False

    def renumber(self, user="robot"):
        """All mails of the mailbox get new numbers, as after a repair; the server must not run."""
        for folder, _, names in os.walk(os.path.join(self.folder, "mail", user)):
            for name in names:
                if name.startswith("dovecot"):
                    os.remove(os.path.join(folder, name))

    def stop(self, kill=False):
        """`kill`: the whole server at once, as when its machine loses power."""
        if not self.process:
            return
        pids = self.children()
        if self.process.poll() is None:
            # All of them: its own way of ending waits ten seconds for clients that stay.
            for pid in pids:
                try:
                    os.kill(pid, 9 if kill else 15)
                except ProcessLookupError:
                    pass
        self.process.wait(30)
        end = time.monotonic() + 20
        while self.children():
            if time.monotonic() > end:
                for pid in self.children():
                    os.kill(pid, 9)
            time.sleep(0.02)
        self.process = None

    def deliver(self, mail, to="robot"):
        """By LMTP, as a mail server does; `mail` is a message, or its bytes."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        with smtplib.LMTP("127.0.0.1", self.lmtp) as lmtp:
            lmtp.sendmail("sender@example.org", [to], raw)

    def client(self, user="robot"):
        """A person's mail program."""
        client = imaplib.IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=ssl.create_default_context(cafile=self.ca.pem))
        client.login(user, self.word)
        return client

    def folder_of(self, user="robot", name="INBOX"):
        """[(uid, flags, subject)] of what lies in a folder."""
        client = self.client(user)
        try:
            if client.select(f'"{name}"', readonly=True)[0] != "OK":
                return []
            found = []
            for entry in client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]:
                if isinstance(entry, tuple):
                    head = entry[0].decode()
                    flags = head[head.index("FLAGS (") + 7:].split(")")[0].split()
                    found.append((int(head.split("UID ")[1].split()[0].rstrip(")")), flags,
                                  entry[1].decode(errors="replace").split(":", 1)[-1].strip()))
            return found
        finally:
            client.logout()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def letter(subject, text="Hello.\n", sender="ada@example.org", to="robot@example.com", files=(), **headers):
    """A mail; `files` are (name, bytes, "application/pdf"). A header that is None is left out."""
    mail = email.message.EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = "Sun, 22 Nov 2026 15:00:00 +0000"
    mail["Message-ID"] = f"<{os.urandom(8).hex()}@example.org>"
    for name, value in headers.items():
        name = name.replace("_", "-")
        del mail[name]
        if value is not None:
            mail[name] = value
    mail.set_content(text)
    for name, data, kind in files:
        main, sub = kind.split("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return mail
