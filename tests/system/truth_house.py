"""The truth table of docs/sessions.md, put to a whole house with real users in real sessions. The table is here, once; a platform
says how a person signs in there, locks the screen and goes away, and each platform's test calls `prove`.

    class Here(Platform): ...
    prove(tap, Here())

Two users: the person, who has a session that is in one state after the other, and the guest, who has none. For each state every run
that must wait is asked for at once, of the person (the state is of the user's own session) and of the guest (it is another user's);
then, one after another, those that may start."""

import pwd

from desktop_house import go_alone, processes
from house import House, make_user, remove_user

PERSON, GUEST = "hosttruthsits", "hosttruthguest"

OPEN, USE, REUSE, CLOSE_FIRST = "runs in a new session", "runs in the person's session", "runs in the kept session", "closes the other's first"

# win10 unattended, attended, server-rds unattended, attended
COLUMNS = (("desk", "unattended"), ("desk", "attended"), ("terminal", "unattended"), ("terminal", "attended"))
NOBODY = (OPEN, "AttendedUserNotLoggedIn", OPEN, "AttendedUserNotLoggedIn")
OWN = {
    "active": ("Win10AlreadyHasActiveSession", USE, "SessionExistsForTheUserWhenUnattended", USE),
    "locked": ("UnattendedUserSessionLocked", "AttendedUserSessionNotActive", "UnattendedUserSessionLocked", "AttendedUserSessionNotActive"),
    "disconnected": ("UnattendedUserSessionDisconnected", "AttendedUserSessionNotActive",
                     "UnattendedUserSessionDisconnected", "AttendedUserSessionNotActive"),
    "unknown": ("SessionFactUnknown",) * 4,
}
OTHERS = ("Win10AlreadyHasActiveSession", "AttendedUserNotLoggedIn", OPEN, "AttendedUserNotLoggedIn")
FACTS = {"active": ("yes", "no"), "locked": ("yes", "yes"), "disconnected": ("no", None), "unknown": ("yes", "unknown")}
SHOWN = {"active": "active", "locked": "locked", "disconnected": "disconnected", "unknown": "lock state unknown"}


class Platform:
    """A kind of sessions. `driver` is a section [driver it]; `states` names what a session of a person can be brought into, each a key
    of OWN with how it comes to that: ("locked", "i3lock")."""

    driver = "[driver it]\nplugin = x11\n"
    states = ()

    # What lists sessions: a directory that is the test's own while it runs, because the table begins with a machine that nobody is on.
    place = "/tmp/.X11-unix"

    def missing(self):
        """Why nothing can be tried here; None: it can."""

    def connection(self, name, device, user):
        """A section of the configuration. A platform that signs in with passwords adds them here and seals them in `seal`."""
        return f"[connection {name}]\ntarget = device:{device}\nuser = {user}\n\n"

    def furnish(self, house):
        """Before the house comes up."""

    def seal(self, house):
        """Once the house is up."""

    def sit(self, user):
        """The user signs in: a Sitting, active and unlocked."""
        raise NotImplementedError


class Sitting:
    """A session of a person. `user`; `display` as programs in it have it in DISPLAY."""

    def enter(self, state, way):
        """From active and unlocked into the state, by that way."""
        raise NotImplementedError

    def still(self, state, way):
        """By the person's own means, not hostler's: is it as it was brought about?"""
        raise NotImplementedError

    def leave_state(self, state, way):
        """Back to active and unlocked."""
        raise NotImplementedError

    def sign_out(self):
        raise NotImplementedError

    def evidence(self):
        """What tells why a program of the person's has gone, if one has."""
        return ""

    def doubt(self):
        """Words that a refusal must have when the state is "unknown": what is not known, and what helps."""
        return ()

    def leaders(self):
        """Ids of the kernel's sessions that the person's programs are in."""
        raise NotImplementedError

    def processes(self):
        return processes(pwd.getpwnam(self.user).pw_uid, self.leaders())


def name_of(user, device, mode):
    return f"{'own' if user == PERSON else 'guest'}-{device}-{mode}"


