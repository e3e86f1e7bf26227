"""Canaries: random secrets that can be told apart, and searches for whatever is left of one, in every encoding that could come about.

All canaries of a test begin with one random mark and end with another, so that a whole memory is searched for two marks and not
for dozens of secrets, and half a canary is found as well. Which one it is says what stands between the marks."""

import array
import base64
import json
import os
import re
import secrets
import string
import subprocess
import urllib.parse

ALPHABET = string.ascii_letters + string.digits
AROUND = 2000  # bytes on either side of a mark in which its canary is looked for, the longest encoding included


def word(length):
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


# A quote, a slash and a letter beyond ASCII make the encodings differ.
MARKS = (word(6) + '"ö/' + word(6), word(6) + 'ä/"' + word(6))


def base64_of(data, alphabet):
    """What base64 of any text with `data` in it contains, for each of the three places in a group where it can begin."""
    for before in range(3):
        text = alphabet(b"\0" * before + data)
        begin = (before * 8 + 5) // 6
        yield text[begin:(before + len(data)) * 8 // 6]


def url_of(text, safe, lower=False):
    quoted = urllib.parse.quote(text, safe=safe)
    return re.sub("%..", lambda found: found.group().lower(), quoted) if lower else quoted


def encodings(text):
    """(NAME, BYTES) for each way in which it could be written."""
    raw = text.encode()
    wide = text.encode("utf-16-le")
    found = {("raw", raw), ("UTF-16LE", wide), ("hex", raw.hex().encode()), ("HEX", raw.hex().upper().encode())}
    for data, of in ((raw, ""), (wide, " of UTF-16LE")):
        found |= {("base64" + of, piece) for piece in base64_of(data, base64.standard_b64encode)}
        found |= {("base64url" + of, piece) for piece in base64_of(data, base64.urlsafe_b64encode)}
    for safe in ("", "/", "/\""):
        found |= {("URL", url_of(text, safe, lower).encode()) for lower in (False, True)}
    for ascii_alone in (False, True):
        escaped = json.dumps(text, ensure_ascii=ascii_alone)[1:-1]
        found |= {("JSON", escaped.encode()), ("JSON", escaped.replace("/", "\\/").encode()),
                  ("JSON", re.sub(r"\\u....", lambda code: code.group().upper().replace("U", "u"), escaped).encode())}
    return sorted(found)


MARK_PATTERNS = sorted({pattern for mark in MARKS for _, pattern in encodings(mark)})


class Canary:
    """A secret that is nowhere else; `text` is what is to be typed or written."""

    def __init__(self, name):
        self.name = name
        self.text = MARKS[0] + word(8) + MARKS[1]
        self.patterns = encodings(self.text)

    def encodings_in(self, data):
        return sorted({name for name, pattern in self.patterns if pattern in data})


def marks_in(data):
    """Where a mark begins, in whatever encoding."""
    places = []
    for pattern in MARK_PATTERNS:
        at = data.find(pattern)
        while at >= 0:
            places.append(at)
            at = data.find(pattern, at + 1)
    return sorted(places)


def find(data, canaries):
    """{NAME of a canary: {encodings}}; a mark that belongs to no whole canary is "a piece"."""
    found = {}
    end = 0
    for at in marks_in(data):
        if at < end:
            continue
        end = at + AROUND
        around = data[max(0, at - AROUND):end]
        here = {canary.name: set(names) for canary in canaries if (names := canary.encodings_in(around))}
        for name, names in (here or {"a piece": {"of one"}}).items():
            found.setdefault(name, set()).update(names)
    return found


# Where to look.

def bytes_of(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # gone already, or nothing that can be read
        return b""


def files_below(folder):
    if os.path.isfile(folder) and not os.path.islink(folder):
        yield folder
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def put_into(folder, since):
    """What has come into a folder that others use, too, since then."""
    for entry in os.scandir(folder):
        try:
            if entry.stat(follow_symlinks=False).st_mtime >= since:
                yield entry.path
        except OSError:
            continue


def files_with(canaries, *folders):
    """{path: what is in it, or in its name}"""
    found = {}
    for path in (path for folder in folders for path in files_below(folder)):
        here = find(os.fsencode(path) + b"\0" + bytes_of(path), canaries)
        if here:
            found[path] = here
    return found


def threads_of(pid):
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:  # gone
        return []


def children_of(pid):
    return [int(word) for thread in threads_of(pid) for word in bytes_of(f"/proc/{pid}/task/{thread}/children").split()]


def tree_of(pid):
    """The process and all below it."""
    found = [pid]
    for child in found:
        found += [one for one in children_of(child) if one not in found]
    return found


PAGE = os.sysconf("SC_PAGE_SIZE")
NOTHING = bytes(PAGE)
IN_MEMORY = 3 << 62  # of a line of pagemap: present, or swapped out


def without_nothing(data):
    """What nobody has ever written to, most of all stacks of threads, makes up most of a memory."""
    pages = (data[at:at + PAGE] for at in range(0, len(data), PAGE))
    return b"".join(page for page in pages if page != NOTHING)


def used_spans(pagemap, begin, end):
    """Pages of a mapping that there are."""
    pagemap.seek(begin // PAGE * 8)
    lines = array.array("Q", pagemap.read((end - begin) // PAGE * 8))
    first = None
    for at, line in enumerate([*lines, 0]):
        if line & IN_MEMORY:
            first = at if first is None else first
        elif first is not None:
            yield begin + first * PAGE, (at - first) * PAGE
            first = None


def memory_of(pid):
    """All of a process's memory, what is left out of core dumps, too; b"" when it is gone or may not be read."""
    parts = []
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, \
                open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
            for line in maps.read().splitlines():
                span, rights, _, _, inode = line.split()[:5]
                # Pages of programs and libraries that nobody can write to are what lies on the disk.
                if "r" not in rights or ("w" not in rights and inode != "0"):
                    continue
                try:
                    for begin, length in used_spans(pagemap, *(int(place, 16) for place in span.split("-"))):
                        memory.seek(begin)
                        parts.append(memory.read(length))
                except (OSError, ValueError, OverflowError):
                    continue
    except OSError:
        return b""
    return without_nothing(b"".join(parts))


def core_of(pid, folder):
    """The same as a core image, taken by gcore; locked pages are in it only because of -a."""
    prefix = os.path.join(folder, "core")
    done = subprocess.run(["gcore", "-a", "-o", prefix, str(pid)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    path = f"{prefix}.{pid}"
    data = bytes_of(path)
    if data:
        os.remove(path)
    elif os.path.exists(f"/proc/{pid}"):
        raise AssertionError(f"gcore of {pid}: {done.stdout}{done.stderr}")
    return without_nothing(data)


# What a process wrote or started, as strace -xx has it.

TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')


def written_in(path, alone=b""):
    """Everything that went out in one trace, each buffer on a line of its own; buffers that follow each other once more as one. With
    `alone` only what was given to system calls of that name."""
    lines, all_of_it = [], []
    for line in bytes_of(path).splitlines():
        if not line.startswith(alone):
            continue
        pieces = [bytes.fromhex(piece.replace(b"\\x", b"").decode()) for piece in TEXT.findall(line)]
        lines.append(b"\0".join(pieces))
        all_of_it.append(b"".join(pieces))
    return b"\n".join(lines) + b"\n" + b"".join(all_of_it)


def calls_in(path):
    return {line.split(b"(", 1)[0].decode() for line in bytes_of(path).splitlines() if b"(" in line}
