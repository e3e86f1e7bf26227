#!/usr/bin/env python3
"""What an integrator gets: the template is built with nothing but what is installed, and works in a house. `make
installcheck` runs this, too, on the directories of the real installation."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, House, Tap

tap = Tap()

PKG_CONFIG = os.environ.get("HOSTLER_PKGCONFIG") or os.path.join(PROGRAMS, "../lib/pkgconfig")
ENVIRONMENT = {**{name: os.environ[name] for name in ("PATH", "CC", "LANG", "ASAN_OPTIONS") if name in os.environ},
               "PKG_CONFIG_PATH": os.path.realpath(PKG_CONFIG)}


def run(*words, cwd=None):
    return subprocess.run(words, cwd=cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def of_package(*words):
    return run("pkg-config", *words, "hostler").stdout.strip()


def check_headers():
    """C++ has no _Generic, so tables of fields are C's; but a program in C++ may read every header."""
    folder = of_package("--cflags").replace("-I", "")
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(folder, "hostler/*.h")))
    tap.ok(len(names) >= 10, "the headers are where pkg-config says", of_package("--cflags"))
    for compiler, *flags in (("gcc", "-std=c11", "-x", "c"), ("g++", "-std=c++17", "-x", "c++")):
        if not shutil.which(compiler):
            tap.skip(f"each header compiles alone with {compiler}", f"there is no {compiler}")
            continue
        wrong = []
        for name in names:
            done = subprocess.run([compiler, *flags, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{folder}", "-"],
                                  input=f"#include <hostler/{name}>\n#include <hostler/{name}>\n", capture_output=True,
                                  text=True, timeout=60)
            if done.returncode:
                wrong.append(done.stderr)
        tap.ok(not wrong, f"each header compiles alone with {compiler}", *wrong)


KINDS = ("trigger", "connector", "balancer", "strategy", "driver")


def hostler(*words, cwd=None):
    return run(os.path.join(PROGRAMS, "hostler"), *words, cwd=cwd)


def check_new(folder):
    """A plugin of each kind is begun, built and tested with what is installed alone."""
    for kind in KINDS:
        name = f"my-{kind}"
        done = hostler("plugin", "new", f"{kind}/{name}", cwd=folder)
        built = run("make", "-s", "HOSTLER_CFLAGS=-Werror " + of_package("--cflags"), cwd=os.path.join(folder, name))
        tap.ok(done.returncode == 0 and built.returncode == 0, f"a {kind} of one's own is begun and built", done.stderr, built.stderr)
        test = ["--input", "say.text=hello"] if kind == "connector" else []
        done = hostler("--json", "plugin", "test", os.path.join(folder, name, name + ".so"), *test)
        cases = json.loads(done.stdout)
        skipped = [case["case"] for case in cases if case["outcome"] == "skipped"]
        tap.ok(done.returncode == 0 and len(cases) >= 6 and len(skipped) <= 2, "and keeps the contract", done.stdout, done.stderr)
    done = hostler("plugin", "new", "trigger/my-trigger", cwd=folder)
    tap.ok(done.returncode == 2 and "exists" in done.stderr, "nothing is written over", done.stderr)
    done = hostler("plugin", "doc", "my-connector/my-connector.so", cwd=folder)
    tap.ok(done.returncode == 0 and "Says a text loudly" in done.stdout, "it is documented", done.stdout, done.stderr)


# What is broken in the source of a plugin, and what the test of it says then.
BREAKS = [
    ("trigger", "tick->number++;", "abort();", "crashed"),
    ("trigger", "\tif (code != HST_OK)\n\t\treturn code;\n", "", "refused"),
    ("trigger", '"%lld", (long long)tick->next.us', '"%lld", (long long)random()', "another key"),
    ("connector", "*ret_state = (void *)config;", "*ret_state = (void *)config; dup(0);", "descriptors"),
    ("connector", '.doc = "what is said"', '.doc = "what is said."', 'input "text" needs a .doc'),
    ("balancer", "*ret_index = best;", "static size_t last; *ret_index = last++ % n;", "asked twice"),
    ("balancer", "*ret_index = best;", "*ret_index = n;", "choose"),
    ("strategy", 'sessions[i].running && strcmp(sessions[i].key, demand->key) == 0', "0", "R9"),
    ("driver", "if (!account)", "if (!account) account = getpwuid(0); if (!account)", "HST_NOT_FOUND"),
    ("driver", "if (!my_driver->session[0] ||", "if (0 &&", "not there"),
]


def check_broken(folder):
    for kind, good, bad, says in BREAKS:
        name = f"my-{kind}"
        place = os.path.join(folder, "broken")
        shutil.copytree(os.path.join(folder, name), place)
        source = os.path.join(place, name + ".c")
        with open(source, encoding="utf-8") as file:
            text = file.read()
        good, bad = good.replace("tick", "my_trigger"), bad.replace("tick", "my_trigger")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <stdlib.h>\n#include <unistd.h>\n" + text.replace(good, bad, 1))
        built = run("make", "-s", "-B", cwd=place)
        done = hostler("plugin", "test", os.path.join(place, name + ".so"))
        tap.ok(good in text and built.returncode == 0 and done.returncode == 1 and says in done.stdout,
               f"a {kind} that breaks the contract fails: {says}", built.stderr, done.stdout, done.stderr)
        shutil.rmtree(place)


def check_page(folder):
    """The sources of docs/writing-a-plugin.md are built and tested as it says."""
    with open(os.path.join(SOURCE, "docs/writing-a-plugin.md"), encoding="utf-8") as page:
        blocks = re.findall(r"^```c\n(/\* (\w+)\.c: .*?)^```$", page.read(), re.MULTILINE | re.DOTALL)
    given = {"drop": ["--option", f"folder={folder}"], "lines": ["--input", f"count.file={folder}/Makefile"]}
    for text, name in blocks:
        kind = "trigger" if "HST_TRIGGER" in text else "connector"
        hostler("plugin", "new", f"{kind}/{name}", cwd=folder)
        with open(os.path.join(folder, name, name + ".c"), "w", encoding="utf-8") as file:
            file.write(text)
        built = run("make", "-s", "HOSTLER_CFLAGS=-Werror " + of_package("--cflags"), cwd=os.path.join(folder, name))
        done = hostler("--json", "plugin", "test", os.path.join(folder, name, name + ".so"), *given[name])
        skipped = [case["case"] for case in json.loads(done.stdout) if case["outcome"] == "skipped"]
        tap.ok(built.returncode == 0 and done.returncode == 0 and len(skipped) <= 1,
               f"the {name} of the page about writing plugins keeps the contract", built.stderr, done.stdout, done.stderr)
    tap.same(len(blocks), 2, "the page has a trigger and a connector")


def check_in_a_house(folder):
    with House({
        "hostler.ini": """[host]
state_dir = state
run_dir = run
listen = none
plugins = plugins
flows = flows/*.ini

[trigger pulse]
plugin = tick
every = 1s
word = installed

[connector files]
plugin = file
root = .
""",
        "flows/read.ini": """[flow]
name = read
on = pulse

[step read]
use = connector:files.read
input.file = ${trigger.word}.txt
""",
        "installed.txt": "read",
    }) as house:
        os.mkdir(house.path("plugins"))
        done = run("make", "-s", "install", "PLUGIN_DIRECTORY=" + house.path("plugins"), cwd=folder)
        tap.same(done.returncode, 0, "it is installed")
        done = house.hostler("check")
        tap.ok(done.returncode == 0, "a configuration may name it", done.stdout, done.stderr)
        house.online = lambda: house.hostler("triggers").returncode == 0
        house.write("plugins/trigger/broken.so", "no plugin")
        house.up()
        rows = {row["name"]: row for row in house.json("plugins")}
        tap.ok(rows["tick"]["state"] == "ready" and all(row["summary"] for name, row in rows.items() if name != "broken") and
               rows["broken"]["state"] == "faulty" and "cannot be loaded" in rows["broken"]["why"],
               "plugins are listed with what they say, used or not", rows)
        tap.ok(house.wait(lambda: any(run["state"] == "succeeded" for run in house.json("runs")), 30),
               "its events start runs, and carry what it put into them", house.hostler("runs", "-n", "3").stdout, house.said())


def main():
    os.umask(0o022)
    check_headers()
    folder = tempfile.mkdtemp(prefix="hostler-template-", dir="/var/tmp")
    try:
        os.chmod(folder, 0o755)
        for path in glob.glob(os.path.join(of_package("--variable=templatedir"), "*")):
            shutil.copy(path, folder)
        done = run("make", "-s", cwd=folder)
        tap.ok(done.returncode == 0 and not done.stderr, "the template builds with what is installed", done.stdout,
               done.stderr)
        done = run(os.path.join(PROGRAMS, "hostler-worker"), "describe", os.path.join(folder, "tick.so"))
        tap.ok(done.returncode == 0 and json.loads(done.stdout).get("name") == "tick", "it says what it is", done.stdout,
               done.stderr)
        check_in_a_house(folder)
        check_new(folder)
        check_broken(folder)
        check_page(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tap.end()


main()
