#!/usr/bin/env python3
"""Who may include whom: the table of docs/map.md, held against every #include of the tree. Speaks TAP."""

import os
import re
import sys

TOP = os.environ.get("SRCDIR", ".")

# Each room of host/ and what it may use besides itself and the SDK. An entry is a room, or one header of a room.
ROOMS = {
    "base": [],
    "os": ["base"],
    "schema": ["base"],
    "config": ["base", "os", "schema"],
    "plugin": ["base", "os", "schema"],
    "loop": ["base", "os"],
    "store": ["base", "os", "schema"],
    "wire": ["base", "os", "schema", "loop", "seal"],
    "seal": ["base", "os", "schema"],
    "pure/flow": ["base", "schema"],
    "pure/queue": ["base", "schema"],
    "pure/admission": ["base", "schema", "pure/queue/reasons.h"],
    "pure/alerts": ["base", "schema"],
    "pure/core": ["base", "schema", "pure/flow", "pure/queue"],
    "desktop": ["base", "os", "schema", "config", "loop", "seal"],
    "person": ["base", "os", "schema", "loop"],
    "policy": ["base", "schema", "config", "plugin", "definitions", "desktop/package.h", "pure/flow", "pure/queue", "pure/core", "pure/admission"],
    "definitions": ["base", "os", "schema", "config", "plugin", "desktop", "seal", "pure/flow", "pure/alerts/conditions.h"],
}
BELOW_ROLES = sorted(ROOMS)
ROLES = {role: BELOW_ROLES for role in ("engine", "worker", "gateway", "session", "cli")}
# The supervisor parents and does nothing else: no ZeroMQ, no JSON, no plugins.
ROLES["supervise"] = ["base", "os", "loop", "config", "wire/invitation.h", "wire/keys.h", "wire/messages.h", "seal", "schema/problems.h",
                      "schema/manifest.h", "schema/rights.h"]
ROOMS.update(ROLES)

# One tiny main() per program; each belongs to one role.
MAINS = {
    "hostler.c": "cli",
    "hostlerd.c": "supervise",
    "hostler-engine.c": "engine",
    "hostler-event.c": "desktop",
    "hostler-gateway.c": "gateway",
    "hostler-notice.c": "person",
    "hostler-session.c": "session",
    "hostler-worker.c": "worker",
}

# Libraries that one room hides from all others.
HIDDEN = {
    "ini.h": ["config"],
    "json-c/": ["schema"],
    "json.h": ["schema"],
    "sqlite3.h": ["store"],
    "systemd/": ["person/popup.c"],
    "ltdl.h": ["plugin/load.c"],
    "dlfcn.h": ["plugin/load.c"],
    "zmq.h": ["wire", "loop/zmq.c", "loop/zmq.h", "engine", "worker", "gateway", "cli"],
    "spawn.h": ["os"],
}

# What has no place in pure rooms: clocks, sockets, threads, files, randomness.
IMPURE = re.compile(r"^(time|unistd|fcntl|poll|pthread|signal|spawn|errno|sqlite3|zmq|sodium|sys/.*|netinet/.*)(\.h|/.*)?$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(folder):
    for directory, folders, names in sorted(os.walk(os.path.join(TOP, folder))):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(directory, name), TOP)


def includes(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1) == '"', found.group(2)


def matches(entries, path):
    return any(path == entry or path.startswith(entry.rstrip("/") + "/") for entry in entries)


def room_of(inside):
    """The room of a path below host/, or None."""
    known = [room for room in ROOMS if inside.startswith(room + "/")]
    return max(known, key=len) if known else None


def check_host(path, wrong):
    inside = path[len("host/"):]
    if inside.startswith("main/"):
        role = MAINS.get(inside[len("main/"):])
        if role is None:
            wrong.append(f"{path}:1: a program that the table of this lint does not know")
            return
        allowed, room = ROOMS[role] + [role], role
    else:
        room = room_of(inside)
        if room is None:
            wrong.append(f"{path}:1: a folder that the table of this lint does not know")
            return
        allowed = ROOMS[room] + [room]
    for number, ours, name in includes(path):
        if ours and not matches(allowed, name):
            wrong.append(f"{path}:{number}: {room} may not use {name}")
        if not ours:
            for library, homes in HIDDEN.items():
                if (name == library or (library.endswith("/") and name.startswith(library))) and not (
                        matches(homes, inside) or (inside.startswith("main/") and room in homes)):
                    wrong.append(f"{path}:{number}: <{name}> belongs to {', '.join(homes)}")
            if room.startswith("pure/") and IMPURE.match(name):
                wrong.append(f"{path}:{number}: a pure room has no use for <{name}>")


def check_sdk(path, wrong):
    for number, ours, name in includes(path):
        if ours or ("/" in name and not name.startswith(("hostler/", "sys/"))):
            wrong.append(f"{path}:{number}: the SDK includes nothing but itself and the C library, not {name}")


def check_plugin(path, wrong):
    """Beside the SDK its own folder, and those above it up to the one of its kind, where what several plugins share stands. What their
    programs that may be taken over have in common stands beside the kinds."""
    folder = os.path.dirname(path)
    kind = "/".join(path.split("/")[:2])
    for number, ours, name in includes(path):
        target = os.path.normpath(os.path.join(folder, name))
        above = folder == os.path.dirname(target) or folder.startswith(os.path.dirname(target) + "/")
        allowed = above and target.startswith(kind + "/") or target.startswith("plugins/confined/")
        if ours and not (allowed and os.path.exists(os.path.join(TOP, target))):
            wrong.append(f"{path}:{number}: a plugin includes <hostler/…> and files of its own folder or one above it, not {name}")


def main():
    checks = [("host", check_host), ("sdk/include", check_sdk), ("plugins", check_plugin)]
    print(f"1..{len(checks)}")
    bad = False
    for number, (folder, check) in enumerate(checks, 1):
        wrong = []
        for path in sources(folder):
            check(path, wrong)
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} {number} - {folder}/ keeps to its layers")
        bad = bad or bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
