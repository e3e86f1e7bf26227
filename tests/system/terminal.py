"""A program on a terminal of its own, for what people type and nobody sees."""

import os
import pty
import select
import termios
import time

PATIENCE_S = 30


class Terminal:
    def __init__(self, line, environment=None):
        self.said = ""
        self.pid, self.near = pty.fork()
        if self.pid == 0:
            os.execve(line[0], line, os.environ if environment is None else environment)

    def until(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.said and time.monotonic() < end:
            if not select.select([self.near], [], [], 1)[0]:
                continue
            try:
                more = os.read(self.near, 4096)
            except OSError:
                break
            if not more:
                break
            self.said += more.decode(errors="replace")
        return text in self.said

    def unseen(self):
        """True as soon as the terminal does not show what is typed."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not termios.tcgetattr(self.near)[3] & termios.ECHO:
                return True
            time.sleep(0.01)
        return False

    def type(self, text):
        os.write(self.near, text.encode())

    def answer(self, question, text):
        """False: it was not asked, or the answer would have been shown."""
        if not self.until(question) or not self.unseen():
            return False
        self.type(text + "\n")
        return True

    def end(self):
        self.until("\0")
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.near)
        return status
