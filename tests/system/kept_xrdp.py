#!/usr/bin/env python3
"""Runs on a terminal server as they go wrong: a second client takes the session of a flow over, the flow's user signs out, xrdp dies, the
session manager dies, hostler's own processes are killed. The session is held connected all the while by a client without a screen."""

import glob
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xrdp_house
from house import House, Tap, device_conf, make_user, remove_user
from keeper_house import KEEPER, fingerprint_of

xrdp_house.enter()
tap = Tap()
BOT, PERSON = "hostkeptbot", "hostkeptanna"
why_not = xrdp_house.missing() or (None if os.path.exists(KEEPER) else "hostler-rdp-keeper is not built")
if why_not:
    tap.skip("sessions that are held connected", why_not)
    tap.end()

for name in (BOT, PERSON):
    make_user(name)
_, xrdp = xrdp_house.begin(BOT, PERSON)

FILES = {
    "desktop-flows/stay/desktop-flow.ini": """[desktop-flow]
name = stay
version = 1
run = sh $HOSTLER_PACKAGE/stay.sh
screenshots = none

[output display]
type = text
""",
    "desktop-flows/stay/stay.sh": """hostler-event output display "$DISPLAY"
hostler-event progress Main Staying
until [ -e GATE ]; do sleep 0.1; done
""",
    "flows/stay.ini": "[flow]\nname = stay\n\n[step it]\nuse = desktop:stay\nconnection = bot\nmode = unattended\n",
}
MORE = f"""[connection bot]
target = device:here
user = {BOT}
password = secret:{BOT}

[driver held]
plugin = xrdp
keep = yes
certificate = {fingerprint_of("/run/cert.pem")}
"""
FILES["hostler.ini"] = device_conf(BOT, driver="held", strategy="server-rds", more=MORE)


def step(house):
    return house.json("show", "last:stay")["steps"][0]


def staying(house):
    house.hostler("run", "stay")
    tap.ok(house.wait(lambda: step(house)["progress"], 20), "a flow runs", step(house), house.said()[-2000:], xrdp_house.log())
    seen = []

    def named():
        seen[:] = [one["id"] for device in house.json("devices") for one in device["sessions"] if one["user"] == BOT]
        return len(seen) == 1 and seen[0].startswith("xrdp:")
    tap.ok(house.wait(named, 10), "in one session", seen)
    return seen[0].split(":")[1] if seen and ":" in seen[0] else "none"


def left():
    """What is there of the bot's: processes, sockets, a display, keepers."""
    found = subprocess.run(["pgrep", "-a", "-u", BOT], capture_output=True, text=True).stdout.splitlines()
    found += subprocess.run(["pgrep", "-a", "-f", "hostler-rdp-keeper"], capture_output=True, text=True).stdout.splitlines()
    uid = xrdp_house.pwd.getpwnam(BOT).pw_uid
    return found + [path for path in glob.glob(f"{xrdp_house.SOCKETS}/*") + glob.glob("/tmp/.X11-unix/*") if os.stat(path).st_uid == uid]


def ended(house, code, what):
    tap.ok(house.wait(lambda: step(house)["state"] in ("failed", "succeeded", "lost"), 20), f"{what}: the run ends", step(house), house.said()[-1500:])
    tap.same((step(house)["reason"] or {}).get("code"), code, f"{what}: {code}")
    tap.ok(house.wait(lambda: not left(), 20), f"{what}: nothing of it is left", *left(), house.said()[-1500:])
    let_be(what)


def let_go(house, thief, what):
    """The session is that person's from now on: a run of the user waits as for anybody's, and begins when they have signed out."""
    def seen():
        return [one for device in house.json("devices") for one in device["sessions"] if one["user"] == BOT]
    tap.ok(house.wait(lambda: len(seen()) == 1 and not seen()[0]["ours"] and not seen()[0]["reason"], 20), f"{what}: the session is a person's", seen())
    house.hostler("run", "stay")
    tap.ok(house.wait(lambda: (step(house)["reason"] or {}).get("code") == "SessionExistsForTheUserWhenUnattended", 20),
           f"{what}: the next run waits for them", step(house), house.said()[-1500:])
    tap.ok(not thief.gone() and thief.is_connected(), f"{what}: they are not thrown out", thief.evidence())
    tap.same(subprocess.run(["pgrep", "-f", "hostler-rdp-keeper"], capture_output=True, text=True).stdout, "", f"{what}: nobody of ours holds it")
    thief.sign_out()
    tap.ok(house.wait(lambda: step(house)["progress"], 20), f"{what}: they sign out, and it runs", step(house), house.said()[-1500:])


