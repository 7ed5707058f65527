#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hours of steady work at 70 % of what the machine can do: does memory grow, do latencies, is anything lost?

    soak.py [--seconds N] [--window N] [--snapshot-seconds N] [--percent N] [--io-threads N] [--json FILE]

A line for each window, then a table of verdicts; TOKMESH_BIN names the server, README.md beside this file says how to read
it. Exit code 1 for an error, a lost answer or a lost session, else 0, also where memory or latencies were not flat."""
import argparse
import os
import re
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ending import run  # noqa: E402
from peers import OURS, Side, field_bytes, read  # noqa: E402
from resp import fields  # noqa: E402
from soak_mix import READ, WRITES, Mix, reads_per_second  # noqa: E402
from table import Table  # noqa: E402

STAYING = 20_000  # sessions that outlive the soak
GOAL_MORE_PERCENT, GOAL_P99_TIMES = 2, 1.5
CALIBRATION_SECONDS = 10
WINDOW = ("second", "RSS MB", "read p99 ms", "write p99 ms", "reads/s", "writes/s", "sessions", "snapshots", "errors", "steal %",
          "load")
WINDOW_WIDTHS = (6, 8, 11, 12, 8, 8, 9, 9, 6, 7, 5)
VERDICT = ("verdict", "second third", "last third", "", "goal", "reached")
VERDICT_WIDTHS = (34, 26, 26, 8, 24, 7)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600, help="in all, cut to whole windows; the staying sessions live a day")
    parser.add_argument("--window", type=int, default=60, help="seconds")
    parser.add_argument("--snapshot-seconds", type=int, default=60, help="the server's snapshot-interval")
    parser.add_argument("--percent", type=float, default=70, help="of what a closed loop reached")
    parser.add_argument("--io-threads", type=int, default=1, help="of the server; the load generators need the other core")
    parser.add_argument("--json", help="a file for the figures")
    given = parser.parse_args()
    if given.window < 1 or not 3 * given.window <= given.seconds <= 80_000:
        parser.error("--seconds are at least three windows, one for each third, and at most 80,000")
    given.windows = given.seconds // given.window
    return given


class Steal:
    """Percent of the processors' time that the host of a virtual machine gave to others since the last look."""

    def __init__(self):
        self.before = self.ticks()

    @staticmethod
    def ticks():
        return [int(word) for word in read("/proc/stat").split("\n", 1)[0].split()[1:9]]  # guests' are in user's already

    def percent(self):
        now = self.ticks()
        passed = [new - old for new, old in zip(now, self.before)]
        self.before = now
        return 100 * passed[7] / max(1, sum(passed))


def snapshots(side):
    info = side.call("INFO", "persistence")
    return (int(re.search(rb"\r\nsnapshots_%s:(\d+)" % what, info).group(1)) for what in (b"taken", b"failed"))


class Watch:
    """Lines of windows, and what they add up to."""

    def __init__(self, side):
        self.side, self.steal, self.windows = side, Steal(), []
        self.lines = Table(WINDOW, WINDOW_WIDTHS)

    def look(self, second, seen):
        taken, failed = snapshots(self.side)
        writes = [seen[kind] for kind in WRITES]
        window = {"rss_mb": field_bytes(f"/proc/{self.side.pid}/status", "VmRSS") / 1e6,
                  "read_p99_ms": seen[READ]["p99_us"] / 1e3, "write_p99_ms": max(each["p99_us"] for each in writes) / 1e3,
                  "snapshots": taken, "snapshots_failed": failed, "sessions": self.side.call("SESS.COUNT")}
        self.windows.append(window)
        self.lines.entry(second, f"{window['rss_mb']:.1f}", f"{window['read_p99_ms']:.2f}", f"{window['write_p99_ms']:.2f}",
                         f"{seen[READ]['per_second']:.0f}", f"{sum(each['per_second'] for each in writes):.0f}",
                         window["sessions"], taken, sum(each["errors"] for each in seen.values()) + failed,
                         f"{self.steal.percent():.1f}", f"{os.getloadavg()[0]:.1f}", **window)

    def thirds(self, figure):
        """Medians of the second and of the last; the first is warming up."""
        third = len(self.windows) // 3
        values = [window[figure] for window in self.windows][-2 * third:]
        return statistics.median(values[:third]), statistics.median(values[third:])


def staying_lost(side):
    """Of the sessions that outlive the soak, those that their token does not find, or finds with another user."""
    with open(side.tokens, "rb") as file:
        tokens = file.read().split()
    with side.server.client() as client:
        found = client.pipeline([[b"SESS.GETBYTOKEN", token, b"FIELDS", b"1", b"user_id"] for token in tokens])
    return sum(fields(reply).get(b"user_id") != b"known:%012d" % i for i, reply in enumerate(found))


def verdicts(watch, figures, lost_sessions):
    """Prints them; whether nothing was wrong or lost."""
    table = Table(VERDICT, VERDICT_WIDTHS)
    before, after = watch.thirds("rss_mb")
    more = (after / before - 1) * 100
    table.row("memory is flat", f"{before:.1f} MB", f"{after:.1f} MB", f"{more:+.1f}%", f"at most +{GOAL_MORE_PERCENT}%",
              more <= GOAL_MORE_PERCENT)
    for kind in ("read", "write"):
        before, after = watch.thirds(f"{kind}_p99_ms")
        table.row(f"p99 of {kind}s is flat", f"{before:.2f} ms", f"{after:.2f} ms", f"{after / before:.2f}x",
                  f"at most {GOAL_P99_TIMES}x", after <= GOAL_P99_TIMES * before)
    errors = sum(each["errors"] for each in figures.values()) + watch.windows[-1]["snapshots_failed"]
    first = next((each["first_error"] for each in figures.values() if each["first_error"]), "")
    due, answered = (sum(each[what] for each in figures.values()) for what in ("due", "answered"))
    table.row("no error", f"{errors} errors", first, "", "none", errors == 0)
    table.row("no answer is lost", f"{due} due", f"{answered} answered", "", "all", due == answered)
    table.row("no session is lost", f"{STAYING} stay", f"{STAYING - lost_sessions} found", "", "all", lost_sessions == 0)
    return table, errors == 0 and due == answered and lost_sessions == 0


def soak(side, given):
    side.fill(STAYING, known=STAYING)
    reached, reads = reads_per_second(side, given.percent, min(CALIBRATION_SECONDS, given.window))
    writes = sum(rate for rate, *_ in WRITES.values())
    print(f"a closed loop reached {reached:.0f}/s; now {writes} writes and {reads} reads a second, "
          f"{100 * (writes + reads) / reached:.0f} % of it", file=sys.stderr)
    watch = Watch(side)
    mix = Mix(side, reads, seconds=given.windows * given.window, window=given.window)
    try:
        for number in range(given.windows):
            watch.look((number + 1) * given.window, mix.window())
        figures = mix.figures()
    finally:
        mix.end()
    print(flush=True)
    table, well = verdicts(watch, figures, staying_lost(side))
    if given.json:
        table.rows += watch.windows
        table.write(given.json)
    return 0 if well else 1


def main():
    given = options()
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.2f} before", file=sys.stderr)
    side = Side(OURS, "--io-threads", str(given.io_threads), "--appendfsync", "everysec",
                "--snapshot-interval", str(given.snapshot_seconds))
    try:
        return soak(side, given)
    except SystemExit:
        if side.server.gone():
            print(f"the server ended with {side.server.process.returncode}: {side.server.log()[-1000:]}", file=sys.stderr)
        raise
    finally:
        side.close()


if __name__ == "__main__":
    run(main)
