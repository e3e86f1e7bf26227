#!/usr/bin/env python3
"""What an integrator gets: the template is built with nothing but what is installed, and works in a house. `make
installcheck` runs this, too, on the directories of the real installation."""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, House, Tap

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
        os.umask(0o022)
        shutil.copytree(of_package("--variable=plugindir"), house.path("plugins"))
        done = run("make", "-s", "install", "PLUGIN_DIRECTORY=" + house.path("plugins"), cwd=folder)
        tap.same(done.returncode, 0, "it is installed")
        done = house.hostler("check")
        tap.ok(done.returncode == 0, "a configuration may name it", done.stdout, done.stderr)
        house.online = lambda: house.hostler("triggers").returncode == 0
        house.up()
        tap.ok(house.wait(lambda: any(run["state"] == "succeeded" for run in house.json("runs")), 30),
               "its events start runs, and carry what it put into them", house.hostler("runs", "-n", "3").stdout, house.said())


def main():
    check_headers()
    folder = tempfile.mkdtemp(prefix="hostler-template-", dir="/var/tmp")
    try:
        for path in glob.glob(os.path.join(of_package("--variable=templatedir"), "*")):
            shutil.copy(path, folder)
        done = run("make", "-s", cwd=folder)
        tap.ok(done.returncode == 0 and not done.stderr, "the template builds with what is installed", done.stdout,
               done.stderr)
        done = run(os.path.join(PROGRAMS, "hostler-worker"), "describe", os.path.join(folder, "tick.so"))
        tap.ok(done.returncode == 0 and json.loads(done.stdout).get("name") == "tick", "it says what it is", done.stdout,
               done.stderr)
        check_in_a_house(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tap.end()


main()
