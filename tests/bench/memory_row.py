# SPDX-License-Identifier: MIT
"""Memory that a snapshot needs while 20,000 SETs a second change existing keys. Each round looks at the same load twice: the peak
of a second without a snapshot, and the peak while one runs. Both servers are polled for PSS, which counts what a forked child
shares with its parent once; the peak of ours is besides the kernel's own (VmHWM, set back before), which misses nothing."""
import re
import statistics
import time

from loader import Load
from peers import OURS, PEER, SET, Meanwhile, Side, field_bytes
from table import shown

MIB = 1 << 20
RATE, GOAL_MIB, CALM_SECONDS = 20_000, 32, 1.0


class Peak:
    """The most that was resident since it was made."""

    def __init__(self, side):
        self.side, self.most = side, 0
        with open(f"/proc/{side.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # VmHWM begins anew

    def look(self):
        self.most = max(self.most, self.side.resident_bytes())
        time.sleep(0.01)

    def bytes(self):
        if self.side.name == PEER:
            return self.most
        return field_bytes(f"/proc/{self.side.pid}/status", "VmHWM")


def peak_during(side, action):
    peak = Peak(side)
    if side.name == OURS:
        action()
    else:
        with Meanwhile(peak.look):
            action()
    return peak.bytes()


def commands(side):
    return int(re.search(rb"total_commands_processed:(\d+)", side.call("INFO", "stats")).group(1))


def extra_mib(side, keys):
    """Of one round, and the rate that the load had while the snapshot ran."""
    setting = Load(side.port, SET, keys=keys, rate=RATE, seconds=300)
    try:
        time.sleep(1.0)  # buffers grow to what the load needs
        calm = peak_during(side, lambda: time.sleep(CALM_SECONDS))
        before, begin = commands(side), time.monotonic()
        saving = peak_during(side, side.bgsave_seconds)
        return (saving - calm) / MIB, (commands(side) - before) / (time.monotonic() - begin)
    finally:
        setting.end()


def memory(table, options):
    keys = max(1000, options.sessions // 5)
    both = {OURS: Side(OURS, "--io-threads", str(options.io_threads)), PEER: Side(PEER)}
    extra, rates = {OURS: [], PEER: []}, {OURS: [], PEER: []}
    try:
        for side in both.values():
            side.fill(options.sessions)
            side.fill_strings(keys)
        for _ in range(3):
            for side in both.values():
                mib, rate = extra_mib(side, keys)
                extra[side.name].append(mib)
                rates[side.name].append(rate)
    finally:
        for side in both.values():
            side.close()
    cells = (f"{shown(extra[name], 'MiB', 1)} at {statistics.median(rates[name]):.0f}/s" for name in (OURS, PEER))
    table.row(f"extra memory under {RATE} SETs/s", *cells, "-", f"at most {GOAL_MIB} MiB", max(extra[OURS]) <= GOAL_MIB,
              mib=extra, sets_per_second=rates)
