"""Works out quantity × price in galculator: presses its buttons and reads its display, as a person would.

The program is found in the accessible tree by its process id. Every wait is for something that the window shows, and
has a deadline.
"""

import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal, InvalidOperation

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

import hostler  # noqa: E402

START_WITHIN = 60  # seconds; the first window of a session may take long on a busy machine
SHOW_WITHIN = 15  # seconds for the window to show what a button does
DIGITS = 12  # what the display shows before it rounds
TREE_MAX = 2000  # nodes of a window
DECIMAL_POINTS = (".", ",")
NEVER_MEANT = " \u00a0\u202f'"  # between groups of digits


class Failed(Exception):
    """The reason the flow failed, in a sentence for people."""


def wait_for(look, seconds, what):
    """Looks whenever something has happened on the accessibility bus, until there is something to return."""
    end = time.monotonic() + seconds
    context = GLib.MainContext.default()
    wake = GLib.timeout_add(100, lambda: True)  # also without an event: one may have come before it was listened to
    try:
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise Failed("%s within %d seconds" % (what, seconds))
            context.iteration(True)
    finally:
        GLib.source_remove(wake)


def children(node):
    return [child for child in (node.get_child_at_index(at) for at in range(node.get_child_count())) if child]


def tree(node):
    nodes = [node]
    for one in nodes:
        if len(nodes) > TREE_MAX:
            raise Failed("the window has more parts than a calculator")
        nodes.extend(children(one))
    return nodes


def clear_first(look):
    """The tree may change while it is walked; a part that has gone means only that it has to be looked at again."""

    def attempt():
        try:
            return look()
        except GLib.Error:
            return None

    return attempt


class Calculator:
    def __init__(self, process):
        self.process = process
        self.changes = 0
        self.buttons = {}
        self.display = None

    def find(self):
        """Buttons and display, once all of them are there and shown."""
        if self.process.poll() is not None:
            raise Failed("galculator ended at once, with status %d" % self.process.returncode)
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for program in children(desktop):
            if program.get_process_id() != self.process.pid:
                continue
            nodes = tree(program)
            buttons = {node.get_name(): node for node in nodes if self.is_button(node)}
            displays = [node for node in nodes if self.is_display(node)]
            points = [name for name in DECIMAL_POINTS if name in buttons]
            if displays and points and all(name in buttons for name in "0123456789*=") and "AC" in buttons:
                self.buttons, self.display, self.point = buttons, displays[0], points[0]
                return True
        return False

    @staticmethod
    def is_button(node):
        return node.get_role() in (Atspi.Role.TOGGLE_BUTTON, Atspi.Role.PUSH_BUTTON) and node.get_state_set().contains(
            Atspi.StateType.SHOWING
        )

    @staticmethod
    def is_display(node):
        return (
            node.get_role() == Atspi.Role.TEXT
            and node.get_parent().get_role() == Atspi.Role.SCROLL_PANE
            and node.get_state_set().contains(Atspi.StateType.SHOWING)
        )

    def listen(self):
        def changed(event):
            if event.source == self.display:
                self.changes += 1

        self.listener = Atspi.EventListener.new(changed)
        self.listener.register("object:text-changed:insert")

    def shown(self):
        return Atspi.Text.get_text(self.display, 0, -1).strip()

    def digits(self):
        """What the display shows, as the locale C would write it."""
        text = self.shown()
        for other in [point for point in DECIMAL_POINTS if point != self.point] + list(NEVER_MEANT):
            text = text.replace(other, "")
        return text.replace(self.point, ".").replace("\u2212", "-")

    def is_up(self, button):
        button.clear_cache()
        return not button.get_state_set().contains(Atspi.StateType.CHECKED)

    def settle(self):
        """A pressed button stays down for a moment after its work is done: once all are up, the window is drawn."""
        for name, button in self.buttons.items():
            wait_for(lambda: self.is_up(button), SHOW_WITHIN, "the button '%s' did not come up" % name)

    def press(self, name):
        """The buttons go down and up again by themselves; one that is still down would only be let go by a press."""
        if name not in self.buttons:
            raise Failed("galculator has no button '%s'" % name)
        button = self.buttons[name]
        wait_for(lambda: self.is_up(button), SHOW_WITHIN, "the button '%s' did not come up" % name)
        if not Atspi.Action.do_action(button, 0):
            raise Failed("galculator does not take the button '%s'" % name)

    def press_and_see(self, name, wanted):
        self.press(name)
        wait_for(lambda: self.digits() == wanted, SHOW_WITHIN, "the display did not show %s" % wanted)

    def clear(self):
        self.press_and_see("AC", "0")

    def type(self, number):
        """Digit by digit, each seen on the display before the next."""
        typed = ""
        for character in format(abs(number), "f"):
            typed += character
            self.press_and_see(self.point if character == "." else character, typed)
        if number < 0:
            self.press_and_see("+/-", "-" + typed)

    def equals(self):
        """The display may show the same as before, so it is asked whether it was written to, not whether it differs."""
        before = self.changes
        self.press("=")
        wait_for(lambda: self.changes > before, SHOW_WITHIN, "the display showed no result")
        try:
            total = Decimal(self.digits())
        except InvalidOperation:
            total = None
        if total is None or not total.is_finite():
            raise Failed("galculator shows '%s', which is no number" % self.shown())
        return total


def decimal_input(values, name):
    try:
        number = Decimal(str(values[name]))
    except KeyError:
        raise Failed("the input '%s' is missing" % name) from None
    except InvalidOperation:
        raise Failed("the input '%s' is no number: %r" % (name, values[name])) from None
    if not number.is_finite():
        raise Failed("the input '%s' is no number: %s" % (name, number))
    return number


def digits_of(number):
    return len(format(abs(number), "f").replace(".", "").lstrip("0"))


def work_out(calculator, quantity, price):
    wait_for(clear_first(calculator.find), START_WITHIN, "galculator showed no calculator")
    calculator.listen()
    calculator.clear()
    calculator.settle()

    hostler.progress("Main", "Type the quantity %s" % quantity)
    hostler.checkpoint()
    calculator.type(quantity)
    calculator.press("*")
    calculator.settle()

    hostler.progress("Main", "Type the price %s" % price)
    hostler.checkpoint()
    calculator.type(price)

    total = calculator.equals()
    calculator.settle()
    hostler.progress("Main", "Read the total %s" % calculator.shown())
    hostler.output("total", total)
    hostler.output("shown", calculator.shown())


def main():
    values = hostler.inputs()
    quantity, price = decimal_input(values, "quantity"), decimal_input(values, "price")
    if quantity != quantity.to_integral_value():
        raise Failed("the input 'quantity' is no whole number: %s" % quantity)
    if digits_of(quantity) + digits_of(price) > DIGITS:
        raise Failed("%s × %s may have more than the %d digits that galculator shows" % (quantity, price, DIGITS))

    hostler.progress("Main", "Start galculator for %s" % values.get("article", "an order"))
    # With settings of its own it starts as it is delivered, whatever the user of the session has chosen in it.
    settings = tempfile.mkdtemp(dir=os.environ.get("HOSTLER_WORK"))
    calculator = Calculator(
        subprocess.Popen(["galculator"], stdin=subprocess.DEVNULL, env=dict(os.environ, XDG_CONFIG_HOME=settings))
    )
    # Its window stays: the picture at the end shows the result, and hostler ends what a flow leaves running.
    work_out(calculator, quantity, price)


if __name__ == "__main__":
    try:
        main()
    except (Failed, FileNotFoundError, GLib.Error) as failure:
        hostler.error(failure)
        sys.exit("order-total: %s" % failure)
