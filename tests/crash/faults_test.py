#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets single system calls of the real server fail (EIO, ENOSPC), cut short (a file size limit) or kill it, over start, load,
snapshots where the server has BGSAVE, and stop. After each, it went on, refused with MISCONF or ended with one clear line;
where a write or sync of the log failed it must have ended. A clean start then has every acknowledged write and nothing that was
refused or invented.

    faults_test.py [--rounds N] [--seed S] [--server-args '...'] [--only CALL:WHAT:WHEN]

TOKMESH_FAULTS (60) are the injections that hit; those that met no call are not counted. Closes with `N passed, N failed`."""
import collections
import os
import random
import resource
import shutil
import sys
import time

from injection import Injection, calls_in, injected, places, under_strace
from load import Closed, Run, Server, has_command, keep_evidence, options_parser, start
from server import Failed, poll
import model as m
from worker import Worker

COMMANDS, WORKERS = 30, 3
ON_ONE_DIRECTORY = 15
WORDS = {"error=EIO": "Input/output error", "error=ENOSPC": "No space left on device", "limit": "File too large"}
LARGE = 200_000  # bytes: some ten of them fill the first segment of a start, so that rotation is met


class FaultWorker(Worker):
    """One operation at a time, so that a refusal leaves no doubt about what follows."""
    refused, hung = 0, False

    def run(self):
        try:
            with self.server.client(timeout=20) as client:
                for _ in range(COMMANDS):
                    self.one_batch(client)
        except (Closed, OSError) as error:
            self.hung = "timed out" in str(error)
        except Exception as error:  # pylint: disable=broad-except
            self.failure = f"worker {self.number}: {type(error).__name__}: {error}"

    def one_batch(self, client):
        operation = self.choose(self.model, set())
        self.pending, self.batch_sent = [operation], time.monotonic()
        client.send(operation.args)
        reply = client.read()
        if isinstance(reply, bytes) and reply.startswith(b"MISCONF TM-SYS-5001"):
            self.pending = []
            self.refused += 1
        else:
            self.answered(operation, reply)

    def key_operation(self, model):
        if self.random.random() < 0.15:
            return m.put(self.random.choice(self.keys), b"%d" % self.random.randrange(1 << 40) * (LARGE // 13))
        return super().key_operation(model)


class Trial:
    """A server on a directory of its own that lives through one fault after the other."""

    def __init__(self, seed, args):
        self.random = random.Random(seed)
        self.server = Server("--session-max-per-user", "10000", *args)
        self.settings, self.output = list(self.server.args), os.path.join(self.server.own, "calls")
        self.run = Run(self.server, seed, WORKERS, worker=FaultWorker)
        self.ready, self.ending, self.bytes_before, self.outcome = None, 0.0, 0, ""

    def prime(self):
        """A first life without faults, so that the next start has something to recover."""
        self.launch([])
        self.live()
        self.server.kill()
        return self

    def launch(self, wrap, mode=None):
        mode = mode or self.random.choice(["always", "everysec"])
        self.server.args, self.server.wrap = ["--appendfsync", mode, *self.settings], wrap
        self.bytes_before = os.path.getsize(self.server.log_path) if os.path.exists(self.server.log_path) else 0
        self.ready = None
        self.server.launch()
        self.wait(lambda: self.server.gone() or self.server.answers(), "the start")
        self.ready = None if self.server.gone() else time.time()

    @staticmethod
    def wait(done, what):
        try:
            poll(done, 30, what)
        except Failed as error:
            raise AssertionError(str(error)) from error

    def live(self, prepare=None):
        """Load, snapshots, a look at the state, the end. Stops where the server does."""
        if self.ready and prepare:
            prepare()
        for worker in self.run.workers if self.ready else ():
            worker.again()
        if self.ready:
            self.snapshots()
        for worker in self.run.workers if self.ready else ():
            worker.join(timeout=60)
            assert not worker.failure, worker.failure
            assert not worker.is_alive() and not worker.hung, f"worker {worker.number} got no answer for 20 s"
        if self.server.gone() or not self.ready:
            return
        try:
            self.run.check()
        except (Closed, OSError):
            self.wait(self.server.gone, "a connection broke, but the server's end")

    def snapshots(self):
        try:
            with self.server.client(timeout=20) as client:
                if not has_command(client, "BGSAVE"):
                    return
                for _ in range(2):
                    client("BGSAVE")
                    self.wait(lambda: b"rdb_bgsave_in_progress:0" in client("INFO", "persistence"), "a snapshot does not end")
        except (Closed, OSError) as error:
            assert "timed out" not in str(error), "no answer for 20 s to BGSAVE or INFO"

    def end(self):
        """The end that is left to it: SIGTERM or SIGKILL. Then what it said about the fault is looked at."""
        killed, self.ending = False, time.time()
        if not self.server.gone():
            if self.random.random() < 0.5:
                self.server.kill()
                killed = True
            else:
                self.server.terminate()
                self.wait(self.server.gone, "SIGTERM does not end it; that")
        return killed, self.server.process.returncode

    def judge(self, words, killing):
        alive = not self.server.gone()
        refused = sum(worker.refused for worker in self.run.workers)
        killed, code = self.end()
        said = self.said()
        if code == 1:
            lines = [line for line in said.strip().split("\n") if words in line and line.startswith("tokmesh: ")]
            assert len(lines) == 1, f"it ended with 1 and {len(lines)} lines that say why: {said[-1500:]}"
        else:
            assert code == 0 or (code == -9 and (killed or killing)), f"it ended with {code}: {said[-1500:]}"
        if code == -9 and not killed:
            self.outcome = "was killed"
        else:
            self.outcome = "ended" if code == 1 or not alive else "refused writes" if refused else "went on"
        for worker in self.run.workers:
            worker.refused = 0

    def said(self):
        with open(self.server.log_path, "rb") as log:
            log.seek(self.bytes_before)
            return log.read().decode("utf-8", "replace")

    def clean_restart(self):
        self.server.wrap = []
        start(self.server)
        self.run.check()
        self.server.kill()

    def inject(self, injection):
        """The phase of the first hit in a list, or none if no call was met."""
        self.launch(under_strace(self.server.directory, self.output, injection))
        self.live()
        self.judge(WORDS.get(injection.what, "?"), injection.what == "signal=KILL")
        hits = injected(self.output, self.server.directory)
        if self.outcome == "was killed":
            hits = list(calls_in(self.output))[-1:]
        elif injection.call in ("pwrite64", "fdatasync") and any("/wal-" in hit.text for hit in hits):
            assert self.outcome == "ended", f"the log failed, but it {self.outcome}"
        phases = [self.phase(hit) for hit in hits]
        self.clean_restart()
        return phases[:1]

    def phase(self, hit):
        if "snapshot" in hit.text:
            return "snapshot"
        if self.ready is None or hit.time < self.ready:
            return "start"
        return "load" if hit.time < self.ending else "stop"

    def limit(self, size):
        """No file may grow beyond `size`: the write that crosses it is short, the next one fails. The lines that say why go to a
        file, too, which must have room for them."""
        self.launch([])
        size = max(size, os.path.getsize(self.server.log_path) + 4096)
        self.live(lambda: resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY)))
        self.judge(WORDS["limit"], False)
        self.clean_restart()
        return ["load"]


def find_places(seed, args):
    """Which calls a whole life makes, and how many of each in a thread."""
    trial = Trial(seed, args)
    try:
        trial.prime().launch(under_strace(trial.server.directory, trial.output), "always")
        trial.live()
        trial.server.terminate()
        trial.wait(trial.server.gone, "the end")
        return places(trial.output, trial.server.directory)
    finally:
        trial.server.__exit__()


def plan(found, rng):
    """What to try: each call in turn, a file size limit after every eighth. Ends when each place was tried twice, since the mode
    is drawn by lot."""
    calls = {call: [(n, what) for n in numbers for what in ("error=EIO", "error=ENOSPC", "signal=KILL")] * 2
             for call, numbers in found.items()}
    for pairs in calls.values():
        rng.shuffle(pairs)
    number = 0
    while any(calls.values()):
        for call, pairs in calls.items():
            if pairs:
                n, what = pairs.pop()
                lasting = what != "signal=KILL" and rng.random() < 0.3
                yield Injection(call, what, f"{n}+" if lasting else str(n))
                number += 1
                if number % 8 == 0:
                    yield Injection("limit", str(rng.randrange(4096, 5 << 20)), "")


class Counts:
    def __init__(self):
        self.calls, self.phases, self.outcomes = collections.Counter(), collections.Counter(), collections.Counter()
        self.good = self.bad = self.missed = 0

    def attempt(self, trial, fault):
        """False when a rule was broken, and then the trial's model is no longer the truth."""
        name = ":".join(fault).rstrip(":")
        try:
            phases = trial.limit(int(fault.what)) if fault.call == "limit" else trial.inject(fault)
        except AssertionError as error:
            self.bad += 1
            print(f"{name}, {' '.join(trial.server.args)}: {error}")
            keep_evidence(trial.server, f"fault-{name}")
            return False
        if phases:
            self.good += 1
            self.calls[fault.call] += 1
            self.phases[phases[0]] += 1
            self.outcomes[trial.outcome] += 1
        else:
            self.missed += 1
        return True