def files(platform):
    """Five devices of one gateway, all of this machine: a table's column needs its own strategy, but all see the same sessions."""
    made = {"hostler.ini": f"""[host]
state_dir = state
run_dir = run
listen = none
flows = flows/*.ini
desktop_flows = desktop-flows/*/desktop-flow.ini

[gateway]
name = here
driver = it
accounts = {PERSON}, {GUEST}

{platform.driver}
[device desk]
strategy = win10

[device terminal]
strategy = many

[strategy many]
plugin = server-rds
max_sessions = 50

[device full]
strategy = one

[strategy one]
plugin = server-rds
max_sessions = 1

[device kept-desk]
strategy = kept-win10

[strategy kept-win10]
plugin = win10
reuse_session = yes

[device kept-terminal]
strategy = kept-many

[strategy kept-many]
plugin = server-rds
max_sessions = 50
reuse_session = yes

"""}
    for package, after in (("where", ""), ("stay", "; hostler-event progress Main Staying; sleep 600")):
        made[f"desktop-flows/{package}/desktop-flow.ini"] = f"""[desktop-flow]
name = {package}
version = 1
run = sh -c 'hostler-event output display "$DISPLAY"; hostler-event output user "$(id -un)"{after}'

[output display]
type = text
[output user]
type = text
"""
    for device in ("desk", "terminal", "full", "kept-desk", "kept-terminal"):
        for user in (PERSON, GUEST):
            connection = name_of(user, device, "x")[:-2]
            made["hostler.ini"] += platform.connection(connection, device, user)
            for mode in ("unattended", "attended"):
                for package, before in (("where", ""), ("stay", "stay-")):
                    name = before + name_of(user, device, mode)
                    made[f"flows/{name}.ini"] = (f"[flow]\nname = {name}\n\n[step it]\nuse = desktop:{package}\n"
                                                 f"connection = {connection}\nmode = {mode}\n")
    return made


