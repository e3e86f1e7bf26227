#!/usr/bin/env python3
"""Machines on a real network that is cut, cut in one direction, slow; machines that freeze, restart or are made anew: what
runs at them goes on, is told truly, and starts once. The network is one of namespaces that this test makes for itself."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, gateway_house, host_house

DEVICES = ("d1", "d2")
PLACES = {"host": "10.77.1", "d1": "10.77.2", "d2": "10.77.3"}  # each has .2, the router between them .1
PORT = 5671

# It notes every start outside of its house, and ends when its file appears, so that the test decides how long it takes.
SCRIPT = """at=$(hostler-event input at)
echo start >> FOLDER/starts-$at
until [ -e FOLDER/gate-$at ]; do sleep 0.1; done
hostler-event output done yes
echo end >> FOLDER/ends-$at
"""
PACKAGE = """[desktop-flow]
name = slow
version = 1
run = sh $HOSTLER_PACKAGE/slow.sh
screenshots = none

[input at]
type = text
required = yes

[output done]
type = text
"""

tap = Tap()


def space(name):
    return f"hostler{os.getpid()}{name}"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def router(*words):
    ip("-n", space("r"), *words)


class Network:
    """The namespaces host, d1 and d2, joined by a router r; nothing of it can be seen from outside."""

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make(self):
        ip("netns", "add", space("r"))
        router("link", "set", "lo", "up")
        for place, net in PLACES.items():
            ip("netns", "add", space(place))
            ip("-n", space(place), "link", "set", "lo", "up")
            router("link", "add", "name", place, "type", "veth", "peer", "name", "wire", "netns", space(place))
            router("address", "add", f"{net}.1/24", "dev", place)
            router("link", "set", "dev", place, "up")
            ip("-n", space(place), "address", "add", f"{net}.2/24", "dev", "wire")
            ip("-n", space(place), "link", "set", "dev", "wire", "up")
            ip("-n", space(place), "route", "add", "default", "via", f"{net}.1")
        ip("netns", "exec", space("r"), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def __exit__(self, *_):
        for place in (*PLACES, "r"):
            subprocess.run(["ip", "netns", "delete", space(place)], capture_output=True)


def shape(device, *what):
    """Both directions of a device's link; the text of what the kernel says against it."""
    for done in [subprocess.run(["tc", "-n", where, "qdisc", "replace", "dev", link, "root", *what], capture_output=True, text=True)
                 for where, link in ((space("r"), device), (space(device), "wire"))]:
        if done.returncode:
            return done.stderr.strip().splitlines()[0]
    return None


def unshape(device):
    for where, link in ((space("r"), device), (space(device), "wire")):
        subprocess.run(["tc", "-n", where, "qdisc", "delete", "dev", link, "root"], capture_output=True)


def settle(house, place):
    """Everything of the house runs in that namespace."""
    house.command = lambda *words: ["ip", "netns", "exec", space(place), os.path.join(PROGRAMS, words[0]), *words[1:]]
    return house


def device(host, name):
    return next(one for one in host.json("devices") if one["name"] == name)


def is_at(host, name, state):
    return device(host, name)["state"] == state


def run(host, name):
    return host.json("show", f"last:slow-{name}")


def starts(host, name):
    with open(host.path(f"out/starts-{name}"), encoding="utf-8") as file:
        return len(file.readlines())


def begin(host, name, case):
    before = starts(host, name)
    host.hostler("run", f"slow-{name}")
    tap.ok(host.wait(lambda: starts(host, name) == before + 1 and run(host, name)["state"] == "running", 30),
           f"{case}: a run is under way", run(host, name), host.said())
    return before


def gone(host, name, case):
    tap.ok(host.wait(lambda: is_at(host, name, "offline"), 40), f"{case}: the device is told to be offline", device(host, name), host.said())
    tap.same(run(host, name)["state"], "running", f"{case}: its run goes on")


def finish(host, name, before, case, house):
    """The flow ends, and the host hears of it."""
    host.write(f"out/gate-{name}", "")
    tap.ok(host.wait(lambda: run(host, name)["state"] == "succeeded", 60), f"{case}: the run succeeds", run(host, name),
           host.said(), house.said())
    tap.same(starts(host, name), before + 1, f"{case}: it has started once")
    os.remove(host.path(f"out/gate-{name}"))


