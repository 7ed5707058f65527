#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The most important rows of the comparison with redis-server as clients in use meet them: with a password, in RESP3, and with
a few keys that have most of the requests.

    variants.py [--only VARIANT,...] [--rounds N] [--scale X] [--io-threads N] [--json FILE]

TOKMESH_BIN names the server. Equal work on both: A B B A, medians; README.md beside this file says how to read them. Exit code
0, also where a goal was missed."""
import argparse
import collections
import itertools
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ending import run  # noqa: E402
from loader import load  # noqa: E402
from peers import CREATE, DATA, OURS, PEER, SET, TOKEN, Side  # noqa: E402
from resp import Simple  # noqa: E402
from snapshot_rows import in_turn  # noqa: E402
from table import Table, yes_or_no  # noqa: E402

PASSWORD = "bench-password"
VARIANTS = {"auth": {"password": PASSWORD}, "resp3": {"resp3": True}, "zipf": {"zipf_theta": 0.99}}
Row = collections.namedtuple("Row", "kind pipeline requests times cpu_times")  # requests of a round; the two goals
ROWS = (Row("getbytoken", 1, 80_000, 2.5, 3), Row("getbytoken", 16, 400_000, 6, 9), Row("getbytoken", 64, 800_000, 8, 12),
        Row("get", 16, 600_000, 1.2, 1.4), Row("set", 16, 300_000, 1.8, 2), Row("create", 16, 120_000, 7, 8))
KEYS = 200_000
# By Zipf's law the first of 200,000 users has 7 % of all sessions that are made. Both sides allow him as many as ours can, and a
# round of 120,000 with users of its own stays below that: a refusal would be measured as if it were a creation.
MOST_OF_A_USER = 10_000
HEADER = ("row", "ours/s", "redis/s", "ratio", "goal", "reached", "ours us", "redis us", "cpu", "cpu goal", "cpu reached")
WIDTHS = (20, 9, 9, 7, 5, 7, 7, 8, 7, 8, 11)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(VARIANTS), help="of " + ", ".join(VARIANTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of keys and requests, at most 1; goals are for 1")
    parser.add_argument("--io-threads", type=int, default=1, help="of our server; the load generator needs the other core")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    given.only = given.only.split(",")
    if unknown := set(given.only) - set(VARIANTS):
        parser.error(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    if not 0 < given.scale <= 1 or given.rounds < 1:
        parser.error("--scale is above 0 and at most 1, --rounds at least 1")
    given.keys = max(1000, int(KEYS * given.scale))
    return given


class Work:
    """What one side does for each kind of row. Its log is on, as in the comparison without variants."""

    def __init__(self, name, given):
        self.keys, self.scale = given.keys, given.scale
        args = (["--io-threads", str(given.io_threads), "--session-max-per-user", str(MOST_OF_A_USER)] if name == OURS else
                ["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"])
        self.side = Side(name, *args, "--appendfsync", "everysec")
        self.side.fill(self.keys, known=self.keys)
        self.side.fill_strings(self.keys)
        self.reading = self.side.read()
        self.script = None if name == OURS else self.side.script("create")
        self.round = itertools.count(1)
        self.admin = self.side.server.client()  # was in before there was a password

    def words(self, kind):
        if kind == "getbytoken":
            return self.reading
        if kind != "create":
            return {"get": ["GET", "k:__rand_int__"], "set": [*SET, "EX", "3600"]}[kind], {}
        number = next(self.round)  # ids and tokens are new ones, too
        user, more = f"r{number}:__rand_int__", {"first": number * 1_000_000_000}
        if self.script is None:
            return [CREATE[0], user, *CREATE[2:]], more
        return ["EVALSHA", self.script, "0", user, "tmss-01jf8xzm7e3xqh5p__seq_int__", TOKEN, DATA, str(MOST_OF_A_USER)], more

    def measure(self, row, variant):
        """Operations a second, and the server's processor microseconds for each."""
        words, more = self.words(row.kind)
        before = self.side.cpu_seconds()
        done = load(self.side.port, words, requests=max(1000, int(row.requests * self.scale)), pipeline=row.pipeline,
                    **{"keys": self.keys, **more, **variant})
        return done["per_second"], (self.side.cpu_seconds() - before) * 1e6 / done["answered"]

    def require(self, password):
        if self.admin("CONFIG", "SET", "requirepass", password) != Simple(b"OK"):
            raise SystemExit(f"{self.side.name} takes no password")


def compare(table, both, name, row, rounds):
    seen = in_turn(both, rounds, lambda work: work.measure(row, VARIANTS[name]))
    (rates, us), (peer_rates, peer_us) = (zip(*seen[side]) for side in (OURS, PEER))
    ratio = statistics.median(o / p for o, p in zip(rates, peer_rates))
    cpu = statistics.median(p / o for o, p in zip(us, peer_us))
    table.entry(f"{name} {row.kind}_p{row.pipeline}", *(f"{statistics.median(each):.0f}" for each in (rates, peer_rates)),
                f"{ratio:.2f}x", f"{row.times}x", yes_or_no(ratio >= row.times),
                *(f"{statistics.median(each):.2f}" for each in (us, peer_us)),
                f"{cpu:.2f}x", f"{row.cpu_times}x", yes_or_no(cpu >= row.cpu_times),
                ours_per_second=rates, redis_per_second=peer_rates, ours_cpu_us=us, redis_cpu_us=peer_us)


def main():
    given = options()
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.2f} before", file=sys.stderr)
    both = {}
    try:
        for side in (OURS, PEER):
            both[side] = Work(side, given)
        table = Table(HEADER, WIDTHS)
        for name in given.only:
            for work in both.values():
                work.require(VARIANTS[name].get("password", ""))
            for row in ROWS:
                compare(table, both, name, row, given.rounds)
    finally:
        for work in both.values():
            work.side.close()
    print(f"load average {os.getloadavg()[0]:.2f} after", file=sys.stderr)
    if given.json:
        table.write(given.json)


if __name__ == "__main__":
    run(main)
