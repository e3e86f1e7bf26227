#!/usr/bin/env python3
"""The units that are installed name the programs that are installed, and systemd can read them. Speaks TAP."""

import configparser
import os
import re
import shutil
import subprocess
import tempfile

TOP = os.environ.get("SRCDIR", ".")
PROGRAMS = os.environ["HOSTLER_PROGRAMS"]
LIB = os.path.join(os.path.dirname(PROGRAMS), "lib")
UNITS = {kind: os.path.join(LIB, "systemd", kind, "hostlerd.service") for kind in ("system", "user")}
count = 0


def say(good, name, *details):
    global count
    count += 1
    for detail in details if not good else ():
        for line in str(detail).splitlines():
            print("#", line)
    print("ok" if good else "not ok", count, "-", name)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def read(path):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(path, encoding="utf-8")
    return unit["Service"]


def verified(kind, path):
    """What systemd-analyze has against a copy whose programs lie where they are now."""
    with tempfile.TemporaryDirectory() as folder, open(path, encoding="utf-8") as text:
        copy = os.path.join(folder, "hostlerd.service")
        # The pages of the manual may not be installed here.
        lines = [line for line in text if not line.startswith("Documentation=")]
        with open(copy, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(Exec\w+=)\S*/", lambda found: found.group(1) + PROGRAMS + "/", "".join(lines)))
        done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", f"--{kind}", copy], capture_output=True, text=True)
    return [line for line in (done.stdout + done.stderr).splitlines() if "hostlerd.service" in line]


def main():
    for kind, path in UNITS.items():
        if not os.path.exists(path):
            say(False, f"the unit of the {kind} is installed", path)
            continue
        service = read(path)
        bindir = os.path.dirname(service["ExecStart"].split()[0])
        say(PROGRAMS.endswith(bindir) and "@" not in service["ExecStart"] + service["ExecReload"],
            f"the unit of the {kind} names the programs where they are installed", service["ExecStart"], PROGRAMS)
        configuration = service["ExecStart"].split()[-1]
        say(service["ExecReload"].split() == [bindir + "/hostler", "reload", "-c", configuration],
            f"and reads the same configuration again ({kind})", service["ExecReload"])
        if shutil.which("systemd-analyze"):
            wrong = verified(kind, path)
            say(not wrong, f"systemd can read the unit of the {kind}", "\n".join(wrong))
        else:
            skip(f"systemd can read the unit of the {kind}", "systemd-analyze is not installed")
    with open(os.path.join(LIB, "sysusers.d", "hostler.conf"), encoding="utf-8") as text:
        made = sorted(line.split()[1] for line in text if line[:2] == "u ")
    with open(os.path.join(TOP, "host/config/accounts.h"), encoding="utf-8") as text:
        wanted = sorted(re.findall(r'define ACCOUNT_(?!GROUP)\w+ "([\w-]+)"', text.read()))
    say(made == wanted, "the accounts for systemd-sysusers are those of the house", made, wanted)
    print(f"1..{count}")


main()
