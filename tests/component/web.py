#!/usr/bin/env python3
"""The connector "http" in its real worker program against real servers on loopback: what it says to whom, where it goes and where not,
and how much it takes."""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from house import PROGRAMS, Tap
from https_house import Web
from mail_house import Ca

tap = Tap()
WORDS = {"password": "canary-9d2e-basic", "bearer": "canary-9d2e-bearer", "secret_header.x-api-key": "canary-9d2e-key"}
printed = []


def ask(action, url, *words, time_out=60, **options):
    """(exit status, outputs as JSON or the error's text) of one call. Secrets are files, here and in options."""
    line = [os.path.join(PROGRAMS, "hostler-worker"), "try", "connector/http", action]
    for name, value in {"hosts": "localhost", **options}.items():
        if value is not None:
            line += ["-o", f"{name}={value}"]
    done = subprocess.run([*line, f"url={url}", *words], capture_output=True, text=True, timeout=time_out, cwd="/", check=False,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"})
    printed.append(done.stderr)
    try:
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr
    except ValueError:
        return done.returncode, done.stdout + done.stderr


def refused(result, exit_status, *texts):
    return result[0] == exit_status and all(text in str(result[1]) for text in texts)


with tempfile.TemporaryDirectory(prefix="hostler-http-") as folder:
    ca, other = Ca(os.path.join(folder, "ca")), Ca(os.path.join(folder, "other"))
    files = {}
    for name, word in WORDS.items():
        files[name] = os.path.join(folder, name)
        with open(files[name], "w", encoding="utf-8") as file:
            file.write(word + "\n")
    with Web(ca) as web, Web(ca) as second, Web() as plain:
        SAFE = {"ca": ca.pem}
        status, said = ask("get", web.url + "/hello", **SAFE)
        tap.ok(status == 0 and said["status"] == 200 and said["body"] == "Grüße" and said["headers"]["content-type"] == "text/plain" and
               said["size"] == 7, "a text is got", said)
        status, said = ask("get", web.url + "/echo/a?b=c", "query.number=10 42&x=ä#", "header.accept=application/json", "header.X-One=1", **SAFE)
        tap.ok(status == 0 and "body" not in said and said["json"]["path"] == "/echo/a?b=c&number=10+42%26x%3d%c3%a4%23" and
               said["json"]["headers"]["accept"] == "application/json" and said["json"]["headers"]["x-one"] == "1" and
               "authorization" not in said["json"]["headers"], "JSON, with headers and a query that stays one value", said)
        for action in ("post", "put", "patch"):
            status, said = ask(action, web.url + "/echo", 'json={"n": 1.50, "ä": [null, true]}', **SAFE)
            tap.ok(status == 0 and said["json"]["method"] == action.upper() and said["json"]["body"] == '{"n":1.50,"ä":[null,true]}' and
                   said["json"]["headers"]["content-type"] == "application/json", f"{action} carries JSON as it was", said)
        status, said = ask("post", web.url + "/echo", "form.a b=c&d", "form.e=ü", **SAFE)
        tap.ok(status == 0 and said["json"]["body"] == "a%20b=c%26d&e=%C3%BC" and
               said["json"]["headers"]["content-type"] == "application/x-www-form-urlencoded", "a form", said)
        status, said = ask("post", web.url + "/echo", "text=<a/>", "content_type=application/xml", **SAFE)
        tap.ok(status == 0 and said["json"]["body"] == "<a/>" and said["json"]["headers"]["content-type"] == "application/xml", "a text of any kind", said)
        status, said = ask("post", web.url + "/echo", **SAFE)
        tap.ok(status == 0 and said["json"]["headers"]["content-length"] == "0", "and nothing", said)
        tap.ok(refused(ask("post", web.url + "/echo", "text=x", "form.a=b", **SAFE), 2, "one body"), "but not two bodies")
        status, said = ask("delete", web.url + "/echo/7", **SAFE)
        tap.ok(status == 0 and said["json"]["method"] == "DELETE", "something is deleted", said)

        WHO = {"user": "ada", "password": files["password"], "secret_header.x-api-key": files["secret_header.x-api-key"], **SAFE}
        status, said = ask("get", web.url + "/echo", **WHO)
        tap.ok(status == 0 and said["json"]["headers"]["authorization"] == "Basic YWRhOmNhbmFyeS05ZDJlLWJhc2lj" and
               said["json"]["headers"]["x-api-key"] == WORDS["secret_header.x-api-key"], "the section says who asks", said)
        status, said = ask("get", web.url + "/echo", f"bearer={files['bearer']}", **WHO)
        tap.ok(status == 0 and said["json"]["headers"]["authorization"] == f"Bearer {WORDS['bearer']}", "the call says it instead", said)
        status, said = ask("get", web.url + "/echo", f"secret_header.x-api-key={files['bearer']}", **SAFE)
        tap.ok(status == 0 and said["json"]["headers"]["x-api-key"] == WORDS["bearer"], "also by a header that is secret", said)

        status, said = ask("get", web.to(302, second.url + "/echo"), "header.x-mine=1", "header.accept=a/b", f"bearer={files['bearer']}", **WHO)
        got = second.seen[-1]["headers"]
        tap.ok(status == 0 and said["url"] == second.url + "/echo" and not {"authorization", "x-api-key", "x-mine", "cookie"} & set(got) and
               got["accept"] == "a/b", "a redirect to another place goes there without all that", said, got)
        status, said = ask("get", web.to(302, web.url + "/echo"), **WHO)
        tap.ok(status == 0 and "authorization" in said["json"]["headers"], "and to the same place with it", said)
        status, said = ask("get", second.to(302, web.to(302, second.url + "/echo")), **WHO)
        tap.ok(status == 0 and "authorization" not in web.seen[-1]["headers"] and "authorization" in said["json"]["headers"], "back again, it is said again", said)
        status, said = ask("post", web.to(303, second.url + "/echo"), "text=body", **WHO)
        tap.ok(status == 0 and said["json"]["method"] == "GET" and said["json"]["body"] == "", "what was posted becomes a GET", said)
        before = len(second.seen)
        for action, code in (("post", 307), ("put", 302), ("delete", 308), ("patch", 308)):
            words = () if action == "delete" else ("text=body",)
            tap.ok(refused(ask(action, web.to(code, second.url + "/echo"), *words, **WHO), 1, "another place") and len(second.seen) == before,
                   f"a {action} is not handed on to another place by {code}")
        status, said = ask("put", web.to(307, web.url + "/echo"), "text=body", **WHO)
        tap.ok(status == 0 and said["json"]["method"] == "PUT" and said["json"]["body"] == "body", "at the same place it is", said)
        before = len(plain.seen)
        tap.ok(refused(ask("get", web.to(302, f"http://127.0.0.1:{plain.port}/echo"), **WHO), 1, "redirect", "hosts") and len(plain.seen) == before,
               "a redirect to a host that is not named is none")
        tap.ok(refused(ask("get", web.to(302, "file:///etc/passwd"), **SAFE), 2, "https:// or http://"), "nor one to a file")
        tap.ok(refused(ask("get", web.url + "/round", **SAFE), 2, "more than 5 times"), "nor one that never ends")
        status, said = ask("get", web.url + "/round", redirects=0, **SAFE)
        tap.ok(status == 0 and said["status"] == 302 and said["headers"]["location"] == "/round", "with redirects = 0 it is the answer", said)

        before = (len(web.seen), len(second.seen), len(plain.seen))
        PLACES = [("https://127.0.0.1:1/", 1, "not among"), ("file:///etc/passwd", 2, "https:// or http://"), ("gopher://localhost/", 2, "https:// or http://"),
                  ("https://a:b@localhost/", 2, "no place in a URL"), ("localhost/x", 2, "no whole URL"), ("https://localhost@evil.example/", 2, "no place"),
                  ("https://evil.example/", 1, "not among"), ("https://localhost.evil.example/", 1, "not among"), ("https://xlocalhost/", 1, "not among"),
                  ("https://localhost\r\nX: y/", 2, "no whole URL"), ("https://lócalhost/", 2, "as DNS has it"),
                  ("http://192.0.2.7/", 1, "this machine alone")]
        wrong = [(url, result) for url, status, text in PLACES
                 for result in [ask("get", url, hosts="localhost, 192.0.2.7", **SAFE)] if not refused(result, status, text)]
        tap.same(wrong, [], "places it does not go to")
        tap.ok(refused(ask("get", plain.url + "/echo", hosts="*"), 1, "without TLS"), "nor by http to whom nobody named")
        tap.ok(refused(ask("get", web.url + "/echo", hosts="*", **SAFE), 1, "this machine"), "nor to this machine, where nobody named it")
        tap.ok(refused(ask("get", web.url + "/echo", hosts="*", plain="yes", bearer=files["bearer"], **SAFE), 2, "hosts", "anybody"),
               "nor to anybody with a token")
        tap.same((len(web.seen), len(second.seen), len(plain.seen)), before, "none of them was asked anything")
        status, said = ask("get", plain.url + "/echo")
        tap.ok(status == 0, "http to this machine is fine", said)
        status, said = ask("get", plain.url + "/echo", hosts=f"localhost:{plain.port}")
        tap.ok(status == 0 and refused(ask("get", web.url, hosts=f"localhost:{plain.port}", **SAFE), 1, "not among"), "a port that is named is the only one", said)

        wrong = []
        for name, value in (("header.x", "a\r\nBcc: d"), ("header.x", "a\nb"), ("header.x y", "a"), ("header.x:y", "a"), ("header.host", "evil"),
                            ("header.Content-Length", "1"), ("header.transfer-encoding", "chunked"), ("header.x\r\ny", "a")):
            result = ask("get", web.url + "/echo", f"{name}={value}", **SAFE)
            if result[0] != 2 or "header" not in str(result[1]):
                wrong.append((name, value, result))
        tap.same(wrong, [], "headers that would be more than one, or the connection's own, are errors")

        for status_wanted, exit_status, text in ((401, 1, "who asks"), (403, 1, "May"), (404, 2, "path"), (409, 2, "understand"), (429, 1, "often"), (503, 1, "pass")):
            tap.ok(refused(ask("get", f"{web.url}/status/{status_wanted}", **SAFE), exit_status, str(status_wanted), text), f"a status of {status_wanted} is told")
        status, said = ask("get", web.url + "/status/404", "any_status=yes", **SAFE)
        tap.ok(status == 0 and said["status"] == 404 and said["body"] == "because", "or is an answer, where it may be any", said)
        tap.ok(refused(ask("get", web.url + "/text/70000", max_size=65536, **SAFE), 2, "65536"), "an answer beyond the limit is none")
        tap.ok(refused(ask("get", web.url + "/drip", max_size=20, **SAFE), 2, "20 bytes"), "nor one that never ends")
        tap.ok(refused(ask("get", web.url + "/many", **SAFE), 2, "headers"), "nor one of headers alone")
        tap.ok(refused(ask("get", web.url + "/broken", **SAFE), 2, "JSON"), "what says it is JSON and is none is told")
        tap.ok(refused(ask("get", web.url + "/cut", **SAFE), 1, "localhost"), "a connection that breaks may be tried again")
        tap.ok(refused(ask("post", web.url + "/cut", "text=x", **SAFE), 2, "OutcomeUnknown"), "of a post nobody knows what it did then")
        tap.ok(refused(ask("get", web.url + "/", ca=other.pem), 1, "CertificateRejected", "ca"), "a server of another authority is not asked")
        tap.ok(refused(ask("get", web.url + "/"), 1, "CertificateRejected"), "nor one that the system does not know")
        tap.ok(refused(ask("get", web.url.replace("localhost", "127.0.0.1") + "/", hosts="127.0.0.1", **SAFE), 0), "its certificate has this address")
        tap.ok(refused(ask("get", web.url.replace("localhost", "127.0.0.2") + "/", hosts="127.0.0.2", **SAFE), 1), "and not that one")
    with Web(ca, sans="DNS:other.test") as stranger:
        tap.ok(refused(ask("get", stranger.url + "/", ca=ca.pem), 1, "CertificateRejected") and not stranger.seen, "nor is a server of another name")
    tap.ok(refused(ask("get", "https://localhost:1/"), 1, "takes no connection"), "a server that is down is told")

    certificate, key = ca.issue("client", "DNS:client")
    strange, strange_key = other.issue("client", "DNS:client")
    with Web(ca, demand=ca) as strict, Web(ca) as lax:
        status, said = ask("get", strict.url + "/echo", ca=ca.pem, client_certificate_file=certificate, client_key=key)
        tap.ok(status == 0 and said["json"]["client"] == "client", "a certificate is shown to who asks for one", said)
        tap.ok(ask("get", strict.url + "/echo", ca=ca.pem)[0] == 1 and ask("get", strict.url + "/echo", ca=ca.pem, client_certificate_file=strange,
                                                                            client_key=strange_key)[0] == 1, "without it, or with another, nothing is got")
        tap.ok(ask("get", lax.to(302, strict.url + "/echo"), ca=ca.pem, client_certificate_file=certificate, client_key=key)[0] == 1,
               "after a redirect to another place it is not shown")
        result = ask("get", strict.url + "/echo", ca=ca.pem, client_certificate_file=certificate, client_key=strange_key)
        tap.ok(result[0] in (1, 2) and "certificate" in result[1], "one that does not fit its key is told", result)
    tap.ok(not any("canary" in text or "PRIVATE" in text for text in printed), "no error has a secret in it")
tap.end()
