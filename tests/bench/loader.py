# SPDX-License-Identifier: MIT
"""bench_load as a child process. It, not python, makes the load: TOKMESH_BENCH_LOAD names it, else build/release/bench_load."""
import json
import os
import subprocess

from server import ROOT


def program():
    path = os.environ.get("TOKMESH_BENCH_LOAD") or os.path.join(ROOT, "build", "release", "bench_load")
    if not os.path.exists(path):
        raise SystemExit(f"no load generator at {path}: ./dev bench builds it")
    return path


class Load:
    """Runs at once; result() waits for its end. options: the words of LETTERS."""

    LETTERS = {"requests": "-n", "seconds": "-t", "rate": "-R", "connections": "-c", "pipeline": "-P", "keys": "-r",
               "first": "-s", "lines": "-f", "password": "-a", "resp3": "-3", "zipf_theta": "-z", "window": "-w"}

    def __init__(self, port, words, **options):
        line = [program(), "-p", str(port)]
        for name, value in options.items():
            line += [self.LETTERS[name]] if value is True else [self.LETTERS[name], str(value)]
        self.words = words
        self.process = subprocess.Popen([*line, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def window(self):
        """What it measured in the next window, when that is over; None where it ended before."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def figures(self):
        """What it measured in all, when it has ended, with errors or without."""
        try:
            out, err = self.process.stdout.read(), self.process.stderr.read()
            self.process.wait()
        except BaseException:  # Ctrl-C, too: what was started ends with the bench
            self.end()
            raise
        if self.process.returncode not in (0, 1):
            raise SystemExit(f"the load of {self.words[0]} failed: {out}{err}")
        return json.loads(out.splitlines()[-1])

    def result(self):
        seen = self.figures()
        if self.process.returncode != 0:
            raise SystemExit(f"the load of {self.words[0]} failed: {seen}")
        return seen

    def end(self):
        """Before its time."""
        self.process.kill()
        self.process.communicate()


def load(port, words, **options):
    return Load(port, words, **options).result()
