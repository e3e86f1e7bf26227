#!/usr/bin/env python3
"""A refusal is live: a run that waits because its user is signed in starts within 2 s of their signing out, also where their X server is
killed and leaves its socket behind, and an attended one within 2 s of their unlocking the screen. What it waited for names the user,
the session, its state and what to do. `ROUNDS=20 tests/system/live.py` measures: p50 and worst are in the names of the tests."""

import os
import pwd
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desktop_house import Desktop
from house import House, Tap, connection_conf, device_conf, make_user, remove_user

USER = "hosttestlive"
ROUNDS = int(os.environ.get("ROUNDS", "1"))

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-run-session", "i3lock", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("live refusals", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

FLOW = "[flow]\nname = {mode}\n\n[step it]\nuse = desktop:brief\nconnection = me\nmode = {mode}\n"
FILES = {
    # Whatever else is on this machine: only this user's own session is in the way.
    "hostler.ini": device_conf(USER, strategy="many", more="[strategy many]\nplugin = server-rds\nmax_sessions = 500\n\n" + connection_conf(USER)),
    "flows/unattended.ini": FLOW.format(mode="unattended"),
    "flows/attended.ini": FLOW.format(mode="attended"),
    "desktop-flows/brief/desktop-flow.ini": "[desktop-flow]\nname = brief\nversion = 1\nrun = true\n",
}


def step(house, flow):
    return house.json("show", f"last:{flow}")["steps"][0]


def waits(house, flow, code):
    house.hostler("run", flow)
    return house.wait(lambda: (step(house, flow)["reason"] or {}).get("code") == code, 20)


def seconds_until_it_starts(house, flow):
    begin = time.monotonic()
    while (now := step(house, flow))["state"] in ("queued", "offered") and time.monotonic() - begin < 20:
        if now["reason"] and now["reason"] not in reasons:
            reasons.append(now["reason"])
        time.sleep(0.01)
    return time.monotonic() - begin


def ended(house, flow):
    return house.wait(lambda: step(house, flow)["state"] == "succeeded", 60)


reasons = []  # why it did not start yet


def tell(taken, what):
    taken.sort()
    tap.ok(taken[-1] < 2, f"{what}: it starts within 2 s" + (f" (p50 {taken[len(taken) // 2]:.2f}, worst {taken[-1]:.2f} s)" if ROUNDS > 1 else ""),
           (taken, reasons))


class Forged(Desktop):
    """It is started with the name of hostler's cookies, and with a mark beside them that names it."""

    def start(self, *words, pass_fds=()):
        if words[0] != "Xvfb":
            return None
        self.cookies = shutil.copy(self.cookies, os.path.join(self.account.pw_dir, "hostler-session.xauth"))
        os.chown(self.cookies, self.account.pw_uid, self.account.pw_gid)
        server = super().start("Xvfb", "-displayfd", str(pass_fds[0]), "-auth", self.cookies, "-nolisten", "tcp", "-noreset", pass_fds=pass_fds)
        with open(f"/proc/{server.pid}/stat", encoding="ascii") as file:
            start = file.read().rpartition(")")[2].split()[19]
        mark = os.path.join(self.account.pw_dir, "hostler-session.mark")
        with open(mark, "w", encoding="ascii") as file:
            file.write(f"{server.pid} {start}\n")
        os.chown(mark, self.account.pw_uid, self.account.pw_gid)
        return server


def sign_out(desktop, how):
    if how == "killed":
        desktop.server.send_signal(signal.SIGKILL)
        desktop.server.wait()
    else:
        desktop.server.terminate()
        desktop.server.wait()


def remove_files_of(uid):
    """What an X server and a bus that were killed leave behind would be the next user's who gets this number."""
    for folder in ("/tmp", "/tmp/.X11-unix"):
        for entry in os.scandir(folder):
            if entry.stat(follow_symlinks=False).st_uid == uid:
                shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