class Truth:
    """One house, and what is asked of it."""

    def __init__(self, tap, platform, house):
        self.tap, self.platform, self.house = tap, platform, house
        self.sitting = None

    def sessions(self):
        return {device["name"]: device["sessions"] for device in self.house.json("devices")}

    def sees(self, facts):
        """Do all devices see the person's session like that? facts None: nobody's session at all."""
        def like(sessions):
            if facts is None:
                return not sessions
            return [(one["connected"], one["locked"] if facts[1] else None) for one in sessions] == [facts]
        return self.house.wait(lambda: all(map(like, self.sessions().values())), 10)

    def waiting(self):
        return {one["run"]: one["reason"] or {} for target in self.house.json("queue")["targets"] for one in target["waiting"]}

    def refused(self, cells, what):
        """All of them are asked for at once: [(user, device, mode, code)]; each must wait with its code, the sentence naming who is in
        the way, if anybody is, and each has a remedy. They are cancelled then."""
        runs = [(self.house.json("run", name_of(*cell[:3]))[0]["id"], *cell) for cell in cells]
        self.house.wait(lambda: all(self.waiting().get(run, {}).get("code") == code for run, *_, code in runs), 10)
        said = self.waiting()
        for run, user, device, mode, code in runs:
            reason = said.get(run, {})
            wanted = self.must_say(user, device, mode, code)
            self.tap.ok(reason.get("code") == code and reason.get("remedy") and reason.get("class") == "wait" and
                        all(word in reason["text"] for word in wanted),
                        f"{what}: {name_of(user, device, mode)} is {code}", reason or self.house.json("show", run)["steps"][0], wanted)
            self.house.hostler("cancel", run)

    def must_say(self, user, device, mode, code):
        """Words of the sentence: whose session is in the way, and in which state it is."""
        if not self.sitting or code in ("AttendedUserNotLoggedIn", "TooManyActiveSessions", "UIFlowAlreadyRunning"):
            return [device]
        words = [device, "In the way: the session ", f" of {self.sitting.user} ({SHOWN[self.state]}"]
        return words + list(self.sitting.doubt()) if self.state == "unknown" and user == PERSON else words

    def runs(self, user, device, mode, how, what, kept=None):
        """It starts at once and ends well, as that user and on the right display, which is returned."""
        name = name_of(user, device, mode)
        done = self.house.hostler("run", name, "--wait")
        step = self.house.json("show", f"last:{name}")["steps"][0]
        said = step["outputs"] or {}
        display, theirs = said.get("display"), self.sitting.display if self.sitting else None
        right = {USE: display == theirs, REUSE: display == kept}.get(how, display not in (theirs, kept) or how == CLOSE_FIRST)
        self.tap.ok(done.returncode == 0 and said.get("user") == user and display and right, f"{what}: {name} {how}", step,
                    f"displays: {display}, the person's {theirs}, the kept one {kept}", self.house.said()[-1500:])
        return display

    def row(self, user, outcomes, what):
        cells = [(user, *column, outcome) for column, outcome in zip(COLUMNS, outcomes)]
        return [cell for cell in cells if cell[3] not in (OPEN, USE)], [(*cell, what) for cell in cells if cell[3] in (OPEN, USE)]

    def rows(self, rows):
        refused, runs = [], []
        for row in rows:
            waits, starts = self.row(*row)
            refused += waits
            runs += starts
        self.refused(refused, rows[0][2])
        for user, device, mode, how, what in runs:
            self.runs(user, device, mode, how, what)

    def nobody(self):
        self.state = None
        self.rows([(GUEST, NOBODY, "nobody is there")])

    def person(self, state, way):
        """A session of the person in this state: its own runs, and those of somebody else."""
        what = f"{state} ({way})" if way else state
        self.state = state
        self.sitting.enter(state, way)
        if not self.tap.ok(self.sees(FACTS[state]), f"{what}: the devices show it", self.sessions(), self.house.said()[-1500:]):
            return
        before = self.sitting.processes()
        self.rows([(PERSON, OWN[state], f"{what}, the user's own"), (GUEST, OTHERS, f"{what}, another user's")])
        self.let_be(before, f"{what}: what the person runs was let be")
        self.tap.ok(self.sitting.still(state, way), f"{what}: and it is as it was")
        self.sitting.leave_state(state, way)
        self.tap.ok(self.sees(FACTS["active"]), f"{what}: then the person is there again", self.sessions())

    def let_be(self, before, what):
        gone = sorted(before - self.sitting.processes())
        self.tap.ok(not gone, what, f"gone: {gone}", self.sitting.evidence(), self.house.said()[-1500:])

    def already_running(self):
        """In the person's session and in one of the guest's own; the limit is looked at on the way."""
        for user, device, mode in ((PERSON, "desk", "attended"), (GUEST, "terminal", "unattended")):
            stays = "stay-" + name_of(user, device, mode)
            self.house.hostler("run", stays)
            self.tap.ok(self.house.wait(lambda: self.house.json("show", f"last:{stays}")["steps"][0]["progress"], 20), f"{stays} runs",
                        self.house.json("show", f"last:{stays}"))
            self.refused([(user, device, mode, "UIFlowAlreadyRunning") for mode in ("unattended", "attended")], "the user runs a flow already")
            self.house.hostler("cancel", f"last:{stays}")
            self.tap.ok(self.sees(FACTS["active"]), f"{stays} has ended", self.sessions())
        self.refused([(GUEST, "full", "unattended", "TooManyActiveSessions")], "there are as many sessions as there may be")

    def kept(self):
        """R10; nobody has a session of their own any more."""
        for user, device in ((GUEST, "kept-desk"), (PERSON, "kept-desk"), (GUEST, "kept-terminal")):
            first = CLOSE_FIRST if (user, device) == (PERSON, "kept-desk") else OPEN
            display = self.runs(user, device, "unattended", first, "nothing is kept yet" if first == OPEN else "the other's is kept")
            self.refused([(user, device, "attended", "AttendedUserNotLoggedIn")], "the user's own is kept")
            self.runs(user, device, "unattended", REUSE, "the user's own is kept", display)

    def prove(self):
        self.nobody()
        self.sitting = self.platform.sit(PERSON)
        for state, way in self.platform.states:
            self.person(state, way)
        self.state = "active"
        before = self.sitting.processes()
        self.already_running()
        self.let_be(before, "what the person runs was let be")
        self.sitting.sign_out()
        self.sitting = None
        self.tap.ok(self.sees(None), "the person signs out: nobody is there", self.sessions())
        self.kept()


def prove(tap, platform):
    why_not = platform.missing()
    if why_not:
        tap.skip("the truth table", why_not)
        tap.end()
    go_alone(platform.place)
    make_user(PERSON)
    make_user(GUEST)
    truth = None
    try:
        with House(files(platform)) as house:
            platform.furnish(house)
            house.up()
            platform.seal(house)
            done = house.hostler("check")
            tap.ok(done.returncode == 0, "the house is sound", done.stdout, done.stderr)
            truth = Truth(tap, platform, house)
            truth.prove()
    finally:
        if truth and truth.sitting:
            truth.sitting.sign_out()
        remove_user(PERSON)
        remove_user(GUEST)
    tap.end()
