#!/usr/bin/env python3
"""docs/plugins/ says of every plugin what its own tables say, and docs/plugins.md lists them all. Speaks TAP.

`plugins.py --write` writes the pages anew; HOSTLER_PROGRAMS is the directory of the installed programs."""

import glob
import json
import os
import subprocess
import sys

SOURCE = os.environ.get("SRCDIR", ".")
PROGRAMS = os.environ["HOSTLER_PROGRAMS"]
PLUGINS = os.environ.get("HOSTLER_PLUGINS") or os.path.join(os.path.dirname(PROGRAMS), "lib/hostler/plugins")
FOLDER = os.path.join(SOURCE, "docs/plugins")
INDEX = os.path.join(SOURCE, "docs/plugins.md")

HEAD = """# The plugins that come with hostler

An instance is one section of the configuration: `[connector orders]` with `plugin = file`. Its options are the other
keys of the section. A strategy, balancer or driver that needs no options can be named by its plugin alone
(`driver = x11`). What is declared *required* must be given; the rest has the default shown, or none.

`hostler plugin doc KIND/NAME` says the same on the terminal, also of plugins of your own. `hostler-worker try` tries one
without a host; [writing-a-plugin.md](writing-a-plugin.md) is about making one.

| plugin | what it does |
|---|---|
"""


def doc(path, *options):
    environment = {**os.environ, "HOSTLER_CONF": "", "HOME": "/nonexistent"}
    done = subprocess.run([os.path.join(PROGRAMS, "hostler"), "plugin", "doc", path, *options], env=environment, cwd="/",
                          capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def pages():
    """Path and text of every page there should be."""
    made = {}
    index = HEAD
    for kind in ("trigger", "connector", "balancer", "strategy", "driver"):
        for path in sorted(glob.glob(os.path.join(PLUGINS, kind, "*.so"))):
            path = os.path.abspath(path)
            name = f"{kind}-{os.path.basename(path)[:-3]}.md"
            made[os.path.join(FOLDER, name)] = doc(path, "--markdown")
            manifest = json.loads(doc(path, "--json"))
            index += f"| [{kind}/{manifest['name']}](plugins/{name}) | {manifest['summary']} |\n"
    return {INDEX: index, **made}


def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def main():
    wanted = pages()
    there = glob.glob(os.path.join(FOLDER, "*"))
    if sys.argv[1:] == ["--write"]:
        for path in set(there) - set(wanted):
            os.remove(path)
        os.makedirs(FOLDER, exist_ok=True)
        for path, text in wanted.items():
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return 0
    wrong = [path for path, text in wanted.items() if text_of(path) != text] + sorted(set(there) - set(wanted))
    for path in wrong:
        print(f"# {os.path.relpath(path, SOURCE)} is not what the plugin says")
    if wrong:
        print("# write the pages anew: HOSTLER_PROGRAMS=… tests/lint/plugins.py --write")
    print("not ok" if wrong else "ok", "1 - docs/plugins.md and docs/plugins/ are what the plugins' tables say")
    print("1..1")
    return 1 if wrong else 0


sys.exit(main())
