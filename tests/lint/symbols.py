#!/usr/bin/env python3
"""Every installed plugin exports one symbol, the descriptor with its name, and leaves no symbol of ours open; and no name
is defined twice in the library of the house, where the linker would silently take the first. Speaks TAP."""

import glob
import os
import subprocess
import sys

DIRECTORY = os.environ["HOSTLER_PLUGINS"]


def symbols(path, *options):
    said = subprocess.run(["nm", "-D", "--format=posix", *options, path], capture_output=True, text=True, check=True)
    return [line.split()[0].split("@")[0] for line in said.stdout.splitlines() if line.strip()]


def doubled():
    """Names that two objects of libhost.a, which lies in the working directory, define for all."""
    said = subprocess.run(["nm", "--format=posix", "--defined-only", "--extern-only", "libhost.a"], capture_output=True,
                          text=True, check=True)
    seen = {}
    where = ""
    for line in said.stdout.splitlines():
        if line.endswith(":"):
            where = line[:-1]
        elif line.strip():
            # Symbols of sanitizers and weak ones may be there more than once.
            name, kind = line.split()[:2]
            if kind not in "VvWwu" and not name.startswith("__"):
                seen.setdefault(name, []).append(where)
    return {name: places for name, places in seen.items() if len(places) > 1}


def main():
    paths = sorted(glob.glob(os.path.join(DIRECTORY, "*", "*")))
    if not paths:
        print("1..1\nnot ok 1 - there are plugins in $HOSTLER_PLUGINS")
        return 1
    print(f"1..{len(paths) + 1}")
    bad = bool(doubled())
    for name, places in doubled().items():
        print(f"# {name} is defined in {' and '.join(places)}")
    print(f"{'not ok' if bad else 'ok'} 1 - every name is defined once")
    for number, path in enumerate(paths, 2):
        shown = os.path.relpath(path, DIRECTORY)
        remarks = []
        if not path.endswith(".so"):
            remarks.append("is no plugin and has no place here")
        else:
            expected = "hst_plugin_" + os.path.basename(path)[: -len(".so")].replace("-", "_")
            exported = symbols(path, "--defined-only")
            if exported != [expected]:
                remarks.append(f"exports {' '.join(exported) or 'nothing'}, expected {expected} alone")
            remarks += [f"leaves {name} open" for name in symbols(path, "--undefined-only") if name.startswith("hst_")]
        for remark in remarks:
            print(f"# {shown} {remark}")
        print(f"{'not ok' if remarks else 'ok'} {number} - {shown}")
        bad = bad or bool(remarks)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