def works(host, name, case, house):
    host.write(f"out/gate-{name}", "")
    done = host.hostler("run", f"slow-{name}", "--wait", time_out=90)
    tap.same(done.returncode, 0, f"{case}: the next run works")
    if done.returncode:
        print(*("# " + line for line in (done.stdout + done.stderr + house.said()).splitlines()), sep="\n")
    os.remove(host.path(f"out/gate-{name}"))


def back(host, name, case, house):
    tap.ok(host.wait(lambda: is_at(host, name, "online"), 60), f"{case}: the device is back", device(host, name), host.said(), house.said())


def cut_and_deaf(host, houses):
    """One link is down; at the same time nothing comes from the other device, though everything reaches it."""
    cut, deaf = "a link that is down", "nothing comes from the device"
    before = {"d1": begin(host, "d1", cut), "d2": begin(host, "d2", deaf)}
    ended = os.path.getsize(host.path("out/ends-d1"))
    router("link", "set", "d1", "down")
    router("rule", "add", "iif", "d2", "blackhole")
    gone(host, "d1", cut)
    gone(host, "d2", deaf)
    # The flow at the device that is cut off ends meanwhile; the other's ends when its link is whole again.
    host.write("out/gate-d1", "")
    tap.ok(host.wait(lambda: os.path.getsize(host.path("out/ends-d1")) > ended, 30), f"{cut}: the flow ends at the device", houses["d1"].said())
    tap.same(run(host, "d1")["state"], "running", f"{cut}: the host cannot know it yet")
    router("link", "set", "d1", "up")
    router("rule", "delete", "iif", "d2", "blackhole")
    back(host, "d1", cut, houses["d1"])
    back(host, "d2", deaf, houses["d2"])
    finish(host, "d1", before["d1"], cut, houses["d1"])
    finish(host, "d2", before["d2"], deaf, houses["d2"])


def gateway_pid(house, name):
    with open(house.path("state/children"), encoding="utf-8") as file:
        return next(int(line.split()[2]) for line in file if line.startswith(f"gateway/{name} "))


def mute_and_frozen(host, houses):
    """Nothing reaches one device, though everything comes from it; the other's gateway stands still for 18 seconds."""
    mute, frozen = "nothing reaches the device", "a gateway that stands still"
    before = {"d1": begin(host, "d1", mute), "d2": begin(host, "d2", frozen)}
    pid = gateway_pid(houses["d2"], "d2")
    os.kill(pid, signal.SIGSTOP)
    since = time.monotonic()
    router("rule", "add", "iif", "host", "to", f"{PLACES['d1']}.2", "blackhole")
    gone(host, "d1", mute)
    gone(host, "d2", frozen)
    router("rule", "delete", "iif", "host", "to", f"{PLACES['d1']}.2", "blackhole")
    host.wait(lambda: time.monotonic() - since > 18, 20)
    with contextlib.suppress(ProcessLookupError):  # its supervisor may have replaced it
        os.kill(pid, signal.SIGCONT)
    back(host, "d1", mute, houses["d1"])
    back(host, "d2", frozen, houses["d2"])
    finish(host, "d1", before["d1"], mute, houses["d1"])
    finish(host, "d2", before["d2"], frozen, houses["d2"])


def slow(host, houses):
    for case, what in (("16 kbit/s", ("tbf", "rate", "16kbit", "burst", "2000", "limit", "8000")),
                       ("400 ms of delay and 5 % loss", ("netem", "delay", "400ms", "loss", "5%"))):
        why = shape("d1", *what)
        if why:
            unshape("d1")
            tap.skip(f"a link with {case}", why)
            continue
        before = begin(host, "d1", f"a link with {case}")
        finish(host, "d1", before, f"a link with {case}", houses["d1"])
        tap.ok(is_at(host, "d1", "online"), f"a link with {case}: the device was not given up", device(host, "d1"))
        unshape("d1")


def restarted(host, houses):
    case, house = "a device that restarts", houses["d1"]
    before = begin(host, "d1", case)
    house.down()
    house.up()
    tap.ok(host.wait(lambda: run(host, "d1")["state"] == "failed", 60), f"{case}: its run has ended", run(host, "d1"), host.said(), house.said())
    tap.same((run(host, "d1")["reason"] or {}).get("code"), "SessionEnded", f"{case}: the run says why")
    tap.same(starts(host, "d1"), before + 1, f"{case}: it has started once")
    back(host, "d1", case, house)
    works(host, "d1", case, house)


