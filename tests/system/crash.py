#!/usr/bin/env python3
"""Processes of the house die at named points and at random; what was accepted ends or is lost with its reason, nothing is
done twice, and nothing is left. Without options a few dozen points, once each; with --long all of them, several times each,
among random kills. The seed is printed; --seed or HOSTLER_TEST_SEED gives it."""

import argparse
import itertools
import os
import queue
import random
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_house
from crash_house import CrashHouse
from house import Tap

# What has to happen for somebody to come to a point, besides runs: who is killed first.
BROUGHT_ABOUT = {
    "engine.configured": "engine", "engine.flows_stored": "engine", "engine.restored": "engine", "engine.bound": "engine",
    "worker.opened": "worker", "worker.ready": "worker",
    "gateway.folders_made": "gateway", "gateway.journal_open": "gateway", "gateway.opened": "gateway", "gateway.host_up": "gateway",
    "gateway.fetched": "gateway", "gateway.journal_read": "gateway", "gateway.journal_anew": "gateway",
    "gateway.adopted": "gateway", "gateway.heard_held": "gateway", "hold.adopted": "gateway", "hold.alone": "gateway",
    "hold.outcome_left": "hostlerd", "hostlerd.handed_over": "gateway",
    "watch.ready": "watch", "watch.told": "watch", "watch.identified": "gateway", "watch.before_undo": "hold", "watch.undone": "hold",
    "hostlerd.locked": "hostlerd", "hostlerd.prepared": "hostlerd", "hostlerd.child_ready": "worker", "hostlerd.child_ended": "worker",
    "hostlerd.before_status": "worker",
}
# Those that are killed with a flow in the midst of its work.
AT_WORK = {"watch.before_undo", "watch.undone", "gateway.adopted", "gateway.heard_held", "hold.adopted", "hold.alone", "hold.outcome_left",
           "hostlerd.handed_over"}
# Points that somebody comes to after another has died: at these.
AFTER = {"engine.asked_status": "gateway.heard_offer", "gateway.heard_status": "gateway.heard_offer",
         "gateway.told_standing": "gateway.heard_offer", "engine.heard_standing": "gateway.heard_offer"}
# Where a session is closed before its run's outcome is with the host, its place is free with it, and nothing more is said.
SLOWED = {point: ("hold.before_close", "wait-500") for point in ("gateway.told_released", "engine.heard_released")}
UPGRADING = {"hostlerd.before_exec", "hostlerd.resumed"}
QUICK = {"engine": 8, "worker": 4, "gateway": 8, "watch": 3, "hold": 7, "hostlerd": 4}
REACHED_WITHIN, PRESSING_ON = 60, 8


class Strike:
    """One crash: the point, at which time somebody comes to it, and how; and perhaps another crash on top of it."""

    def __init__(self, point, count=1, how="kill", also=None):
        self.point, self.count, self.how, self.also = point, int(count), how, also

    def __str__(self):
        return self.point + (f" (time {self.count})" if self.count > 1 else "") + \
            (f" ({self.how})" if self.how != "kill" else "") + (f", and {self.also}" if self.also else "")

    def __call__(self, house):
        others = [point for point in (AFTER.get(self.point), self.also) if point]
        dying = [point.split(".")[0] for point in (self.point, *others)]
        if self.point in BROUGHT_ABOUT:
            dying.append(BROUGHT_ABOUT[self.point])
        for program in dying:
            house.mind(program)
        slow = [(SLOWED[self.point][0], nth, SLOWED[self.point][1]) for nth in range(1, self.count + 1)] if self.point in SLOWED else []
        house.arm((self.point, self.count, self.how), *((point, 1, "kill") for point in others), *slow)
        pressed = house.load(8 + 2 * self.count)
        bring_about(house, self.point)
        pid = wait_for(house, self.point, pressed)
        if self.how == "stop" and pid:
            time.sleep(house.chance.choice([0.1, 1, 18]))
            signal_it(pid, house.chance.choice([signal.SIGCONT, signal.SIGKILL]))
        wrong = [] if pid else [f"nobody came to the point within {REACHED_WITHIN} s"]
        return wrong + house.aftermath(pressed) + lost_without_cause(house, set(dying))


class Kill:
    """kill -9 of everything of a kind, again and again, in the midst of work."""

    def __init__(self, kinds):
        self.kinds = kinds

    def __str__(self):
        return "kill -9 of " + ", then ".join(self.kinds)

    def __call__(self, house):
        pressed = house.load(12)
        for kind in self.kinds:
            time.sleep(house.chance.uniform(0, 1.5))
            house.heal()
            house.mind(kind)
            house.kill(kind)
        return house.aftermath(pressed) + lost_without_cause(house, set(self.kinds))


def lost_without_cause(house, dying):
    """Only with the process that has its session is it unknown how a desktop flow ended."""
    if dying & {"hold", "all"}:
        return []
    return [f"{run} is lost, and no process that had its session died" for run in house.desktop_lost]


