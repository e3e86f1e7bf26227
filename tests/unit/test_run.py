#!/usr/bin/env python3
"""What tests/run says of programs that fail: their reasons once more, just before the last line. Speaks TAP."""

import os
import subprocess
import sys
import tempfile

RUN = os.path.join(os.path.abspath(os.environ.get("SRCDIR", ".")), "tests/run")
count = failed = 0

BAD = """echo 'ok 1 - fine'
echo '# got 3'
echo 'not ok 2 - three is four'
echo '# bad.c:7: error: Failure!'
seq 300 | sed 's/^/# /'
echo 'ok 3 - more'
echo 1..3
"""
TRACE = """echo 'ok 1 - fine'
echo '# KeyError: it broke'
echo 'Traceback (most recent call last):'
seq 20
echo 'KeyError: it broke'
exit 1
"""


def say(good, name, *details):
    global count, failed
    count += 1
    failed += not good
    for detail in details if not good else ():
        for line in str(detail).splitlines():
            print("#", line)
    print("ok" if good else "not ok", count, "-", name)


def run(programs):
    """The lines that tests/run prints."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in programs.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + text)
            os.chmod(path, 0o755)
        done = subprocess.run([sys.executable, RUN, *programs], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.splitlines()


status, lines = run({"bad": BAD})
end = lines[-7:]
say(status == 1 and lines[-1] == "2 passed, 1 failed, 0 skipped", "a test that fails makes all fail", *end)
say("failed: bad: three is four" in end, "it is named at the end", *end)
say(["# got 3", "not ok 2 - three is four", "# bad.c:7: error: Failure!"] == [line.strip() for line in lines[-6:-3]],
    "with what was said of it before and after", *end)

status, lines = run({"trace": TRACE})
say(status == 1 and "failed: trace: ended with status 1" in lines, "a program that breaks off is named", *lines)
recalled = lines[lines.index("failed: trace: ended with status 1") + 1:-1]
say("KeyError" in recalled[-1] and "# KeyError: it broke" in recalled[0] and len(recalled) <= 10, "with its error, in a few lines", *recalled)

status, lines = run({"good": "echo 'ok 1 - fine'\necho 1..1\n"})
say(status == 0 and not [line for line in lines if line.startswith("failed:")], "what passes is not recalled", *lines)
print(f"1..{count}")
sys.exit(1 if failed else 0)
