#!/usr/bin/env python3
"""The manual pages say what the tables of the programs say: commands and options, keys of the configuration. Speaks TAP."""

import json
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("SRCDIR", ".")
PROGRAMS = os.environ["HOSTLER_PROGRAMS"]
PAGES = ["hostler.1", "hostler-event.1", "hostler-worker.1", "hostler.ini.5", "hostlerd.8"]
KEY = re.compile(r'^\t(?:\{"(\w+)", "(\w+)", CONF_|PLUGIN_OF\("(\w+)"\))', re.MULTILINE)


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return source.read()


def plain(line):
    """A line of a page without its macros and escapes."""
    line = re.sub(r"^\.[A-Z]{1,2} ", "", line).replace("\\-", "-")
    return re.sub(r"\\f[BIR]", "", line).replace('"', "").strip()


def sections(page, macro):
    """What stands below each heading of that macro."""
    parts = re.split(r"^\.%s (.*)\n" % macro, page, flags=re.MULTILINE)
    return {plain(head): body for head, body in zip(parts[1::2], parts[2::2])}


def tags(body):
    """The lines behind .TP: what a list of definitions defines."""
    return [plain(line) for line in re.findall(r"^\.TP\n(.*)$", body, re.MULTILINE)]


def check_commands():
    table = json.loads(subprocess.run([os.path.join(PROGRAMS, "hostler"), "--help", "--json"], check=True,
                                      capture_output=True, text=True, timeout=30).stdout)
    expected = []
    for command in (row for row in table if row["since"]):
        expected.append(f"{command['name']} {command['arguments']}".strip())
        for option in (row for row in command["options"] if row["since"]):
            letter = f"-{option['letter']}, " if option["letter"] else ""
            expected.append(f"{letter}--{option['name']} {option['value'] or ''}".strip())
    written = [re.sub(r"\s+", " ", tag) for tag in tags(sections(text_of("man/hostler.1"), "SH")["COMMANDS"])]
    return [f"man/hostler.1: {said}" for said in differences(expected, written)]


def check_keys():
    expected = []
    for section, key, kind in KEY.findall(text_of("host/config/conf_keys.c")):
        expected.append(f"[{section or kind}] {key or 'plugin'}")
    page = sections(text_of("man/hostler.ini.5"), "SH")["SECTIONS"]
    written = [f"{re.sub(' NAME', '', head)} {tag.split(' ')[0]}" for head, body in sections(page, "SS").items()
               for tag in tags(body)]
    if not expected:
        return ["host/config/conf_keys.c: no key was found"]
    return [f"man/hostler.ini.5: {said}" for said in differences(expected, written)]


def differences(expected, written):
    return [f"lacks {said}" for said in expected if said not in written] + \
           [f"speaks of {said}, which is not there" for said in written if said not in expected]


def check_form():
    if not shutil.which("groff"):
        return None
    wrong = []
    for page in PAGES:
        said = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", os.path.join(TOP, "man", page)],
                              capture_output=True, text=True, timeout=60)
        wrong += said.stderr.splitlines()
    return wrong


CHECKS = [
    ("hostler(1) has the commands and options of this version", check_commands),
    ("hostler.ini(5) has every key", check_keys),
    ("every page is well-formed", check_form),
]


def main():
    print(f"1..{len(CHECKS)}")
    bad = False
    for number, (text, check) in enumerate(CHECKS, 1):
        wrong = check()
        for line in wrong or []:
            print(f"# {line}")
        skipped = " # SKIP groff is not installed" if wrong is None else ""
        print(f"{'not ok' if wrong else 'ok'} {number} - {text}{skipped}")
        bad = bad or bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
