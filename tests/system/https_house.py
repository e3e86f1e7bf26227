"""An HTTP server that a test starts itself, on loopback, with TLS or without; it tells what it was asked, and answers as the path says."""

import base64
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def asked(self):
        n = int(self.headers.get("Content-Length", 0))
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        seen = {"method": self.command, "path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": self.rfile.read(n).decode("utf-8", "surrogateescape"), "lines": [line for line in str(self.headers).splitlines() if line],
                "client": dict(pair[0] for pair in certificate["subject"])["commonName"] if certificate else None}
        with self.server.house.arrived:
            self.server.house.seen.append(seen)
            self.server.house.arrived.notify_all()
        return seen

    def do(self):
        seen = self.asked()
        word, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
        if word == "echo":
            self.answer(200, json.dumps(seen).encode(), "application/json; charset=utf-8", X_Twice="a")
        elif word == "path":
            self.answer(200, json.dumps({"method": self.command, "path": self.path}).encode(), "application/json")
        elif word == "status":
            self.answer(int(rest), b"because")
        elif word == "to":
            code, _, target = rest.partition("/")
            self.answer(int(code), b"onward", Location=base64.urlsafe_b64decode(target).decode())
        elif word == "round":
            self.answer(302, Location="/round")
        elif word == "bytes":
            self.answer(200, bytes(range(256)) * (int(rest) // 256), "application/octet-stream")
        elif word == "text":
            self.answer(200, b"x" * int(rest))
        elif word == "latin":
            self.answer(200, "für".encode("latin-1"))
        elif word == "broken":
            self.answer(200, b'{"a":1,"a":2}', "application/json")
        elif word == "many":
            self.answer(200, **{f"X-H{n}": "y" for n in range(300)})
        elif word == "drip":
            self.send_response(200)
            self.end_headers()
            while not self.server.house.over.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        elif word == "hang":
            self.server.house.over.wait(60)
        elif word == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.answer(200, b"Gr\xc3\xbc\xc3\x9fe")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A connection that breaks, or never becomes TLS, is what the test wanted."""

    def finish_request(self, request, client_address):
        request.settimeout(60)
        if self.house.context:
            request = self.house.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


class Web:
    """`seen`: all requests. With a `ca` it speaks TLS; `demand`: and wants a certificate of that authority of whoever asks."""

    def __init__(self, ca=None, demand=None, sans="DNS:localhost,IP:127.0.0.1", address="127.0.0.1"):
        self.seen = []
        self.arrived = threading.Condition()
        self.over = threading.Event()
        self.context = None
        if ca:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(*ca.issue(f"https-{id(self)}", sans))
        if demand:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(demand.pem)
        self.server = Quiet((address, 0), Handler)
        self.server.house = self
        self.port = self.server.server_address[1]
        self.url = f"{'https' if ca else 'http'}://localhost:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def to(self, status, url):
        """A URL that redirects there."""
        return f"{self.url}/to/{status}/{base64.urlsafe_b64encode(url.encode()).decode()}"

    def wait(self, n, seconds=30):
        """Until there were that many requests."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.seen) >= n, seconds)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(20)
