# SPDX-License-Identifier: MIT
"""How long a snapshot takes, and how long a start from one: of equal sessions, in turn, nothing else going on."""
import statistics

from peers import OURS, PEER, Side
from table import shown

FIVE_MILLION_SECONDS = 5


def sides(options):
    """Both servers, filled. The peer's file is its RDB, the faster of its two ways to start."""
    both = {OURS: Side(OURS, "--io-threads", str(options.io_threads)), PEER: Side(PEER)}
    for side in both.values():
        side.fill(options.sessions)
    return both


def in_turn(both, rounds, measure):
    """A B B A ...: what drifts hits both."""
    seen = {name: [] for name in both}
    for number in range(rounds):
        for name in list(both)[::1 if number % 2 == 0 else -1]:
            seen[name].append(measure(both[name]))
    return seen


def with_cpu(action):
    """Seconds of the clock, and of a processor by the server: what others do on the machine is hardly in the second."""
    def measure(side):
        pid, before = side.pid, side.cpu_seconds_ever()
        seconds = action(side)
        return seconds, side.cpu_seconds_ever() - (before if side.pid == pid else 0)  # a restart makes another process

    return measure


def faster(table, name, both, options, action, times):
    measured = in_turn(both, options.rounds, with_cpu(action))
    seen = {side: [seconds for seconds, _ in measured[side]] for side in both}
    cpu = {side: [used for _, used in measured[side]] for side in both}
    ratio = statistics.median(p / o for o, p in zip(seen[OURS], seen[PEER]))
    table.row(name, shown(seen[OURS], "s"), shown(seen[PEER], "s"), f"{ratio:.1f}x", f"at least {times}x faster", ratio >= times,
              ours_seconds=seen[OURS], redis_seconds=seen[PEER])
    table.note("  processor time of it", shown(cpu[OURS], "s"), shown(cpu[PEER], "s"), ours_cpu=cpu[OURS], redis_cpu=cpu[PEER])


def snapshots_and_restarts(table, options):
    both = sides(options)
    try:
        if options.wants("snapshot"):
            faster(table, f"SAVE of {options.sessions} sessions", both, options, Side.save_seconds, 4)
            faster(table, f"BGSAVE of {options.sessions} sessions", both, options, Side.bgsave_seconds, 4)
        if options.wants("restart"):
            for side in both.values():
                side.call("SAVE")
            faster(table, f"ready with {options.sessions} sessions", both, options, Side.restart_seconds, 6)
    finally:
        for side in both.values():
            side.close()


def five_million(table, options):
    """Ours alone: its promise is in seconds. The start before has left the file in the page cache."""
    count = 5 * options.sessions
    side = Side(OURS, "--io-threads", str(options.io_threads))
    try:
        side.fill(count)
        side.call("SAVE")
        side.restart_seconds()
        measured = [with_cpu(Side.restart_seconds)(side) for _ in range(3)]
    finally:
        side.close()
    seconds, cpu = zip(*measured)
    reached = statistics.median(seconds) < FIVE_MILLION_SECONDS
    table.row(f"ready with {count} sessions", shown(seconds, "s"), "-", "-", f"under {FIVE_MILLION_SECONDS} s", reached,
              ours_seconds=seconds)
    table.note("  processor time of it, all cores", shown(cpu, "s"), "-", ours_cpu=cpu)
