# SPDX-License-Identifier: MIT
"""The work of the soak: 10,000 writes a second, whatever the server does, and checks by token beside them. Each kind is a load
generator of its own, because their figures are told apart."""
from loader import Load
from peers import CREATE, DATA, SET

USERS, KEYS, TTL_SECONDS = 100_000, 200_000, 30
CREATE_SOON_OVER = [CREATE[0], "soak:__rand_int__", "TTL", str(TTL_SECONDS), "IP", "10.0.0.1", "UA", "Mozilla/5.0", "DATA", "1",
                    "data", DATA]
# Half of the sessions are logged out with their user before they expire; some 90,000 live at a time.
WRITES = {"create": (4_000, CREATE_SOON_OVER, USERS), "deluser": (2_000, ["SESS.DELUSER", "soak:__rand_int__"], USERS),
          "set": (4_000, [*SET, "EX", "60"], KEYS)}
READ = "read"
CONNECTIONS = 20  # of each kind
READS_LEAST = 1_000


class Mix:
    """Loads that begin at once and end together. reads: a second; 0: as many as can be."""

    def __init__(self, side, reads, **times):
        self.loads = {}
        try:
            for kind, (rate, words, keys) in WRITES.items():
                self.loads[kind] = Load(side.port, words, rate=rate, keys=keys, connections=CONNECTIONS, **times)
            words, more = side.read()
            rate = {"rate": reads} if reads else {}
            self.loads[READ] = Load(side.port, words, connections=CONNECTIONS, **rate, **more, **times)
        except BaseException:
            self.end()
            raise

    def window(self):
        seen = {kind: load.window() for kind, load in self.loads.items()}
        for kind, figures in seen.items():
            if figures is None:
                raise SystemExit(f"the load of {kind} ended before its time: {self.loads[kind].figures()}")
        return seen

    def figures(self):
        return {kind: load.figures() for kind, load in self.loads.items()}

    def end(self):
        for load in self.loads.values():
            load.end()


def reads_per_second(side, percent, seconds):
    """So many that all is `percent` of what was reached when the reads were a closed loop, beside the same writes."""
    mix = Mix(side, 0, seconds=seconds)
    try:
        reached = sum(figures["per_second"] for figures in mix.figures().values())
    finally:
        mix.end()
    writes = sum(rate for rate, *_ in WRITES.values())
    return reached, max(READS_LEAST, round(reached * percent / 100) - writes)
