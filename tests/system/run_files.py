#!/usr/bin/env python3
"""Files of the run on all their ways: from a trigger, through connectors and a desktop flow, and back; and what stays when something dies."""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from house import PROGRAMS, Tap, null_house

tap = Tap()
INSTALLED = os.environ.get("HOSTLER_PLUGINS", os.path.join(PROGRAMS, "..", "lib", "hostler", "plugins"))
TEST_PLUGINS = os.environ.get("HOSTLER_TEST_PLUGINS", os.path.abspath("tests/plugins/.libs"))

MORE = """
[trigger inbox]
plugin = courier
folder = parcels

[trigger ask]
plugin = button
input.doc = file required
input.more = files
input.word = text

[trigger door]
plugin = courier
folder = doors

[connector clerk]
plugin = clerk

[connector shelf]
plugin = file
root = shelf

[connector script]
plugin = exec
program = programs/turn/desktop-flow.ini
"""

FLOWS = {
    "flows/both.ini": """[flow]
name = both
on = inbox

[step read]
use = connector:clerk.read
input.file = ${trigger.first}
input.files = ${trigger.all}

[step make]
use = connector:clerk.make
input.name = ../../reply.txt
input.text = Re: ${read.text}
input.n = 2

[step again]
use = connector:clerk.hand_on
input.file = ${make.file}

[step last]
use = connector:clerk.read
input.file = ${again.file}
input.files = ${make.files}
""",
    "flows/asked.ini": """[flow]
name = asked
on = ask

[step make]
use = connector:clerk.make
input.name = made.txt
input.text = made

[step read]
use = connector:clerk.read
input.file = ${trigger.doc}
input.files = make/made.txt
""",
    "flows/doors.ini": """[flow]
name = doors
on = door

[step read]
use = connector:clerk.read
input.file = ${trigger.first}
input.files = ${trigger.all}
""",
    "flows/desk.ini": """[flow]
name = desk
on = ask

[step make]
use = connector:clerk.make
input.name = invoice.txt
input.text = made

[step enter]
use = desktop:paper
connection = me
mode = unattended
input.doc = ${trigger.doc}
input.all = trigger/${trigger.word}
    ${make.file}

[step read]
use = connector:clerk.read
input.file = ${enter.report}
input.files = ${enter.pages}

[step turn]
use = connector:script.run
input.doc = ${enter.report}

[step store]
use = connector:shelf.put
input.from = ${turn.report}
input.file = stored.txt

[step fetch]
use = connector:shelf.take
input.file = stored.txt

[step turned]
use = connector:clerk.read
input.file = ${fetch.file}

[step hand]
use = desktop:paper
connection = me
mode = unattended
input.doc = ${enter.report}
""",
    "programs/turn/desktop-flow.ini": """[desktop-flow]
name = turn
version = 1
run = sh $HOSTLER_PACKAGE/run.sh

[input doc]
type = file
required = yes

[output report]
type = file
""",
    "programs/turn/run.sh": """rev "$HOSTLER_INPUT_DOC" > out/turned.txt && hostler-event output report turned.txt
""",
    "desktop-flows/paper/desktop-flow.ini": """[desktop-flow]
name = paper
version = 1
run = sh $HOSTLER_PACKAGE/run.sh
screenshots = none

[input doc]
type = file
required = yes

[input all]
type = files

[output report]
type = file

[output pages]
type = files

[output saw]
type = text
""",
    "desktop-flows/paper/run.sh": """set -e
cat > given.json
hostler-event output saw "$HOSTLER_INPUT_DOC $(ls in | tr '\\n' ' ')$(cat "$HOSTLER_INPUT_DOC")"
tr a-z A-Z < "$HOSTLER_INPUT_DOC" > out/report.txt
for i in 1 2; do echo page $i > out/page-$i.txt; done
hostler-event output report report.txt
printf 'page-1.txt\\nout/page-2.txt\\n' | hostler-event output pages -
""",
    "flows/too.ini": """[flow]
name = too
on = inbox

[step read]
use = connector:clerk.read
input.files = ${trigger.all}
""",
}


