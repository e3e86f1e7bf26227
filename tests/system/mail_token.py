#!/usr/bin/env python3
"""A mailbox that is signed in to by XOAUTH2: access tokens are got for a refresh token over HTTPS, and the refresh token that the answer
brings is the one used next, also by another process; where nothing helps, nobody is asked without end."""

import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap
from mail_house import INBOX, NOTES, Ca, Dovecot, letter

tap = Tap()

CONF = INBOX + """token = secret:token
token_url = https://localhost:{port}/token
token_ca = {ca}
client_id = hostler
client_secret = secret:client
scope = imap offline
""" + NOTES

FLOW = """[flow]
name = take
on = inbox
label = ${trigger.subject}

[step read]
use = connector:notes.read
input.file = note.txt
"""

OAUTH = """passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {path}
}}"""

INTROSPECTION = """introspection_mode = auth
introspection_url = http://127.0.0.1:{port}/who
username_attribute = user
active_attribute = active
active_value = true
"""


class Endpoint:
    """Each refresh token is good for one access token, and brings the next one."""

    def __init__(self):
        self.forms = []
        self.tokens = 1
        self.refuses = False
        self.lock = threading.Lock()

    def exchange(self, form):
        with self.lock:
            self.forms.append(form)
            good = form == {"grant_type": "refresh_token", "client_id": "hostler", "client_secret": "client&secret=%",
                            "refresh_token": f"refresh-{self.tokens}", "scope": "imap offline"}
            if self.refuses or not good:
                return 400, {"error": "invalid_grant", "error_description": "that one was used\nbefore"}
            self.tokens += 1
            return 200, {"access_token": f"access-{self.tokens}", "expires_in": 3600, "refresh_token": f"refresh-{self.tokens}"}

    def who(self, authorization):
        with self.lock:
            return 200, {"active": authorization == f"Bearer access-{self.tokens}", "user": "robot"}


def serve(endpoint, ca=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, body):
            body = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
            self.answer(*endpoint.exchange({name: values[0] for name, values in form.items()}))

        def do_GET(self):
            self.answer(*endpoint.who(self.headers.get("Authorization", "")))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue("endpoint", "DNS:localhost"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def seal(house, name, value):
    return subprocess.run(house.command("hostler", "-c", house.ini, "seal", name), env=house.environment(), cwd=house.home, input=value + "\n",
                          capture_output=True, text=True, timeout=60, check=False)


def labels(house):
    return [run["label"] for run in house.json("runs", "--flow", "take")]


def kill_worker(house):
    said = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        if house.ini in line and "--instance trigger/inbox" in line:
            os.kill(int(line.split()[0]), signal.SIGKILL)


with House({"note.txt": "noted", "flows/take.ini": FLOW}) as house:
    endpoint = Endpoint()
    ca = Ca(house.path("ca"))
    secure, plain = serve(endpoint, ca), serve(endpoint)
    os.mkdir(house.path("dovecot"))
    house.write("oauth2.conf", INTROSPECTION.format(port=plain.server_address[1]))
    dovecot = Dovecot(house.path("dovecot"), ca, mechanisms="xoauth2", passdb=OAUTH.format(path=house.path("oauth2.conf")))
    house.write("hostler.ini", CONF.format(imaps=dovecot.imaps, ca=ca.pem, port=secure.server_address[1]))
    with dovecot:
        house.hostler("init", "--yes")
        sealed = [seal(house, "token", "refresh-1"), seal(house, "client", "client&secret=%")]
        tap.ok(all(done.returncode == 0 for done in sealed), "both secrets are sealed", sealed)
        house.up(lambda: house.hostler("triggers").returncode == 0)
        tap.ok(house.wait(dovecot.idles, 20), "an access token is got for the refresh token, and lets it in", house.said()[-2000:], dovecot.said()[-2000:],
               endpoint.forms)
        dovecot.deliver(letter("by token"))
        tap.ok(house.wait(lambda: labels(house) == ["by token"], 20), "its mails make runs", labels(house), house.said()[-2000:])
        kill_worker(house)
        tap.ok(house.wait(lambda: endpoint.tokens == 3 and dovecot.idles(), 20), "another process goes on with the refresh token that came last",
               endpoint.forms, house.said()[-2000:])
        tap.same([form["refresh_token"] for form in endpoint.forms], ["refresh-1", "refresh-2"], "each is used once")
        everything = "".join(open(os.path.join(folder, name), encoding="utf-8", errors="replace").read()
                             for folder, _, names in os.walk(house.path("state")) for name in names) + house.said()
        tap.ok(not any(word in everything for word in ("refresh-2", "refresh-3", "access-2", "access-3")), "none of them can be read in what the host keeps")
        endpoint.refuses = True
        kill_worker(house)
        tap.ok(house.wait(lambda: "that one was used before" in str(house.json("why", "trigger:inbox")["looked"][:1]), 20),
               "what the endpoint says when it refuses is told", house.said()[-2000:])
tap.end()
