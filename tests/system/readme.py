#!/usr/bin/env python3
"""The first flow of README, pasted block by block by somebody whose home is empty."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, SOURCE, Tap

tap = Tap()
if not shutil.which("Xvfb") or not shutil.which("openbox"):
    tap.skip("the first flow of README", "Xvfb or openbox is not installed")
    tap.end()


def blocks():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as readme:
        part = readme.read().partition("## Your first flow")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


class Reader:
    """A person with two terminals; root becomes somebody else, since README speaks to people who are not root."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="hostler-readme-", dir="/var/tmp")
        os.chmod(self.home, 0o755)
        self.user = None
        self.become = []
        if os.geteuid() == 0:
            self.user = "hst-reader"
            subprocess.run(["useradd", "--no-create-home", "--home-dir", self.home, "--user-group", self.user], check=True)
            self.become = ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups"]
            shutil.chown(self.home, self.user, self.user)
        self.environment = {"HOME": self.home, "PATH": PROGRAMS + ":/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
                            "XDG_RUNTIME_DIR": os.path.join(self.home, "run")}
        os.mkdir(self.environment["XDG_RUNTIME_DIR"], 0o700)
        if self.user:
            shutil.chown(self.environment["XDG_RUNTIME_DIR"], self.user, self.user)
        self.folder = self.home
        self.house, self.ready = None, False

    def paste(self, text):
        """In the folder where the terminal is; `hostler up` goes into the terminal of its own."""
        lines = text.splitlines()
        up = "hostler up" in lines
        script = "\n".join(line for line in lines if line != "hostler up")
        done = subprocess.run([*self.become, "sh", "-e", "-c", script + "\npwd"], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=90)
        if done.returncode == 0:
            self.folder = done.stdout.splitlines()[-1]
        if up:
            with open(os.path.join(self.home, "up.log"), "w", encoding="utf-8") as log:
                self.house = subprocess.Popen([*self.become, "hostler", "up"], cwd=self.folder, env=self.environment,
                                              stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
            self.ready = any("ready" in line for line in self.house.stdout)
        return done

    def log(self):
        """What the house said besides."""
        path = os.path.join(self.home, "up.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()


reader = Reader()
said = ""
try:
    for number, block in enumerate(blocks(), 1):
        done = reader.paste(block)
        said += done.stdout
        if not tap.ok(done.returncode == 0, f"block {number} does what it should: {block.splitlines()[0]}", done.stdout, done.stderr, reader.log()):
            break
    tap.ok(reader.house and reader.ready, "hostler up says ready")
    tap.ok("greeting = Hello, Ada" in said and "greeting = Good morning, Ada" in said, "the greetings came, before and after the change",
           said)
    tap.ok(reader.house and reader.house.wait(30) == 0, "and hostler down ended it all")
finally:
    if reader.house and reader.house.poll() is None:
        reader.house.terminate()
        reader.house.wait(60)
    if reader.user:
        subprocess.run(["userdel", reader.user], capture_output=True, check=False)
    shutil.rmtree(reader.home, ignore_errors=True)
tap.end()
