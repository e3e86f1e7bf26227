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
PAGES = ["hostler.1", "hostler-event.1", "hostler-worker.1", "hostler.ini.5", "hostler-flow.5", "hostler-desktop-flow.5",
         "hostlerd.8", "hostler-engine.8", "hostler-gateway.8", "hostler-session.8"]
FLOW_KEY = re.compile(r'\{"(flow|step)", "([\w.]+)",(?:[^{}]*)FLOW_KEY_(\w+)\}')
PACKAGE_KEYS = re.compile(r"struct package_key (\w+)_keys\[\] = \{(.*?)\{NULL", re.DOTALL)
# How hostlerd starts the others; what people never type is on no page.
UNTOLD = {"hostler-worker": {"--instance", "-c", "--number"}}
KEY = re.compile(r'^\t(?:\{"(\w+)", "([\w.]+)", CONF_|PLUGIN_OF\("(\w+)"\))', re.MULTILINE)


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
        expected.append(f"[{section or kind}] {key or 'plugin'}" + ("NAME" if key.endswith(".") else ""))
    page = sections(text_of("man/hostler.ini.5"), "SH")["SECTIONS"]
    written = [f"{re.sub(' NAME', '', head)} {tag.split(' ')[0]}" for head, body in sections(page, "SS").items()
               for tag in tags(body)]
    if not expected:
        return ["host/config/conf_keys.c: no key was found"]
    return [f"man/hostler.ini.5: {said}" for said in differences(expected, written)]


def written_keys(name):
    return [f"{head.split(' ')[0]} {tag.split(' ')[0]}".replace("[", "").replace("]", "")
            for head, body in sections(sections(text_of("man/" + name), "SH")["SECTIONS"], "SS").items() for tag in tags(body)]


def check_flow_keys():
    """Keys of this version; one that ends with a dot is the front of a name."""
    rows = FLOW_KEY.findall(text_of("host/pure/flow/keys.c"))
    expected = [f"{section} {key}" + ("NAME" if key.endswith(".") else "") for section, key, kind in rows if kind != "LATER"]
    tables = PACKAGE_KEYS.findall(text_of("host/desktop/package.c"))
    package = [f"{'desktop-flow' if table == 'flow' else table} {key}" for table, rows in tables
               for key in re.findall(r'\{"(\w+)"', rows)]
    if len(expected) < 10 or len(package) < 10:
        return ["host/pure/flow/keys.c, host/desktop/package.c: the keys were not found"]
    return [f"man/hostler-flow.5: {said}" for said in differences(expected, written_keys("hostler-flow.5"))] + \
           [f"man/hostler-desktop-flow.5: {said}" for said in differences(package, written_keys("hostler-desktop-flow.5"))]


def words_of(text):
    """Options, and words in front of arguments, that a usage or a synopsis has."""
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def check_usage():
    wrong = []
    for page in PAGES:
        program, chapter = page.rsplit(".", 1)
        if chapter == "5" or program == "hostler":
            continue
        done = subprocess.run([os.path.join(PROGRAMS, program), "--help"], capture_output=True, text=True, timeout=30)
        said = words_of("\n".join(line for line in (done.stdout + done.stderr).splitlines() if program in line))
        synopsis = plain_block(sections(text_of("man/" + page), "SH")["SYNOPSIS"])
        wrong += [f"man/{page}: the synopsis {what}" for what in
                  differences(sorted(said - UNTOLD.get(program, set())), sorted(words_of(synopsis)))]
    return wrong


def plain_block(body):
    return " ".join(plain(line) for line in body.splitlines())


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


def check_form_elsewhere():
    if not shutil.which("mandoc"):
        return None
    pages = [os.path.join(TOP, "man", page) for page in PAGES]
    return subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True, timeout=60).stdout.splitlines()


CHECKS = [
    ("hostler(1) has the commands and options of this version", check_commands),
    ("hostler.ini(5) has every key", check_keys),
    ("flow(5) and desktop-flow(5) have every key", check_flow_keys),
    ("what a program's --help has is in its synopsis", check_usage),
    ("every page is well-formed", check_form),
    ("every page is well-formed where mandoc shows it", check_form_elsewhere),
]


def main():
    print(f"1..{len(CHECKS)}")
    bad = False
    for number, (text, check) in enumerate(CHECKS, 1):
        wrong = check()
        for line in wrong or []:
            print(f"# {line}")
        skipped = " # SKIP the program that would say so is not installed" if wrong is None else ""
        print(f"{'not ok' if wrong else 'ok'} {number} - {text}{skipped}")
        bad = bad or bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
