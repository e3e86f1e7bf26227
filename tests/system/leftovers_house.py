"""The processes of a house that a test of leftovers kills, found by what they are."""

import os


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []


def pids(true):
    return [int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if true(int(pid), words_of(pid) or [""])]


def session_process(house, what, with_children=True):
    return pids(lambda pid, words: os.path.basename(words[0]) == "hostler-session" and words[1:2] == [what] and house.ini in words) \
        if what == "watch" else \
        pids(lambda pid, words: os.path.basename(words[0]) == "hostler-session" and words[1:2] == ["hold"] and
             house.ini in words and (children_of(pid) or not with_children))


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def gateway(house):
    with open(house.path("state/children"), encoding="utf-8") as file:
        return [int(line.split()[2]) for line in file if line.startswith("gateway/here ")]
