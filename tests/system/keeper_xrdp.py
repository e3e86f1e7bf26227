#!/usr/bin/env python3
"""A keeper and a terminal server without NLA: connected is not signed in, and taken over, signed out and cut off are told apart by the
server's own list. Speaks TAP."""

import os
import pwd
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import keeper_house
import xrdp_house
from house import Tap, make_user, remove_user
from keeper_house import ASK, CUT, HELD, Keep, ends, fingerprint_of, wait_for
from xrdp_house import PASSWORD, SOCKETS, is_attached

USER, SECOND = "hostlerkeep1", "hostlerkeep2"
SERVER = "127.0.0.1:3389"
tap = Tap()


def displays_of(user):
    """Of the terminal server's own list: displays whose socket is that user's."""
    uid = pwd.getpwnam(user).pw_uid
    names = (name for name in os.listdir(SOCKETS) if re.fullmatch(r"xrdp_display_\d+", name))
    return [int(name.rpartition("_")[2]) for name in names if os.stat(os.path.join(SOCKETS, name)).st_uid == uid]


def seen(user):
    displays = displays_of(user)
    return "gone" if not displays else "active" if any(map(is_attached, displays)) else "disconnected"


def keep(user=USER, password=PASSWORD, **words):
    return Keep(SERVER, user=user, password=password, security="tls", fingerprint=fingerprint_of("/run/cert.pem"), **words)


def signed_in(user=USER):
    return wait_for(lambda: seen(user) == "active" and window_manager(user), 20)


def window_manager(user):
    return subprocess.run(["pgrep", "-u", user, "-x", "openbox"], capture_output=True, text=True, check=False).stdout.split()


def has_channels():
    with open("/proc/net/unix", encoding="utf-8") as file:
        return any("xrdp_chansrv_socket" in line and " 03 " in line for line in file)


def sign_out(user):
    subprocess.run(["pkill", "-TERM", "-u", user, "-x", "openbox"], check=False)
    return wait_for(lambda: not displays_of(user), 20)


def connected_is_not_signed_in():
    with Keep(SERVER, user=USER, password=PASSWORD, fingerprint=fingerprint_of("/run/cert.pem")) as refused:
        tap.ok("security" in refused.failed, "a server without NLA is refused where that is required", refused.failed)
    with Keep(SERVER, user=USER, password=PASSWORD, security="tls", ca="/run/cert.pem") as by_name:
        tap.ok(by_name.pid and by_name.said["security"] == "tls", "it is trusted by its authority and address too", by_name.said)
        tap.ok(signed_in(), "by a keeper alone somebody is signed in", xrdp_house.log())
    tap.ok(wait_for(lambda: seen(USER) == "disconnected"), "when it is stopped the session stays, with no client", seen(USER))
    with keep(user=SECOND, password="wrong") as wrong:
        tap.ok(wrong.pid and not wait_for(lambda: displays_of(SECOND), 1), "with a wrong password it is connected, and nobody is signed in", wrong.said)
        tap.same(wrong.said["security"], "tls", "which is why it says that nothing is known of the password")


def endings(xrdp):
    with keep(width=1024, height=768) as first:
        tap.ok(first.pid and signed_in(), "it connects to the session that is there", first.said)
        tap.same((len(displays_of(USER)), first.said["size"]), (1, "1024x768"), "and makes no other")
        tap.same(first.lost(1), HELD, "it holds")
        with keep() as thief:
            tap.same(first.lost(), ASK, "a second client of that user throws it out, and the server does not say why")
            tap.ok(wait_for(lambda: seen(USER) == "active") and first.why(seen(USER))[0] == "SessionTaken", "the list says that it was taken over",
                   first.why(seen(USER)))
            # While xrdp looks for channels of the session it hears nothing else, for a quarter of a minute where they are gone.
            wait_for(has_channels)
            signed_out = sign_out(USER)
            tap.ok(signed_out and thief.lost(40) == ASK, "who is signed out hears the same", xrdp_house.log())
            tap.same(thief.why(seen(USER))[0], "SessionEnded", "and the list says that the session is gone")
    with keep() as last:
        signed_in()
        xrdp.kill()
        xrdp.wait()
        subprocess.run(["pkill", "-KILL", "-x", "xrdp"], check=False)
        state = last.lost()
        tap.ok(state in (ASK, CUT), "a server that is killed is noticed", state)
        tap.ok(wait_for(lambda: seen(USER) == "disconnected") and last.why(seen(USER))[0] == "ConnectionTimeout", "the session is there still, and said so",
               last.why(seen(USER)))
        pid = last.pid
    tap.ok(ends(pid), "no keeper is left")
    # Its X server takes its lock away, which lies outside of this world.
    sign_out(USER)


def main():
    why = xrdp_house.missing() or (f"not installed: {keeper_house.missing()}" if keeper_house.missing() else "")
    if why:
        tap.skip("a keeper at a terminal server", why)
        tap.end()
    xrdp_house.enter()
    for user in (USER, SECOND):
        make_user(user)
    try:
        _, xrdp = xrdp_house.begin(USER, SECOND)
        connected_is_not_signed_in()
        endings(xrdp)
    finally:
        for user in (USER, SECOND):
            subprocess.run(["pkill", "-KILL", "-u", user], check=False)
            remove_user(user)
    tap.end()


if __name__ == "__main__":
    main()