def signal_it(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def bring_about(house, point):
    if point == "gateway.fetched":
        shutil.rmtree(house.path("state/gateway/packages"), ignore_errors=True)
    kind = BROUGHT_ABOUT.get(point)
    if point in AT_WORK:
        house.wait(lambda: os.path.isdir(house.path("state/work")) and os.listdir(house.path("state/work")), 20)
    if kind:
        house.kill(kind)
    if point == "hostlerd.stopping":
        house.hostler("down", time_out=100)
    if point in UPGRADING:
        house.hostler("reload", "--upgrade", time_out=100)


def wait_for(house, point, pressed):
    """Until somebody died at the point, pressing on; false when nobody came there in time."""
    again = time.monotonic() + PRESSING_ON
    end = time.monotonic() + REACHED_WITHIN
    while time.monotonic() < end:
        if time.monotonic() > again:
            pressed += house.load(8)
            again += PRESSING_ON
        pid = house.fired().get(point)
        if pid:
            return pid
        house.heal()
        time.sleep(0.02)
    return None


def attempt(function, *arguments):
    """Whatever a broken house makes of a test is that test's failure."""
    try:
        return function(*arguments)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def quick(seed):
    chance = random.Random(seed)
    points = crash_house.points()
    chosen = []
    for program, n in QUICK.items():
        chosen += chance.sample([point for point in points if point.startswith(program + ".")], n)
    chance.shuffle(chosen)
    return [Strike(point) for point in chosen]


def long(seed, rounds):
    """Every point in each round, at another time and in another way, some of them two at once; and kills in between."""
    chance = random.Random(seed)
    points = crash_house.points()
    kinds = ["engine", "gateway", "worker", "watch", "hold", "hostlerd", "all"]
    strikes = []
    for _ in range(rounds):
        for point in points:
            often = point not in BROUGHT_ABOUT and point not in AFTER and not point.startswith("hostlerd.")
            how = chance.choices(["kill", f"late-{chance.choice([1, 5, 20, 100])}", "stop"], [70, 25, 5])[0]
            # A supervisor that is stopped stops nobody else, and one that cannot come up is no news.
            how = "kill" if how == "stop" and point.startswith("hostlerd.") else how
            strikes.append(Strike(point, chance.randint(1, 4) if often else 1, how,
                                  chance.choice(points) if chance.random() < 0.25 else None))
        strikes += [Kill([chance.choice(kinds) for _ in range(chance.randint(1, 3))]) for _ in range(len(points) // 3)]
    chance.shuffle(strikes)
    return strikes


def in_houses(strikes, seed, houses, tell):
    """Several houses side by side take strike after strike; at the end each is taken down and looked at."""
    waiting = queue.SimpleQueue()
    for crash in strikes:
        waiting.put(crash)

    done = itertools.count(1)

    def live(number):
        """One house after another: a strike that went wrong leaves one that no other strike can be tried on."""
        with CrashHouse(f"{seed}/{number}") as house:
            house.heal()
            while True:
                try:
                    crash = waiting.get_nowait()
                except queue.Empty:
                    break
                started = time.monotonic()
                wrong = attempt(crash, house)
                came_to = ", ".join(f"{n} {state}" for state, n in house.outcomes.most_common())
                tell(f"[{next(done)}/{len(strikes)}] {crash}: {came_to} ({time.monotonic() - started:.1f} s)", wrong, house)
                if wrong:
                    house.kill("all")
                    return number + houses
            tell(f"house {number}: nothing is left after down", attempt(CrashHouse.left_after_down, house), house)
        return None

    def live_on(number):
        while number is not None:
            number = live(number)

    threads = [threading.Thread(target=live_on, args=(number,)) for number in range(houses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=int(os.environ.get("HOSTLER_TEST_SEED", time.time())))
    arguments.add_argument("--houses", type=int, default=3, help="side by side")
    arguments.add_argument("--points", default="", help="only these, as POINT:COUNT:HOW, with commas between")
    arguments.add_argument("--long", action="store_true", help="all of them, among random kills")
    arguments.add_argument("--rounds", type=int, default=3, help="of all points, with --long")
    given = arguments.parse_args()
    tap = Tap()
    why = crash_house.missing()
    if why:
        tap.skip("crashes at named points", why)
        tap.end()
    print(f"# seed {given.seed}", flush=True)
    lock = threading.Lock()

    def tell(name, wrong, house):
        with lock:
            tap.ok(not wrong, name, *wrong, *(house.said().splitlines()[-60:] if wrong else []))

    if given.points:
        strikes = [Strike(*point.split(":")) for point in given.points.split(",")]
    else:
        strikes = long(given.seed, given.rounds) if given.long else quick(given.seed)
    in_houses(strikes, given.seed, given.houses, tell)
    if given.long:
        print(f"{tap.n - tap.failed} passed, {tap.failed} failed, 0 skipped")
    tap.end()


if __name__ == "__main__":
    main()