def let_be(what):
    tap.ok(not person.gone(), f"{what}: the session of a person was let be", person.evidence())


try:
    with House({path: text for path, text in FILES.items()}) as house:
        gate = house.path("gate")
        house.write("desktop-flows/stay/stay.sh", FILES["desktop-flows/stay/stay.sh"].replace("GATE", gate))
        house.up()
        xrdp_house.seal(house, BOT)
        person = xrdp_house.Session(PERSON)

        display = staying(house)
        tap.ok(xrdp_house.is_attached(display), "its session is connected")
        thief = xrdp_house.Session(BOT)
        tap.same(thief.display, display, "the user signs in by another client, and is given that session")
        thief.connect(wait_for_it=False)
        tap.ok(house.wait(lambda: step(house)["state"] == "failed", 20), "a second client: the run ends", step(house), house.said()[-1500:])
        tap.same(step(house)["reason"]["code"], "SessionTaken", "a second client: SessionTaken")
        let_go(house, thief, "a second client")

        subprocess.run(["pkill", "-TERM", "-u", BOT, "-x", "openbox"], check=False)
        ended(house, "SessionEnded", "signed out from inside")

        display = staying(house)
        xrdp.kill()
        xrdp.wait(20)
        subprocess.run(["pkill", "-KILL", "-x", "xrdp"], check=False)
        tap.ok(house.wait(lambda: not xrdp_house.is_attached(display), 10), "xrdp dies: the session is disconnected")
        tap.ok(house.wait(lambda: "goes on disconnected" in house.said(), 10), "which is said", house.said()[-1000:])
        open(gate, "w", encoding="utf-8").close()
        ended(house, None, "xrdp dies")
        os.remove(gate)
        xrdp_house.begin_xrdp()

        display = staying(house)
        sesman = xrdp_house.servers[0]
        sesman.kill()
        sesman.wait(20)
        xrdp_house.begin_sesman()
        tap.same(step(house)["state"], "running", "the session manager dies: the flow goes on")
        open(gate, "w", encoding="utf-8").close()
        ended(house, None, "the session manager dies")
        tap.same(step(house)["outputs"], {"display": f":{display}"}, "in its session")
        os.remove(gate)

        for what in ("hostler-session hold", "hostler-gateway", "hostler-session watch"):
            staying(house)
            mine = subprocess.run(["pgrep", "-f", f"^{what}.*{house.home}"], capture_output=True, text=True).stdout.split()
            for pid in mine:
                os.kill(int(pid), signal.SIGKILL)
            if what.endswith("hold"):
                tap.ok(house.wait(lambda: not left(), 30), f"{what} is killed: nothing is left of its session", *left(), house.said()[-1500:])
                house.hostler("resolve", "last:stay/it", "failed")
                let_be(f"{what} is killed")
                continue
            open(gate, "w", encoding="utf-8").close()
            tap.ok(house.wait(lambda: step(house)["state"] == "succeeded", 40), f"{what} is killed: the run ends well", step(house), house.said()[-1500:])
            tap.ok(house.wait(lambda: not left(), 20), f"{what} is killed: nothing is left of its session", *left(), house.said()[-1500:])
            let_be(f"{what} is killed")
            os.remove(gate)

        # One that is kept is taken between two runs.
        open(gate, "w", encoding="utf-8").close()
        house.write("hostler.ini", FILES["hostler.ini"].replace("strategy = server-rds", "strategy = keeping") +
                    "\n[strategy keeping]\nplugin = server-rds\nreuse_session = yes\n")
        tap.same(house.hostler("reload").returncode, 0, "sessions are to be kept")
        house.hostler("run", "stay")
        tap.ok(house.wait(lambda: any(one["kept"] for device in house.json("devices") for one in device["sessions"]), 20), "one is", house.json("devices"))
        os.remove(gate)
        thief = xrdp_house.Session(BOT)
        thief.connect(wait_for_it=False)
        let_go(house, thief, "a kept session is taken")
        open(gate, "w", encoding="utf-8").close()
        tap.ok(house.wait(lambda: step(house)["state"] == "succeeded", 20), "it ends well", step(house))

        tap.ok(os.path.exists(f"{xrdp_house.SOCKETS}/xrdp_display_{person.display}"), "the session of a person was let be all the while", person.evidence())
        person.sign_out()
finally:
    remove_user(BOT)
    remove_user(PERSON)
tap.end()
