"""Rounds of one figure: both sides in turn, the ratio of each round, and how much other programs were in the way."""
import os
import resource
import statistics
import time

NOISY = 0.10


class Watch:
    """What share of the machine programs other than the measured ones had between its making and `share`."""

    def __init__(self):
        self.began = time.monotonic()
        self.busy = self.busy_s()
        self.own = self.own_s()

    @staticmethod
    def busy_s():
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        user, nice, system, _, _, irq, softirq, steal = fields[:8]
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_s():
        """Of this process and of all it has waited for, and they for theirs: a house is taken down before."""
        return sum(usage.ru_utime + usage.ru_stime for usage in
                   map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))

    def share(self):
        other = self.busy_s() - self.busy - (self.own_s() - self.own)
        return max(0.0, other / (time.monotonic() - self.began) / os.cpu_count())


def shown(number):
    """Three digits that count, and none as a power of ten."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


class Result:
    """A value over all rounds."""

    def __init__(self, figure, value, pairs):
        self.figure = figure
        self.value = value
        self.hostler = [value.of(pair["hostler"]) for pair in pairs]
        self.base = [value.of(pair["base"]) for pair in pairs] if figure.base and not value.alone else None
        self.ratios = [h / b for h, b in zip(self.hostler, self.base)] if self.base else self.hostler
        self.others = [pair["others"] for pair in pairs]

    def middle(self):
        return statistics.median(self.ratios)

    def noisy(self):
        return sum(share > NOISY for share in self.others)

    def state(self):
        """good: the goal is reached; way: what is acceptable on the way; bad: neither; open: nothing is wanted."""
        value, middle = self.value, self.middle()
        if value.goal is None:
            return "open"
        for name, limit in (("good", value.goal), ("way", value.way)):
            if limit is not None and (middle >= limit if value.at_least else middle <= limit):
                return name
        return "bad"

    def text(self):
        what = "ratio " if self.base else ""
        unit = "" if self.base else f" {self.value.unit}"
        medians = f"; medians: {self.figure.base_name} {shown(statistics.median(self.base))}, hostler " \
                  f"{shown(statistics.median(self.hostler))} {self.value.unit}" if self.base else ""
        noisy = f"; {self.noisy()} of {len(self.others)} rounds disturbed" if self.noisy() else ""
        return f"{self.value.title}: {what}{shown(self.middle())}{unit} (from {shown(min(self.ratios))} to " \
               f"{shown(max(self.ratios))}){medians}; {self.value.wanted()}{noisy}"

    def record(self):
        return {"figure": self.figure.name, "value": self.value.title, "unit": self.value.unit,
                "hostler": self.hostler, self.figure.base_name: self.base, "ratios": self.ratios,
                "others": self.others, "goal": self.value.goal, "on_the_way": self.value.way}


def one_round(figure, hostler_first):
    sides = [("hostler", figure.hostler), ("base", figure.base)]
    watch = Watch()
    pair = {}
    for side, side_of in sides if hostler_first else reversed(sides):
        if side_of:
            pair[side] = side_of()
    pair["others"] = watch.share()
    return pair


def told(figure, pair):
    parts = []
    for value in figure.values:
        base = f"{figure.base_name} {shown(value.of(pair['base']))}, " if figure.base and not value.alone else ""
        parts.append(f"{value.title} {base}hostler {shown(value.of(pair['hostler']))} {value.unit}")
    return "; ".join(parts) + f"; others had {100 * pair['others']:.0f} % of the machine" + \
        (", a disturbed round" if pair["others"] > NOISY else "")


def measure(figure, rounds):
    pairs = []
    for number in range(rounds):
        pairs.append(one_round(figure, number % 2 == 1))
        print(f"  round {number + 1}: {told(figure, pairs[-1])}", flush=True)
    results = [Result(figure, value, pairs) for value in figure.values]
    for result in results:
        print(f"  {result.text()}", flush=True)
    return results