def parcel(house, name, files):
    """Files by the names they are to have; their bytes are put beside the parcel."""
    lines = []
    for number, (called, data) in enumerate(files):
        path = house.path(f"bytes/{name}-{number}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        lines.append(f"{called}\t{path}\n")
    with open(house.path(f"parcels/{name}.new"), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("".join(lines))
    os.rename(house.path(f"parcels/{name}.new"), house.path(f"parcels/{name}.parcel"))


def runs_of(house, flow, n):
    """The first n runs of a flow, when they have ended."""
    found = []

    def ended():
        found[:] = [run for run in house.json("runs", "--flow", flow) if run["ended"]]
        return len(found) >= n
    house.wait(ended, 30)
    return sorted(found, key=lambda run: run["number"])


def newest(house, flow):
    """The newest run of a flow, as it ended."""
    house.wait(lambda: house.json("runs", "--flow", flow)[0]["ended"], 30)
    return shown(house, house.json("runs", "--flow", flow)[0])


def shown(house, run):
    return house.json("show", f"#{run['number']}")


def outputs(run, step):
    return next(one["outputs"] or {} for one in run["steps"] if one["name"] == step)


def staged(house):
    return glob.glob(house.path("state/files/.staged/*"))


with null_house(FLOWS, more=MORE) as house:
    os.makedirs(house.path("parcels"))
    os.makedirs(house.path("doors"))
    os.makedirs(house.path("shelf"))
    os.chmod(house.path("shelf"), 0o777)
    os.chmod(house.path("parcels"), 0o777)
    shutil.copytree(INSTALLED, house.path("plugins"))
    shutil.copy(os.path.join(TEST_PLUGINS, "courier.so"), house.path("plugins/trigger"))
    shutil.copy(os.path.join(TEST_PLUGINS, "clerk.so"), house.path("plugins/connector"))
    subprocess.run(["chmod", "-R", "go-w,a+rX", house.path("plugins")], check=True)
    with open(house.ini, encoding="utf-8") as file:
        text = file.read()
    house.write("hostler.ini", text.replace("listen = none", "listen = none\nplugins = plugins", 1))
    house.up()

    big = os.urandom(700_000)
    parcel(house, "one", [("Rechnung Müller.pdf", b"invoice 17"), ("big.bin", big), ("empty.txt", b"")])
    run = shown(house, runs_of(house, "both", 1)[0])
    tap.same(run["state"], "succeeded", "a run is given files with its event, and its connectors read and make others")
    tap.same(outputs(run, "read").get("text"), "invoice 17", "a connector reads the bytes that the trigger wrote")
    tap.same(outputs(run, "read").get("names"), "Rechnung Müller.pdf Rechnung Müller.pdf big.bin empty.txt", "each under its own name")
    tap.same(outputs(run, "read").get("bytes"), 700_020, "all of them, the large one in parts")
    tap.same(outputs(run, "make").get("files"), ["make/reply.txt", "make/reply-2.txt"], "new files are the run's under their step, with names that lead nowhere")
    tap.same(outputs(run, "last").get("text"), "Re: invoice 17", "and the next connector reads them, handed on as well")
    tap.same(outputs(run, "again").get("file"), "make/reply.txt", "what is handed on stays where it is")
    tap.ok(not os.path.exists(outputs(run, "last")["folder"]), "the folder of a call is gone with it")
    tap.same(glob.glob(house.path("state/workers/files-*")), [], "and so are those of all others")

    other = shown(house, runs_of(house, "too", 1)[0])
    tap.same(outputs(other, "read").get("bytes"), 700_010, "each flow that listens has them in a run of its own")
    listed = {(row["step"], row["name"]): row["size"] for row in house.json("files", f"#{run['number']}")}
    tap.same(listed.get(("trigger", "big.bin")), 700_000, "`files` lists what came with the event")
    house.hostler("get", f"#{run['number']}/trigger", "big.bin", "-o", "got.bin")
    with open(house.path("got.bin"), "rb") as file:
        tap.same(hashlib.sha256(file.read()).hexdigest(), hashlib.sha256(big).hexdigest(), "`get` fetches it")

    hostile = ["../../../etc/passwd", "-rf", ".hidden", "a\x01b\x1b[2J.txt", "same.txt", "same.txt", "x" * 300 + ".pdf", "C:\\boot.ini", "..", "", "\u202efdp.exe"]
    parcel(house, "two", [(name, b"x") for name in hostile])
    run = shown(house, runs_of(house, "too", 2)[1])
    tap.same(run["state"], "succeeded", "names that anybody chose are made safe")
    tap.same(outputs(run, "read").get("names"), "passwd rf hidden ab[2J.txt same.txt same-2.txt " + "x" * 96 + ".pdf boot.ini file file-2 fdp.exe",
             "each stays what it says as far as that is harmless")
    tap.ok(house.wait(lambda: not staged(house), 10), "nothing is left where files wait for their event")

    house.write("here/invoice.txt", "invoice 18")
    done = house.hostler("press", "ask", "--input", "doc=here/invoice.txt", "--wait")
    run = newest(house, "asked")
    tap.same((done.returncode, outputs(run, "read").get("text")), (0, "invoice 18"), "what is pressed takes files by their paths")
    tap.same(run["event"]["doc"], "trigger/invoice.txt", "and the event has their names")
    house.hostler("get", f"#{run['number']}", "trigger/invoice.txt", "-o", "got.txt")
    with open(house.path("got.txt"), encoding="utf-8") as file:
        tap.same(file.read(), "invoice 18", "`get` takes the name that values have")

    os.remove(house.path("here/invoice.txt"))
    done = house.hostler("resubmit", f"#{run['number']}", "--wait")
    again = newest(house, "asked")
    tap.same((done.returncode, again["origin"], outputs(again, "read").get("text")), (0, run["number"], "invoice 18"),
             "a run that is begun again has the files of its event")
    done = house.hostler("resubmit", f"#{run['number']}", "--from", "read", "--wait")
    again = newest(house, "asked")
    tap.same((done.returncode, outputs(again, "read").get("names")), (0, "invoice.txt made.txt"), "and those of the steps it keeps")
    house.write("here/other.txt", "another")
    done = house.hostler("resubmit", f"#{run['number']}", "--input", "doc=here/other.txt", "--wait")
    again = newest(house, "asked")
    tap.same((done.returncode, outputs(again, "read").get("text")), (0, "another"), "or others in their place")
    house.write("event.json", '{"doc": "here/other.txt", "more": ["here/other.txt"]}')
    done = house.hostler("run", "asked", "--event", "event.json", "--wait")
    again = newest(house, "asked")
    tap.same((done.returncode, again["event"].get("more")), (0, ["trigger/other-2.txt"]), "a flow by hand takes them from where its event says")

    tried = house.json("try", "desktop-flows/paper", "--input", "doc=here/other.txt", "--display", "here")
    tap.same(tried["outputs"].get("saw"), "in/other.txt other.txt another", "a desktop flow that is tried is given a file by its path")
    tap.ok(os.path.isdir(tried["folder"]), "its files are where it says", tried)
    shutil.rmtree(os.path.dirname(tried["folder"]))

    for wrong, said in ((["--input", "doc=here"], "is no file"), (["--input", "doc=nowhere.txt"], "No such file"), ([], "doc")):
        done = house.hostler("press", "ask", *wrong)
        tap.ok(done.returncode == 2 and said in done.stderr, f"what is no file is refused before anything starts: {wrong}", done.stderr)
    house.write("here/note.txt", "mine")
    done = house.hostler("press", "door", "--input", "name=x", "--input", "first=here/note.txt", "--wait")
    run = newest(house, "doors")
    tap.same((outputs(run, "read").get("text"), outputs(run, "read").get("names")), ("mine", "note.txt note-2.txt"),
             "a trigger adds files of its own to those of a press")

    house.write("here/invoice.txt", "invoice 19")
    done = house.hostler("press", "ask", "--input", "doc=here/invoice.txt", "--input", "word=invoice.txt", "--wait")
    run = newest(house, "desk")
    tap.same(run["state"], "succeeded", "a desktop flow is given files and leaves others")
    tap.same(outputs(run, "enter").get("saw"), "in/invoice.txt invoice-2.txt invoice.txt invoice 19",
             "they lie in in/ before it starts, each once, and the inputs are their paths")
    tap.same((outputs(run, "enter").get("report"), outputs(run, "enter").get("pages")),
             ("enter/out/report.txt", ["enter/out/page-1.txt", "enter/out/page-2.txt"]), "what outputs name is the run's under the step")
    tap.same((outputs(run, "read").get("text"), outputs(run, "read").get("names")), ("INVOICE 19", "report.txt page-1.txt page-2.txt"),
             "a connector reads what it left")
    tap.same((outputs(run, "turn").get("report"), outputs(run, "turned").get("text")), ("turn/turned.txt", "91 ECIOVNI"),
             "a program of a connector has in/ and out/ as well")
    tap.same((outputs(run, "store").get("bytes"), outputs(run, "fetch").get("file")), (10, "fetch/stored.txt"), "a folder takes files of the run, and gives them back")
    tap.same(outputs(run, "hand").get("saw"), "in/report.txt report.txt INVOICE 19", "and so does another desktop flow, with nothing of the first in in/")
    tap.ok(house.wait(lambda: not os.listdir(house.path("state/gateway/inputs")), 10), "the gateway keeps none of it", os.listdir(house.path("state/gateway/inputs")))

tap.end()
