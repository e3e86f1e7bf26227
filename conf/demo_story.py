"""What the demos have in common: how they tell their story, and that hostler's own accounts go again unless they were there before."""

import contextlib
import grp
import os
import pwd
import signal
import subprocess
import sys

ROLES = ("hostler-engine", "hostler-worker", "hostler-gateway")


def say(text):
    print(f"\n== {text}", flush=True)


def show(text):
    print("   " + text.strip("\n").replace("\n", "\n   "), flush=True)


def is_there(look, name):
    try:
        look(name)
    except KeyError:
        return False
    return True


@contextlib.contextmanager
def accounts_for_a_while():
    """As root hostler makes a user for each role, and a group. Being ended by a signal takes everything down as well."""
    made = [name for name in ROLES if os.geteuid() == 0 and not is_there(pwd.getpwnam, name)]
    had_group = is_there(grp.getgrnam, "hostler")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        for name in made:
            if is_there(pwd.getpwnam, name):
                subprocess.run(["userdel", "-r", name], capture_output=True, check=False)
        if os.geteuid() == 0 and not had_group:
            subprocess.run(["groupdel", "hostler"], capture_output=True, check=False)
