#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a server costs that has nothing to do: memory and wake-ups of an empty one with its default settings, and with 10,000
connections that said PING once and wait. Redis with its defaults beside it.

    idle.py [--connections N] [--seconds S] [--json FILE]

TOKMESH_BIN names the server; README.md beside this file says how to read it. Exit code 0, also where a goal was missed."""
import argparse
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ending import run  # noqa: E402
from peers import OURS, PEER, field_bytes, read  # noqa: E402
from resp import Simple  # noqa: E402
from server import Server  # noqa: E402
from table import Table  # noqa: E402

GOAL_MB, GOAL_WAKEUPS, GOAL_KB = 20, 10, 4  # MB and KB of the goals are the small ones: 10^6 and 10^3 bytes
SETTLE_SECONDS = 2.0  # until what a start or 10,000 connections left to do is done


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000, help="at most 10,000, the default of maxclients")
    parser.add_argument("--seconds", type=float, default=10.0, help="for which wake-ups are counted")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    if not 1 <= given.connections <= 10_000 or given.seconds <= 0:
        parser.error("--connections from 1 to 10,000, --seconds above 0")
    return given


def allow_files(connections):
    """For this process, and for the servers that inherit it."""
    needed, (_, hard) = connections + 500, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"{connections} connections need {needed} open files, and the limit is {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def switches(pid):
    """Of each thread: how often it was given a processor since it began, because it had waited or because others had a turn."""
    tasks = f"/proc/{pid}/task"
    return {task: sum(int(line.split()[1]) for line in read(f"{tasks}/{task}/status").splitlines() if "ctxt_switches" in line)
            for task in os.listdir(tasks)}


def wakeups_per_second(pid, seconds):
    """Of each thread, the busiest first, as (name, figure): several have one name."""
    time.sleep(SETTLE_SECONDS)
    before, begin = switches(pid), time.monotonic()
    time.sleep(seconds)
    after, took = switches(pid), time.monotonic() - begin
    threads = [(read(f"/proc/{pid}/task/{task}/comm").strip(), (after[task] - before.get(task, 0)) / took) for task in after]
    return sorted(threads, key=lambda thread: -thread[1])


def total(threads):
    return sum(figure for _, figure in threads)


def busiest(threads):
    return ", ".join(f"{name} {figure:.1f}" for name, figure in threads if figure >= 0.05) or "none"


def connected(server, count, into):
    for _ in range(count):
        into.append(server.client())
        if into[-1]("PING") != Simple(b"PONG"):
            raise SystemExit(f"connection {len(into)} got no PONG")


def figures(server, given):
    pid = server.process.pid
    empty = wakeups_per_second(pid, given.seconds)
    empty_bytes = field_bytes(f"/proc/{pid}/status", "VmRSS")
    connections = []
    try:
        connected(server, given.connections, connections)
        with_them = wakeups_per_second(pid, given.seconds)
        more_bytes = field_bytes(f"/proc/{pid}/status", "VmRSS") - empty_bytes
    finally:
        for each in connections:
            each.close()
    return {"MB": empty_bytes / 1e6, "KB": more_bytes / 1e3 / given.connections, "empty": total(empty), "threads": empty,
            "connected": total(with_them), "threads_connected": with_them}


def report(table, ours, peer, connections):
    def goal(row, figure, unit, most):
        table.row(row, f"{ours[figure]:.2f} {unit}", f"{peer[figure]:.2f} {unit}", "-", f"under {most} {unit}",
                  ours[figure] < most, ours_figure=ours[figure], redis_figure=peer[figure])

    def by_thread(figure):
        table.note(f"  of {len(ours[figure])} threads, and {len(peer[figure])}", busiest(ours[figure]), busiest(peer[figure]),
                   ours_threads=ours[figure], redis_threads=peer[figure])

    goal("RSS of an empty server", "MB", "MB", GOAL_MB)
    goal("wake-ups, empty", "empty", "a second", GOAL_WAKEUPS)
    by_thread("threads")
    goal(f"RSS of each of {connections} idle", "KB", "KB", GOAL_KB)
    goal("wake-ups with them", "connected", "a second", GOAL_WAKEUPS)
    by_thread("threads_connected")


def main():
    given = options()
    allow_files(given.connections)
    table, seen = Table(), {}
    for name in (OURS, PEER):
        with Server(reference=name == PEER) as server:
            seen[name] = figures(server, given)
    report(table, seen[OURS], seen[PEER], given.connections)
    if given.json:
        table.write(given.json)


if __name__ == "__main__":
    run(main)
