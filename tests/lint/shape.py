#!/usr/bin/env python3
"""The outer shape of the code: length of files, names of files, left-over marks, include guards. Speaks TAP."""

import os
import re
import sys

TOP = os.environ.get("SRCDIR", ".")
FOLDERS = ["sdk", "host", "plugins", "tests", "conf", "docs"]
CODE = (".c", ".h")
LINES_MAX = 500

FORBIDDEN_NAME = re.compile(r"(^|[._-])(utils?|common|misc|helpers?)([._-]|$)", re.IGNORECASE)
# Spelled apart, so that this file does not find itself.
MARKS = re.compile(r"\b(%s)\b" % "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]))
GUARD = re.compile(r"^#ifndef (\w+)\n#define \1\n", re.MULTILINE)


def files():
    for folder in FOLDERS:
        for directory, folders, names in sorted(os.walk(os.path.join(TOP, folder))):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                yield os.path.relpath(os.path.join(directory, name), TOP)


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as source:
        return source.read()


def check_names():
    return [f"{path}: says nothing about what is in it" for path in files()
            if any(FORBIDDEN_NAME.search(part) for part in path.split("/"))]


def check_length():
    wrong = []
    for path in files():
        if path.endswith(CODE):
            n = text_of(path).count("\n")
            if n > LINES_MAX:
                wrong.append(f"{path}: {n} lines; one idea has at most {LINES_MAX}")
    return wrong


def check_marks():
    return [f"{path}:{number}: a left-over mark" for path in files() if path.endswith(CODE + (".py", ".sh", ".am"))
            for number, line in enumerate(text_of(path).splitlines(), 1) if MARKS.search(line)]


def check_guards():
    wrong = []
    for path in files():
        if not path.endswith(".h") or path.startswith("tests/"):
            continue
        guard = GUARD.search(text_of(path))
        if not guard:
            wrong.append(f"{path}: no include guard")
        elif path.startswith("host/"):
            expected = re.sub(r"\W", "_", path).upper()
            if guard.group(1) != expected:
                wrong.append(f"{path}: guard {guard.group(1)}, expected {expected}")
    return wrong


def check_mains():
    """A program may be looked into until it says otherwise, so that is the first thing each one does."""
    wrong = []
    for path in files():
        if path.startswith("host/main/") and path.endswith(".c"):
            body = text_of(path).partition("\nint main(")[2].partition("\n{\n")[2]
            first = re.search(r"\b(\w+)\(", re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL))
            if not first or first.group(1) != "harden_undumpable":
                wrong.append(f"{path}: main does not begin with harden_undumpable()")
    return wrong


CHECKS = [
    ("file names say what is in them", check_names),
    (f"no source is longer than {LINES_MAX} lines", check_length),
    ("no left-over marks", check_marks),
    ("every main begins with harden_undumpable()", check_mains),
    ("every header has its guard", check_guards),
]


def main():
    print(f"1..{len(CHECKS)}")
    bad = False
    for number, (text, check) in enumerate(CHECKS, 1):
        wrong = check()
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} {number} - {text}")
        bad = bad or bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
