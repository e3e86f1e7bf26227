#!/usr/bin/env python3
"""Calls that have no place in this code, but where a table says why they do. Speaks TAP."""

import os
import re
import sys

TOP = os.environ.get("SRCDIR", ".")
FOLDERS = ["sdk", "host", "plugins"]

# The call, and the paths where it is allowed. A path that ends in '/' is a folder.
BANNED = {
    "strcpy": [],
    "strcat": [],
    "strncpy": [],
    "strncat": [],
    "sprintf": [],
    "vsprintf": [],
    "gets": [],
    "strtok": [],
    "atoi": [],
    "atol": [],
    "system": [],
    "popen": [],
    # Handlers are set by sigaction and read through the loop; ignoring one, or undoing that in a child, is another matter.
    "signal": ["host/os/harden.c", "plugins/driver/"],
    "alloca": [],
    "rand": [],
    "srand": [],
    "random": [],
    "drand48": [],
    "mktemp": [],
    "tmpnam": [],
    # A process with threads or a ZeroMQ context never forks. A driver's process has neither, and PAM acts on the caller.
    # Nor has `hostler-worker test` any, which tries each case in a child.
    "fork": ["plugins/driver/", "sdk/template/desk.c", "host/worker/prove.c"],
    "vfork": [],
    # Out of memory is decided in one place.
    "malloc": ["host/base/"],
    "calloc": ["host/base/"],
    "realloc": ["host/base/"],
    "strdup": ["host/base/"],
    "asprintf": ["host/base/"],
    # Clocks are reached through base/clock.h, so that a test can set them.
    "gettimeofday": [],
    "clock_gettime": ["host/base/clock.c"],
    "time": ["host/base/clock.c"],
}
# Plugins stand on the C library and the SDK alone: memory and clocks there are theirs.
PLUGINS_MAY = {"malloc", "calloc", "realloc", "strdup", "asprintf", "clock_gettime", "time"}

CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(match):
    return "\n" * match.group(0).count("\n") or " "


def allowed(name, path):
    if path.startswith("plugins/") and name in PLUGINS_MAY:
        return True
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in BANNED[name])


def main():
    wrong = {name: [] for name in BANNED}
    for folder in FOLDERS:
        for directory, folders, names in sorted(os.walk(os.path.join(TOP, folder))):
            folders.sort()
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(directory, name), TOP)
                with open(os.path.join(TOP, path), encoding="utf-8") as source:
                    code = NOISE.sub(blank, source.read())
                for found in CALL.finditer(code):
                    if not allowed(found.group(1), path):
                        wrong[found.group(1)].append(f"{path}:{code.count(chr(10), 0, found.start()) + 1}")
    print(f"1..{len(BANNED)}")
    for number, name in enumerate(BANNED, 1):
        for place in wrong[name]:
            print(f"# {place}: {name}()")
        print(f"{'not ok' if wrong[name] else 'ok'} {number} - {name} stays where it belongs")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