def shown(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def try_all(faults, options):
    counts, trial = Counts(), None
    try:
        for number, fault in enumerate(faults):
            if trial is None or number % ON_ONE_DIRECTORY == 0:
                if trial:
                    trial.server.__exit__()
                trial = Trial(options.seed + number, options.server_args)
                trial.prime()
            if not counts.attempt(trial, fault):
                trial.server.__exit__()
                trial = None
            if counts.good + counts.bad >= options.rounds or counts.bad >= 5:
                break
    finally:
        if trial:
            trial.server.__exit__()
    return counts


def main():
    parser = options_parser(__doc__, 60, "TOKMESH_FAULTS")
    parser.add_argument("--only", help="one fault, as it is printed: fdatasync:error=EIO:2")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed")
    if options.only:
        faults = [Injection(*(options.only + ":").split(":")[:3])]
    else:
        found = find_places(options.seed, options.server_args)
        print("calls on the data directory: " + ", ".join(f"{call} {len(numbers)}" for call, numbers in found.items()))
        faults = plan(found, random.Random(options.seed))
    counts = try_all(faults, options)
    print(f"faults: {counts.good + counts.bad} ({shown(counts.calls)}), {counts.missed} more met no call, seed {options.seed}")
    print(f"phases: {sum(counts.phases.values())} ({shown(counts.phases)})")
    print(f"outcomes: {sum(counts.outcomes.values())} ({shown(counts.outcomes)})")
    print(f"{counts.good} passed, {counts.bad} failed")
    return 1 if counts.bad else 0


if __name__ == "__main__":
    sys.exit(main())
