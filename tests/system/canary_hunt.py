"""The hunt for canaries in a house that runs: in memory, arguments, environments, files, and in whatever leaves a process."""

import concurrent.futures
import os
import threading
import time

import canaries

SHARED_FOLDERS = ("/tmp", "/dev/shm")


class Hunt:
    """Everything that was found where it must not be: {PLACE: {canary: encodings}}. `known` says which process may know what by its name,
    `files` which file below the house may have what."""

    def __init__(self, house, all_of_them, known, files):
        self.house = house
        self.all = list(all_of_them)
        self.known = known
        self.known_files = files
        self.since = time.time() - 1
        self.finds = {}
        self.looks = 0
        self.lock = threading.Lock()

    def look(self, place, data, known=frozenset()):
        """What of it may be known there."""
        found = canaries.find(data, self.all)
        strange = {name: names for name, names in found.items() if name not in known and not (known and name == "a piece")}
        with self.lock:
            self.looks += 1
            if strange:
                self.finds.setdefault(place, {}).update(strange)
        return set(found) & set(known)

    def known_to(self, name):
        """Of a session's process the last part of its name is its number."""
        return self.known.get(name) or self.known.get(name.rsplit("/", 1)[0], frozenset())

    def memory(self, when, names=None, read=canaries.memory_of):
        """{PROCESS: the canaries that it has and may have}"""
        pids = {name: pid for name, pid in self.house.children().items() if names is None or name in names}
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            images = pool.map(read, pids.values())
            return {name: self.look(f"memory of {name}, {when}", image, self.known_to(name)) for name, image in zip(pids, images)}

    def lines(self):
        """Arguments and environments of everything that runs in the house, flows included."""
        for pid in canaries.tree_of(self.house.daemon_pid()):
            for what in "cmdline", "environ":
                data = canaries.bytes_of(f"/proc/{pid}/{what}")
                self.look(f"{what} of {data[:60]!r}", data)

    def files(self, when):
        """{file below the house: its canaries}; what is nobody's business is found."""
        kept = {}
        others = [path for folder in SHARED_FOLDERS for path in canaries.put_into(folder, self.since)]
        for path, found in canaries.files_with(self.all, self.house.home, *others).items():
            name = os.path.relpath(path, self.house.home)
            known = self.known_files.get(name, set())
            if set(found) & known:
                kept[name] = set(found) & known
            strange = {canary: names for canary, names in found.items() if canary not in known}
            if strange:
                self.finds.setdefault(f"{path}, {when}", {}).update(strange)
        return kept

    def sent(self, folder, names):
        """What each process wrote and sent, all of its threads, and which programs it started. {PROCESS: (calls of the system that write, the
        canaries that it may write)}"""
        kept = {}
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            of = names.get(int(name.rsplit(".", 1)[1]))
            self.look(f"what {of or 'a program of theirs'} was started with", canaries.written_in(path, b"execve("))
            if of:
                calls, known = kept.get(of, (set(), set()))
                kept[of] = calls | canaries.calls_in(path), known | self.look(f"written by {of}", canaries.written_in(path), self.known_to(of))
        return kept


class Beat(threading.Thread):
    """Looks again and again while something else goes on, into the memory of some."""

    def __init__(self, hunt, names):
        super().__init__()
        self.hunt = hunt
        self.names = names
        self.over = threading.Event()
        self.error = None
        self.start()

    def run(self):
        rounds = 0
        while not self.over.wait(0.02):
            try:
                self.hunt.lines()
                if rounds % 5 == 0:
                    self.hunt.memory("in between", self.names)
            except OSError:  # just as a child ends
                pass
            except Exception as error:  # told to whoever waits for the end
                self.error = error
                return
            rounds += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        if self.error:
            raise self.error
