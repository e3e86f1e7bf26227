#!/usr/bin/env python3
"""A desktop flow that is given secrets as a user of its own: it cannot change what it is, and neither can its gateway."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import House, Tap, connection_conf, device_conf, make_user, remove_user

tap = Tap()
missing = [program for program in ("Xvfb", "openbox", "dbus-daemon", "useradd") if not shutil.which(program)]
if os.geteuid() != 0 or missing:
    tap.skip("a signed desktop flow", "needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
    tap.end()

USER = "hstsign1"
PIN = "canary-58d1"
FILES = {
    "hostler.ini": device_conf(USER, strategy="mine", more="[strategy mine]\nplugin = server-rds\nreuse_session = yes\n\n" + connection_conf(USER)),
    "flows/enter.ini": "[flow]\nname = enter\n\n[step it]\nuse = desktop:enter\nconnection = me\nmode = unattended\ninput.pin = secret:pin\n",
    "desktop-flows/enter/desktop-flow.ini": "[desktop-flow]\nname = enter\nrun = bash $HOSTLER_PACKAGE/enter.sh\nscreenshots = none\n"
                                            "[input pin]\ntype = secret\n[output length]\ntype = integer\n[output own]\ntype = text\n"
                                            "[output where]\ntype = text\n",
    "desktop-flows/enter/enter.sh": """pin=$(hostler-event input pin)
own=no
touch "$HOSTLER_PACKAGE/more" && own=more
echo >>"$HOSTLER_PACKAGE/enter.sh" && own=changed
mv "$HOSTLER_PACKAGE" "$HOSTLER_PACKAGE.away" && own=moved
hostler-event output own "$own"
hostler-event output length ${#pin}
hostler-event output where "$HOSTLER_PACKAGE"
""",
}


def run(house):
    house.hostler("run", "enter", "--wait", time_out=60)
    return house.json("show", "last")["steps"][0]


make_user(USER)
try:
    with House(FILES) as house:
        house.hostler("init", "--yes")
        subprocess.run(house.command("hostler", "-c", house.ini, "seal", "pin"), env=house.environment(), cwd=house.home, input=PIN, capture_output=True,
                       text=True, timeout=60, check=True)
        tap.same(house.hostler("desktop", "push", "-y", "enter").returncode, 0, "a desktop flow is signed")
        house.up()
        digest = house.json("desktop", "list")[0]["digest"]
        copy = house.path(f"state/gateway/packages/{digest}/enter.sh")
        first, second = run(house), run(house)
        for step, what in ((first, "it"), (second, "the next run of its session")):
            tap.ok(step["state"] == "succeeded" and (step["outputs"]["length"], step["outputs"]["own"]) == (len(PIN), "no"),
                   f"{what} has its secret, and cannot write to its files", step, house.said()[-2000:])
        tap.ok(not first["outputs"]["where"].startswith(os.path.dirname(copy)), "which are not those that the gateway has", first["outputs"])
        tap.ok(os.stat(copy).st_uid != 0, "and may change", os.stat(copy))
        with open(copy, "a", encoding="utf-8") as file:
            file.write("true\n")
        tap.same(run(house)["state"], "succeeded", "what was copied before is not what a gateway has changed since")
        house.down()
        house.up()
        step = run(house)
        tap.ok(step["state"] == "failed" and step["reason"]["code"] == "PackageUnsigned" and f"gateway/packages/{digest}" in step["reason"]["text"],
               "what it has changed is not given anything", step)
finally:
    remove_user(USER)
tap.end()
