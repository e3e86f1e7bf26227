"""The desktop-flow protocol for Python: inputs in, progress and outputs out.

    import hostler

    values = hostler.inputs()
    hostler.progress("Main", "Open the ledger")
    hostler.checkpoint()
    hostler.output("confirmation", "A-17")

Numbers are decimal.Decimal or int and never pass through a float. Without hostler, for instance from a shell, events
are printed on standard error and the inputs are one JSON object on standard input.
"""

import decimal
import fcntl
import json
import os
import re
import struct
import sys
import termios
import time

EVENT_MAX = 4096  # longer lines would not be written to the FIFO in one piece
TEXT_MAX = 200  # characters of a progress text
STOPPED = 10  # the exit status that says: ended because it was asked to stop
READ_WITHIN = 10  # seconds hostler is waited for at a checkpoint
LOOK_EVERY = 0.02  # seconds between two looks at a file or FIFO that cannot be waited for

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
_events = None


def inputs():
    """All inputs of the flow by name, secret ones too. Standard input can be read only once."""
    values = json.load(sys.stdin, parse_float=decimal.Decimal)
    if not isinstance(values, dict):
        raise ValueError("the inputs are not a JSON object")
    return values


def progress(subflow, action):
    """Says what the flow is doing now; where the package asks for it, a screenshot is taken."""
    _send({"event": "progress", "subflow": str(subflow)[:TEXT_MAX], "action": str(action)[:TEXT_MAX]})


def output(name, value):
    """Gives one declared output. A value too long for an event goes through a file in the working directory."""
    if not _NAME.match(name):
        raise ValueError("no name of an output: %r" % (name,))
    try:
        _send({"event": "output", "name": name, "value": value})
    except OverflowError:
        _send({"event": "output", "name": name, "file": _value_file(name, value)})


def error(text):
    """Says why the flow is about to fail. It still has to end with an exit status that is not 0."""
    _send({"event": "error", "message": str(text)[: 2 * TEXT_MAX]})


def checkpoint():
    """A place where the flow may be paused or stopped.

    First hostler is waited for, until it has read every event up to this one. It takes the screenshot of a progress
    event before it reads the next event, so after a checkpoint the window may change.
    """
    _wait_until_read()
    _send({"event": "checkpoint"})
    _wait_until_read()
    told = False
    while True:
        word = _control()
        if word == "stop":
            sys.exit(STOPPED)
        if word != "pause":
            return
        # It may have come after the event was read: only who comes to a checkpoint with it is known to wait.
        if not told:
            _send({"event": "checkpoint"})
        told = True
        time.sleep(LOOK_EVERY)


def _json(value):
    """JSON text in which a Decimal is written digit by digit, as the json module cannot."""
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise ValueError("%s is no number" % value)
        return format(value, "f")
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(str(key)), _json(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(_json(item) for item in value)
    return json.dumps(value, allow_nan=False)


def _send(event):
    global _events
    line = _json(event).encode() + b"\n"
    if len(line) > EVENT_MAX:
        raise OverflowError("an event of %d bytes" % len(line))
    path = os.environ.get("HOSTLER_EVENTS")
    if path is None:
        sys.stderr.write(line.decode())
        return
    if _events is None:
        _events = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    os.write(_events, line)


def _value_file(name, value):
    name = "out/%s.json" % name
    path = os.path.join(os.environ.get("HOSTLER_WORK", "."), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(_json(value))
    os.replace(path + ".part", path)
    return name


def _wait_until_read():
    """Nothing tells a writer that a FIFO has become empty, so this looks. A hostler that is away holds nobody up."""
    end = time.monotonic() + READ_WITHIN
    while _events is not None and time.monotonic() < end:
        unread = fcntl.ioctl(_events, termios.FIONREAD, struct.pack("i", 0))
        if struct.unpack("i", unread)[0] == 0:
            return
        time.sleep(LOOK_EVERY)


def _control():
    path = os.environ.get("HOSTLER_CONTROL")
    if path is None:
        return "run"
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(16).strip()
    except FileNotFoundError:
        return "run"
