# SPDX-License-Identifier: MIT
"""What encryption costs: processor time of the server for each write, 16 deep, with a key file and without, in turn. Wall time
would say more about the machine's other work than about ours."""
import os
import statistics
import tempfile

from loader import load
from peers import CREATE, OURS, SET, Side
from snapshot_rows import in_turn
from table import shown

GOAL_PERCENT, SEALED, PLAIN = 10, "sealed", "plain"


def us_per_write(words, requests):
    def measure(side):
        before = side.cpu_seconds()
        done = load(side.port, words, requests=requests, pipeline=16, keys=200_000)
        return (side.cpu_seconds() - before) * 1e6 / done["answered"]

    return measure


def encryption(table, options):
    with tempfile.TemporaryDirectory(prefix="tokmesh-bench-") as folder:
        key_file = os.path.join(folder, "keys")
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write("bench " + "5a" * 32 + "\n")
        threads = ("--io-threads", str(options.io_threads), "--session-max-per-user", "10000")
        both = {SEALED: Side(OURS, *threads, "--encryption-key-file", key_file), PLAIN: Side(OURS, *threads)}
        requests = int(options.scale * 400_000)
        try:
            for name, words in (("SET", SET), ("SESS.CREATE", [CREATE[0], "user:__rand_int__", *CREATE[2:]])):
                in_turn(both, 1, us_per_write(words, requests))  # buffers and files of full size
                seen = in_turn(both, options.rounds * 2, us_per_write(words, requests))
                more = statistics.median(s / p for s, p in zip(seen[SEALED], seen[PLAIN])) * 100 - 100
                table.row(f"CPU of {name}, sealed", shown(seen[SEALED], "us"), "plain: " + shown(seen[PLAIN], "us"),
                          f"{more:+.1f}%", f"at most {GOAL_PERCENT}% more", more <= GOAL_PERCENT,
                          sealed_us=seen[SEALED], plain_us=seen[PLAIN])
        finally:
            for side in both.values():
                side.close()
