"""An SMTP server that a test starts itself, on loopback: Debian's aiosmtpd with STARTTLS, TLS and sign-in; and one that has lost its
STARTTLS on the way."""

import asyncio
import logging
import socket
import ssl
import sys
import threading
import warnings

# Where Debian's packages are, also for a python of somebody's own that comes first on the PATH.
sys.path.append("/usr/lib/python3/dist-packages")

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from mail_house import free_ports

SIZE_MAX = 64 << 20

# What it says about its own older words is nothing of a test's.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module="aiosmtpd")


class Server:
    """Mails as {"from","to","data","tls","user"}; nobody@… is refused for good, later@… for now."""

    def __init__(self, ca, word="", sans="DNS:localhost,IP:127.0.0.1"):
        self.word = word
        self.mails = []
        self.signed_in = 0
        self.arrived = threading.Condition()
        self.answers = threading.Event()  # while it is not set, who has handed a mail over hears nothing
        self.answers.set()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*ca.issue("smtp", sans))
        self.starttls, self.tls, self.plain = free_ports(3)
        self.doors = [(self.starttls, context, None), (self.tls, None, context), (self.plain, None, None)]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def protocol(self, starttls, tls):
        signs_in = bool(starttls or tls)
        made = SMTP(self, hostname="smtp.test", data_size_limit=SIZE_MAX, tls_context=starttls, require_starttls=bool(starttls), loop=self.loop,
                    auth_required=signs_in, auth_require_tls=not tls, authenticator=self.authenticate if signs_in else None)
        made.in_tls = bool(tls)
        return made

    async def open(self):
        for port, starttls, tls in self.doors:
            await self.loop.create_server(lambda starttls=starttls, tls=tls: self.protocol(starttls, tls), "127.0.0.1", port, ssl=tls)

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.signed_in += 1
        good = isinstance(data, LoginPassword) and data.password == self.word.encode()
        return AuthResult(success=good, auth_data=data.login.decode() if good else None, handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user here"
        if address.startswith("later@"):
            return "451 4.7.1 Try again in a while"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            self.mails.append({"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content, "tls": server.in_tls or bool(session.ssl),
                               "user": session.auth_data})
            self.arrived.notify_all()
        while not self.answers.is_set():
            await asyncio.sleep(0.02)
        return "250 OK"

    def wait(self, n, seconds=30):
        """Until there are that many mails."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.mails) >= n, seconds)

    def __enter__(self):
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.open(), self.loop).result(20)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        asyncio.set_event_loop(self.loop)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Stripping:
    """Somebody between: STARTTLS is not offered ("nothing"), refused ("refusal"), or answered by a server that goes on in the clear ("plain")."""

    def __init__(self, offers):
        self.offers = offers
        self.lines = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        connection, _ = self.socket.accept()
        with connection:
            connection.settimeout(20)
            connection.sendall(b"220 smtp.test\r\n")
            while True:
                try:
                    line = connection.recv(65536)
                except OSError:
                    return
                if not line:
                    return
                self.lines.append(line)
                if line.startswith(b"EHLO"):
                    connection.sendall(b"250-smtp.test\r\n" + (b"" if self.offers == "nothing" else b"250-STARTTLS\r\n") + b"250 AUTH PLAIN LOGIN\r\n")
                elif line.startswith(b"STARTTLS") and self.offers == "refusal":
                    connection.sendall(b"454 TLS not available\r\n")
                elif line.startswith(b"STARTTLS"):
                    connection.sendall(b"220 go ahead\r\n250-smtp.test\r\n250 AUTH PLAIN LOGIN\r\n")
                elif line.startswith(b"QUIT"):
                    connection.sendall(b"221 bye\r\n")
                    return
                elif self.offers == "plain":
                    return
                else:
                    connection.sendall(b"250 OK\r\n")

    def heard(self):
        return b"".join(self.lines).decode(errors="replace")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.thread.join(20)
