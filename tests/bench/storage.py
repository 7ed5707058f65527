#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What snapshots, restarts and encryption cost, beside redis-server 7.0 with equal data, and whether our goals are reached.

    storage.py [--only ROW,...] [--scale X] [--rounds N] [--pairs N] [--no-five-million] [--json FILE]

TOKMESH_BIN names the server. Prints medians with min..max; README.md beside this file says how to read them. Exit code 0, also
where a goal was missed: on a machine that others use, a wall time is an observation."""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from encryption_rows import encryption  # noqa: E402
from ending import run  # noqa: E402
from latency_row import latency  # noqa: E402
from memory_row import memory  # noqa: E402
from snapshot_rows import five_million, snapshots_and_restarts  # noqa: E402
from table import Table  # noqa: E402

ROWS = ("snapshot", "restart", "five-million", "memory", "latency", "encryption")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ROWS), help="of " + ", ".join(ROWS))
    parser.add_argument("--scale", type=float, default=1.0, help="of a million sessions; goals are for 1")
    parser.add_argument("--rounds", type=int, default=5, help="of snapshots, restarts and, twice as many, of encryption")
    parser.add_argument("--pairs", type=int, default=10, help="of open-loop runs with snapshots and without")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run of a pair")
    parser.add_argument("--io-threads", type=int, default=1, help="of our server; the load generator needs the other core")
    parser.add_argument("--no-five-million", action="store_true")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    wanted = set(given.only.split(",")) - ({"five-million"} if given.no_five_million else set())
    if unknown := wanted - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if given.scale <= 0 or given.rounds < 1 or given.pairs < 1 or given.seconds <= 0:
        parser.error("--scale, --rounds, --pairs and --seconds must be above 0")
    given.wants = lambda *rows: bool(wanted & set(rows))
    given.sessions = max(1000, int(1_000_000 * given.scale))
    return given


def main():
    given = options()
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.2f} before", file=sys.stderr)
    table = Table()
    if given.wants("snapshot", "restart"):
        snapshots_and_restarts(table, given)
    for row, measure in (("five-million", five_million), ("memory", memory), ("latency", latency), ("encryption", encryption)):
        if given.wants(row):
            measure(table, given)
    print(f"load average {os.getloadavg()[0]:.2f} after", file=sys.stderr)
    if given.json:
        table.write(given.json)


if __name__ == "__main__":
    run(main)
