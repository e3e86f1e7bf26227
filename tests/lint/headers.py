#!/usr/bin/env python3
"""Every header compiles alone, without a warning. Speaks TAP."""

import concurrent.futures
import os
import subprocess
import sys

TOP = os.environ.get("SRCDIR", ".")
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only", "-x", "c"]
FOLDERS = {"sdk/include": ["-Isdk/include"], "host": ["-Isdk/include", "-Ihost"], "plugins": ["-Isdk/include"]}
# Libraries of plugins whose headers lie in folders of their own.
LIBRARIES = {"plugins": ["gmime-3.0"]}


def headers(folder):
    for directory, folders, names in sorted(os.walk(os.path.join(TOP, folder))):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".h"):
                yield os.path.relpath(os.path.join(directory, name), TOP)


def flags_of(libraries):
    return subprocess.run(["pkg-config", "--cflags", *libraries], capture_output=True, text=True, check=True).stdout.split() if libraries else []


def compile_alone(path, include):
    # A source that includes it twice also proves its guard.
    source = f'#include "{path}"\n#include "{path}"\n'
    compiler = os.environ.get("CC", "gcc").split()
    done = subprocess.run(compiler + FLAGS + include + ["-I.", "-"], input=source, text=True, cwd=TOP,
                          capture_output=True, timeout=60)
    return path, done.returncode, done.stderr


def main():
    wanted = [(path, include + flags_of(LIBRARIES.get(folder))) for folder, include in FOLDERS.items() for path in headers(folder)]
    print(f"1..{len(wanted)}")
    bad = False
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for number, (path, status, said) in enumerate(pool.map(lambda job: compile_alone(*job), wanted), 1):
            for line in said.splitlines():
                print(f"# {line}")
            print(f"{'not ok' if status else 'ok'} {number} - {path}")
            bad = bad or status != 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