desktop = None
try:
    make_user(USER)
    with House(FILES) as house:
        house.up()
        for how in ("signs out", "killed"):
            taken = []
            for _ in range(ROUNDS):
                desktop = Desktop(USER)
                house.wait(lambda: any(session["user"] == USER for session in house.json("devices")[0]["sessions"]), 20)
                good = waits(house, "unattended", "SessionExistsForTheUserWhenUnattended")
                reason = step(house, "unattended")["reason"]
                if len(taken) == 0:
                    tap.ok(good and f"the session of {USER} (" in reason["text"] and f"called x11:{desktop.display}:{desktop.server.pid}" in reason["text"]
                           and "Sign that user out" in reason["remedy"], "it waits for a user, a session in a state, and says what to do", reason)
                    why = house.hostler("why", "last:unattended/it").stdout
                    tap.ok(f"called x11:{desktop.display}:" in why and "Sign that user out" in why, "and so says `why`", why)
                sign_out(desktop, how)
                taken.append(seconds_until_it_starts(house, "unattended"))
                desktop.sign_out()
                desktop.end_rest()
                good = ended(house, "unattended")
                house.wait(lambda: not any(session["user"] == USER for session in house.json("devices")[0]["sessions"]), 20)
                if not good:
                    tap.ok(False, "it runs to its end", step(house, "unattended"))
            tell(taken, "somebody's X server is killed" if how == "killed" else "somebody signs out")

        # Somebody has their X server look as hostler's own: it is not taken for one, not used, and not ended.
        forged = Forged(USER)
        good = house.wait(lambda: any(session["id"].endswith(f":{forged.server.pid}") for session in house.json("devices")[0]["sessions"]), 20)
        shown = [session for session in house.json("devices")[0]["sessions"] if session["id"].endswith(f":{forged.server.pid}")]
        tap.ok(good and not shown[0]["ours"] and shown[0]["locked"] == "unknown" and not shown[0]["reason"], "a forged mark makes no session hostler's", shown)
        tap.ok(waits(house, "attended", "SessionFactUnknown"), "no run is attended there", step(house, "attended"))
        tap.ok(waits(house, "unattended", "SessionFactUnknown"), "and it is in the way like any of its user's", step(house, "unattended"))
        tap.ok(forged.server.poll() is None, "it is let be")
        forged.server.terminate()
        forged.server.wait()
        tap.ok(ended(house, "unattended"), "until its user ends it", step(house, "unattended"))
        house.hostler("cancel", "last:attended")

        # Another house of this machine has a session of the user: it is that one's alone.
        with House(FILES) as other:
            gate = other.path("gate")
            other.write("desktop-flows/brief/desktop-flow.ini", FILES["desktop-flows/brief/desktop-flow.ini"].replace("true", "sh $HOSTLER_PACKAGE/stay.sh"))
            other.write("desktop-flows/brief/stay.sh", f"until [ -e {gate} ]; do sleep 0.05; done\n")
            other.up()
            other.hostler("run", "unattended")
            good = other.wait(lambda: step(other, "unattended")["state"] == "running", 20)
            house.wait(lambda: any(session["user"] == USER for session in house.json("devices")[0]["sessions"]), 20)
            shown = [session for session in house.json("devices")[0]["sessions"] if session["user"] == USER]
            tap.ok(good and len(shown) == 1 and not shown[0]["ours"] and not shown[0]["reason"] and "another hostler" in shown[0]["doubt"],
                   "what another hostler opened is not ours, and not stuck", shown)
            tap.ok(waits(house, "unattended", "SessionFactUnknown"), "a run of its user waits for it", step(house, "unattended"))
            shown = [session for session in other.json("devices")[0]["sessions"] if session["user"] == USER]
            tap.ok(len(shown) == 1 and shown[0]["ours"] and shown[0]["running"], "which is at work in it", shown)
            open(gate, "w", encoding="utf-8").close()
            taken = [seconds_until_it_starts(house, "unattended") if ended(other, "unattended") else 99]
            tell(taken, "another hostler signs out")
            ended(house, "unattended")

        desktop, taken = Desktop(USER), []
        for _ in range(ROUNDS):
            locker = desktop.lock()
            house.wait(lambda: any(session["user"] == USER and session["locked"] == "yes" for session in house.json("devices")[0]["sessions"]), 20)
            waits(house, "attended", "AttendedUserSessionNotActive")
            desktop.unlock(locker)
            taken.append(seconds_until_it_starts(house, "attended"))
            ended(house, "attended")
        tell(taken, "somebody unlocks their screen")
finally:
    if desktop:
        desktop.sign_out()
        desktop.end_rest()
    remove_files_of(pwd.getpwnam(USER).pw_uid)
    remove_user(USER)
tap.end()
