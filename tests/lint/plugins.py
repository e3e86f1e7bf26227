#!/usr/bin/env python3
"""docs/plugins.md says of every plugin what its own tables say. `plugins.py --print` prints the page. Speaks TAP."""

import json
import os
import subprocess
import sys

SOURCE = os.environ.get("SRCDIR", ".")
PROGRAMS = os.environ["HOSTLER_PROGRAMS"]
PLUGINS = os.environ.get("HOSTLER_PLUGINS") or os.path.join(os.path.dirname(PROGRAMS), "lib/hostler/plugins")

HEAD = """# The plugins that come with hostler

An instance is one section of the configuration: `[connector orders]` with `plugin = file`. Its options are the other
keys of the section. A strategy, balancer or driver that needs no options can be named by its plugin alone
(`driver = x11`). What is declared `TYPE required` must be given; the rest has the default shown, or none.

The button's inputs are options `input.NAME = TYPE [required] [default VALUE]`, for example
`input.size = choice small, large default large`. The connector `exec` runs a program by the protocol of
[desktop flows](desktop-flows.md): its option `program` names a manifest in the form of `desktop-flow.ini`, which also
declares the inputs and outputs of its one action `run`; the steps of a flow say `use = connector:NAME.run`. What the trigger `schedule` means by its times is in
[schedules.md](schedules.md).
"""


def manifests():
    for kind in ("trigger", "connector", "balancer", "strategy", "driver"):
        folder = os.path.join(PLUGINS, kind)
        for name in sorted(os.listdir(folder)):
            if name.endswith(".so"):
                done = subprocess.run([os.path.join(PROGRAMS, "hostler-worker"), "describe", os.path.join(folder, name)],
                                      capture_output=True, text=True, check=True)
                yield kind, json.loads(done.stdout)


def table(title, fields):
    if not fields:
        return ""
    lines = [f"\n{title}\n", "| name | type | default | meaning |", "|---|---|---|---|"]
    for field in fields:
        kind = field["type"] + (" required" if field.get("required") else "")
        if field.get("choices"):
            kind += ": " + ", ".join(field["choices"])
        default = f"`{field['default']}`" if field.get("default") else ""
        lines.append(f"| `{field['name']}` | {kind} | {default} | {field.get('doc') or ''} |")
    return "\n".join(lines) + "\n"


def page():
    text = HEAD
    for kind, manifest in manifests():
        text += f"\n## {kind}/{manifest['name']}\n\n{manifest['summary']}.\n"
        text += table("Options:", manifest.get("options"))
        for action in manifest.get("actions") or []:
            text += f"\n### {action['name']}\n\n{action['summary']}.\n"
            text += table("Inputs:", action.get("inputs")) + table("Outputs:", action.get("outputs"))
    return text


if sys.argv[1:] == ["--print"]:
    print(page(), end="")
    sys.exit(0)
with open(os.path.join(SOURCE, "docs/plugins.md"), encoding="utf-8") as file:
    same = file.read() == page()
print("ok" if same else "not ok", "1 - docs/plugins.md equals the plugins' tables")
if not same:
    print("# print it anew: HOSTLER_PROGRAMS=… tests/lint/plugins.py --print > docs/plugins.md")
print("1..1")
sys.exit(0 if same else 1)