def let_in(host, house, name):
    with open(house.path("state/gateway.pub"), encoding="utf-8") as file:
        return host.hostler("gateway", "add", name, file.read().split()[2])


def reinstalled(host, houses):
    case, house = "a device that is made anew", houses["d2"]
    before = begin(host, "d2", case)
    # At one blow: its gateway hears no word of how the flow ended, and is not started again.
    os.killpg(house.daemon.pid, signal.SIGSTOP)
    os.kill(gateway_pid(house, "d2"), signal.SIGKILL)
    os.killpg(house.daemon.pid, signal.SIGKILL)
    house.daemon.wait()
    house.daemon = None
    alone(house)
    shutil.rmtree(house.path("state"))
    house.up()
    host.hostler("gateway", "remove", "d2")
    done = let_in(host, house, "d2")
    tap.same(done.returncode, 0, f"{case}: its new key is let in")
    back(host, "d2", case, house)
    tap.ok(host.wait(lambda: run(host, "d2")["state"] == "lost", 60), f"{case}: what ran there is lost", run(host, "d2"), host.said())
    said = host.hostler("why", "last:slow-d2").stdout
    tap.ok("OutcomeUnknown" in said and "hostler resolve" in said, f"{case}: the run says why, and what to do", said)
    tap.same(host.hostler("resolve", "last:slow-d2", "failed").returncode, 0, f"{case}: somebody says how it ended")
    works(host, "d2", case, house)
    tap.same(starts(host, "d2"), before + 2, f"{case}: nothing has started twice")


def alone(house):
    """Everything of the house whose supervisor was killed has ended."""
    def left():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                if house.ini.encode() in file.read().split(b"\0"):
                    return True
        return False
    tap.ok(house.wait(lambda: not left(), 30), "what a killed supervisor leaves ends by itself")


def make_host():
    host = settle(host_house(f"tcp://{PLACES['host']}.2:{PORT}", DEVICES), "host")
    with open(host.ini, "a", encoding="utf-8") as file:
        for name in DEVICES:
            file.write(f"\n[connection {name}]\ntarget = device:{name}\nuser = bot1\n")
    os.mkdir(host.path("out"))
    os.chmod(host.path("out"), 0o777)
    host.write("desktop-flows/slow/desktop-flow.ini", PACKAGE)
    host.write("desktop-flows/slow/slow.sh", SCRIPT.replace("FOLDER", host.path("out")))
    for name in DEVICES:
        host.write(f"out/starts-{name}", "", 0o666)
        host.write(f"out/ends-{name}", "", 0o666)
        host.write(f"flows/slow-{name}.ini", f"[flow]\nname = slow-{name}\n\n[step it]\nuse = desktop:slow\nconnection = {name}\n"
                   f"mode = unattended\ninput.at = {name}\n")
    return host


def play():
    with contextlib.ExitStack() as stack:
        stack.enter_context(Network())
        host = stack.enter_context(make_host())
        host.up()
        houses = {}
        for name in DEVICES:
            houses[name] = stack.enter_context(settle(gateway_house(host, name), name))
            houses[name].up()
            let_in(host, houses[name], name)
        for name in DEVICES:
            back(host, name, f"gateway/{name}", houses[name])
        tap.same(device(host, "d2")["address"], f"{PLACES['d2']}.2", "a device is seen at its address in its own network")
        slow(host, houses)
        cut_and_deaf(host, houses)
        mute_and_frozen(host, houses)
        restarted(host, houses)
        reinstalled(host, houses)


def give_up(*_):
    """The namespaces and houses go, too, when the runner's patience ends; a second signal must not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def cannot():
    """Why this machine has no namespaces for us, or None."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [program for program in ("ip", "tc") if not shutil.which(program)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        ip("netns", "add", space("try"))
        ip("-n", space("try"), "link", "add", "name", "one", "type", "veth", "peer", "name", "two")
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {' '.join(error.stderr.split())}"
    finally:
        subprocess.run(["ip", "netns", "delete", space("try")], capture_output=True)
    return None


signal.signal(signal.SIGTERM, give_up)
reason = cannot()
if reason:
    tap.skip("gateways in network namespaces of their own", reason)
else:
    play()
tap.end()
