#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills the server with SIGKILL under concurrent load at random moments and checks it against an oracle after each restart: every
acknowledged write is there, nothing is invented, what was in flight is there whole or not at all, indexes agree with records.

    crash_test.py [--rounds N] [--mode always|everysec|no|all] [--seed S] [--workers N]

TOKMESH_CRASH_ROUNDS (30) are the rounds in each mode. Ends with a negative control, in which an older copy of the data directory
is put back and the oracle must see the loss. Closes with `N passed, N failed`, one a round."""
import argparse
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from server import Server  # noqa: E402
from worker import Worker  # noqa: E402


class Run:
    def __init__(self, mode, seed, workers):
        self.random = random.Random(seed)
        self.server = Server("--appendfsync", mode, "--session-max-per-user", "10000")
        self.workers = [Worker(i, self.random.getrandbits(32), self.server) for i in range(workers)]

    def load(self, seconds):
        """Starts the workers and kills the server under them."""
        for worker in self.workers:
            worker.again()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not any(w.failure for w in self.workers):
            time.sleep(0.002)
        if self.server.gone():
            raise AssertionError(f"the server ended by itself, {self.server.process.returncode}: {self.server.log()[-3000:]}")
        self.server.kill()
        for worker in self.workers:
            worker.join(timeout=60)
        for worker in self.workers:
            if worker.failure:
                raise AssertionError(worker.failure)

    def restart(self):
        if self.random.random() < 0.25:  # killed again, in the middle of recovery
            self.server.launch()
            time.sleep(self.random.uniform(0, 0.03))
            self.server.kill()
        self.server.start()

    def check(self):
        with self.server.client() as client:
            sessions = keys = 0
            names = set()
            for worker in self.workers:
                more_sessions, more_keys = worker.check(client)
                sessions, keys = sessions + more_sessions, keys + more_keys
                names.update(worker.model.keys)
                names.update(session.id for session in worker.model.sessions.values())
            wanted = (sessions, sessions + keys)
            until = time.monotonic() + 5  # what was short-lived is taken back within a second of its end
            while (counted := (client("SESS.COUNT"), client("DBSIZE"))) != wanted and time.monotonic() < until:
                time.sleep(0.01)
            assert counted == wanted, f"COUNT and DBSIZE {counted}, records {wanted}"
            seen = scan(client)
            assert len(seen) == len(set(seen)), "SCAN showed a key twice"
            assert set(seen) == names, f"SCAN: lost {sorted(names - set(seen))[:3]} invented {sorted(set(seen) - names)[:3]}"

    def acknowledged(self):
        return sum(worker.acknowledged for worker in self.workers)


def scan(client):
    seen, cursor = [], b"0"
    while True:
        cursor, page = client("SCAN", cursor, "COUNT", "200")
        seen += page
        if cursor == b"0":
            return seen


def rounds(mode, count, seed, workers):
    run = Run(mode, seed, workers)
    failed, cycles = 0, 0
    with run.server:
        for number in range(count):
            try:
                run.load(run.random.uniform(0.02, 0.6))
                run.restart()
                run.check()
                cycles += 1
            except AssertionError as error:
                failed += 1
                print(f"{mode}, round {number}: {error}")
                keep_evidence(run.server, mode, number)
                break  # the model is no longer the truth
    print(f"{mode}: {cycles + failed} cycles, {run.acknowledged()} acknowledged, {failed} rounds with loss, seed {seed}")
    return cycles, failed


def keep_evidence(server, mode, number):
    place = os.path.join(os.environ.get("TOKMESH_EVIDENCE", os.path.join(HERE, "..", "..", "build", "crash")), f"{mode}-{number}")
    server.kill()
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(server.directory, place)
    shutil.copy(server.log_path, os.path.join(place, "server-output.txt"))
    print(f"the data directory is kept in {os.path.normpath(place)}")


def negative_control(seed, workers):
    """True when the oracle sees that an older state was put back."""
    run = Run("always", seed, workers)
    old = run.server.directory + ".old"
    with run.server:
        run.load(0.3)
        run.restart()
        run.check()
        run.server.kill()
        shutil.copytree(run.server.directory, old)
        run.server.start()
        run.load(0.3)
        shutil.rmtree(run.server.directory)
        shutil.copytree(old, run.server.directory)
        run.server.start()
        try:
            run.check()
        except AssertionError as error:
            print(f"negative control: an older copy was put back, and the oracle says: {str(error)[:150]}")
            return True
    print("negative control: an older copy was put back, and the oracle saw nothing")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("TOKMESH_CRASH_ROUNDS", "30")))
    parser.add_argument("--mode", default="all", choices=["always", "everysec", "no", "all"])
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TOKMESH_SEED", random.SystemRandom().randrange(1 << 32))))
    parser.add_argument("--workers", type=int, default=6)
    options = parser.parse_args()
    passed = failed = 0
    for mode in ["always", "everysec", "no"] if options.mode == "all" else [options.mode]:
        good, bad = rounds(mode, options.rounds, options.seed, options.workers)
        passed, failed = passed + good, failed + bad
    blind = failed == 0 and not negative_control(options.seed, options.workers)  # a server that loses needs no control
    print(f"{passed + (not blind)} passed, {failed + blind} failed")
    return 1 if failed or blind else 0


if __name__ == "__main__":
    sys.exit(main())
