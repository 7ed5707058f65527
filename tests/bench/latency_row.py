# SPDX-License-Identifier: MIT
"""p99 of checks by token at half load, with snapshots and without. An open loop: requests are due at fixed times, and latency
counts from then. Half load is half of what a closed loop of the same requests reached right before. A pair is two runs of equal
length, one of them with one snapshot after another, in either order, after a third that does not count; judged by the median
over the pairs."""
import statistics

from loader import load
from peers import OURS, PEER, Meanwhile, Side
from table import shown

GOAL_RATIO, GOAL_MORE_US = 1.5, 200


class Pairs:
    def __init__(self, side, options):
        self.side, self.options = side, options
        self.calm, self.saving, self.snapshots = [], [], 0
        self.words, self.more = side.read()
        most = [load(side.port, self.words, seconds=options.seconds, **self.more) for _ in range(3)]
        self.rate = round(statistics.median(each["per_second"] for each in most) / 2)

    def p99_us(self):
        return load(self.side.port, self.words, rate=self.rate, seconds=self.options.seconds, **self.more)["p99_us"]

    def calm_run(self):
        self.calm.append(self.p99_us())

    def saving_run(self):
        with Meanwhile(lambda: self.side.bgsave_seconds(look_every=0.05)) as saving:  # looking is load, too
            self.saving.append(self.p99_us())
        self.snapshots += saving.calls

    def pair(self, number):
        self.p99_us()  # what the other server left to the kernel, a snapshot's pages, would count for the first of the two
        for run in (self.calm_run, self.saving_run)[::1 if number % 2 == 0 else -1]:
            run()

    def ratio(self):
        return statistics.median(s / c for s, c in zip(self.saving, self.calm))

    def more_us(self):
        return statistics.median(s - c for s, c in zip(self.saving, self.calm))


def latency(table, options):
    both = {OURS: Side(OURS, "--io-threads", str(options.io_threads)), PEER: Side(PEER)}
    try:
        pairs = {}
        for name, side in both.items():
            side.fill(options.sessions, known=min(options.sessions, 20_000))
            pairs[name] = Pairs(side, options)
        for number in range(options.pairs):
            for each in pairs.values():
                each.pair(number)
    finally:
        for side in both.values():
            side.close()
    ours, peer = pairs[OURS], pairs[PEER]
    for what, values in (("without", "calm"), ("with", "saving")):
        table.note(f"p99 at half load, {what} snapshots",
                   *(f"{shown(getattr(p, values), 'us', 0)} at {p.rate}/s" for p in (ours, peer)))
    table.row("p99 with / without (ours, redis)", f"{ours.ratio():.2f}x, {ours.more_us():+.0f} us",
              f"{peer.ratio():.2f}x, {peer.more_us():+.0f} us", "-", f"at most {GOAL_RATIO}x, or +{GOAL_MORE_US} us",
              ours.ratio() <= GOAL_RATIO or ours.more_us() <= GOAL_MORE_US,
              pairs={name: {"calm_p99_us": p.calm, "saving_p99_us": p.saving, "rate": p.rate, "snapshots": p.snapshots}
                     for name, p in pairs.items()})
