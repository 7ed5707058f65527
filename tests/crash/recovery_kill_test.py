#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills the real server at every writing system call of its start, on directories that a SIGKILL left behind, with a sound and
with a torn end. The clean start that follows must show the state that an undisturbed start of the same directory shows; so must
one after starts that were killed one after the other without a clean one between.

    recovery_kill_test.py [--rounds N] [--seed S] [--server-args '...'] [--bgsave]

TOKMESH_RECOVERY_KILLS (40) are the kills at most; 0 is every one there is. Closes with `N passed, N failed`."""
import glob
import os
import random
import shutil
import sys
import time

from injection import Injection, WRITING, places, under_strace
from load import Run, Server, keep_evidence, options_parser, scan, start
from resp import fields, is_null
from server import Failed, poll


def state(server):
    """All that a client can see, but for what expires by itself."""
    with server.client() as client:
        names = sorted(scan(client))
        kinds = client.pipeline([["TYPE", name] for name in names])
        seen = {}
        for name, kind in zip(names, kinds):
            if kind == b"session":
                entry = fields(client("SESS.GET", name))
                if entry and not entry[b"user_id"].startswith(b"brief-"):
                    seen[name] = {**entry, b"data": fields(entry[b"data"])}
            elif not name.startswith(b"brief-"):
                value = client("GET", name)
                if not is_null(value):
                    seen[name] = (value, client("PEXPIRETIME", name))
        return seen


def tear(directory):
    """The last thing that was written arrived in part. False when nothing was written to the last segment yet."""
    path = max(glob.glob(os.path.join(directory, "wal-*.log")))
    with open(path, "r+b") as log:
        end = len(log.read().rstrip(b"\0"))
        log.seek(end - 20)
        return end > 4096 + 56 and log.write(bytes(20)) > 0


class Place:
    """A directory as a crash left it, and the state that it holds."""

    def __init__(self, torn, seed, options):
        self.torn, self.number = torn, 0
        mode = "no" if torn else "everysec"
        self.server = Server("--appendfsync", mode, "--session-max-per-user", "10000", *options.server_args)
        self.original, self.output = self.server.directory + ".original", os.path.join(self.server.own, "calls")
        try:
            run = Run(self.server, seed, 4, options.bgsave)
            start(self.server)
            for _ in range(2):
                run.load(0.3)
                start(self.server)
                run.check()
            run.load(0.3)
            while torn and not tear(self.server.directory):
                start(self.server)
                run.check()
                run.load(0.1)
            os.rename(self.server.directory, self.original)
            self.reset()
            start(self.server)
            self.reference = state(self.server)
            assert len(self.reference) > 20, f"only {len(self.reference)} records to recover"
            self.server.kill()
            set_aside = glob.glob(os.path.join(self.server.directory, "lost-*"))
            assert set_aside or not torn, "a torn end, but nothing was set aside"
            self.found = self.writing_calls()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.server.__exit__()

    def reset(self):
        shutil.rmtree(self.server.directory, ignore_errors=True)
        shutil.copytree(self.original, self.server.directory)

    def launch(self, injection=None):
        """Returns True when the server came up."""
        self.server.wrap = under_strace(self.server.directory, self.output, injection)
        self.server.launch()
        try:
            poll(lambda: self.server.gone() or self.server.answers(), 30, "a start")
        except Failed as error:
            raise AssertionError(str(error)) from error
        return not self.server.gone()

    def writing_calls(self):
        """[(call, N)] of an undisturbed start; a SIGKILL ends the trace when the server answers."""
        self.reset()
        assert self.launch(), f"no start under strace: {self.server.log()[-1000:]}"
        self.server.kill()
        found = places(self.output, self.server.directory)
        return [(call, n) for call in WRITING for n in found.get(call, ())]

    def kill_at(self, call, n):
        """True when the start was killed there, False when it came up first."""
        up = self.launch(Injection(call, "signal=KILL", str(n)))
        if up:
            self.server.kill()
            return False
        code = self.server.process.returncode
        assert code == -9, f"a start ended with {code}: {self.server.log()[-800:]}"
        return True

    def compare(self):
        self.server.wrap = []
        start(self.server)
        until = time.monotonic() + 5
        while (seen := state(self.server)) != self.reference and time.monotonic() < until:
            time.sleep(0.05)
        self.server.kill()
        wanted = self.reference
        wrong = [k for k in seen.keys() | wanted.keys() if seen.get(k) != wanted.get(k)]
        assert not wrong, f"{len(wrong)} of {len(wanted)} differ: {wrong[0]!r} {seen.get(wrong[0])} {wanted.get(wrong[0])}"


class Figures:
    good = bad = kills = missed = 0

    def attempt(self, place, name, calls):
        """One copy of the directory, killed at each of `calls`, then a clean start."""
        try:
            place.reset()
            killed = sum([place.kill_at(call, n) for call, n in calls])
            place.compare()
            self.kills, self.missed = self.kills + killed, self.missed + len(calls) - killed
            self.good += killed > 0
        except AssertionError as error:
            self.bad += 1
            print(f"{name}: {error}")
            keep_evidence(place.server, f"recovery-{name}")


def main():
    options = options_parser(__doc__, 40, "TOKMESH_RECOVERY_KILLS").parse_args()
    rng, figures, there = random.Random(options.seed), Figures(), 0
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed")
    for torn in (True, False):
        place = Place(torn, options.seed, options)
        try:
            there += len(place.found)
            rarest = sorted(place.found, key=lambda found: (sum(call == found[0] for call, _ in place.found), rng.random()))
            wanted = rarest[:options.rounds // 2] if options.rounds else place.found
            kind = "torn end" if torn else "sound end"
            for call, n in wanted:
                figures.attempt(place, f"{kind}, {call} {n}", [(call, n)])
            for call in dict.fromkeys(call for call, _ in wanted):
                series = [found for found in wanted if found[0] == call]
                figures.attempt(place, f"{kind}, all {call}", series[:10])
        finally:
            place.close()
    print(f"kills: {figures.kills} at {there} writing calls of two starts, {figures.missed} came too late, seed {options.seed}")
    print(f"{figures.good} passed, {figures.bad} failed")
    return 1 if figures.bad or not figures.good else 0


if __name__ == "__main__":
    sys.exit(main())
