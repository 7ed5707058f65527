#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions for one operation, from request bytes to reply bytes, counted by callgrind over bench_replay: the same figure on
every run of one binary, whatever else the machine does. Compares with the budget beside this file: more than 3% above it fails.

    instructions.py BENCH_REPLAY [--write]

--write makes what was counted the budget. Two runs of different length are counted and their difference taken, so that what
happens once is not in it. Closes with `N passed, N failed`."""
import pathlib
import re
import subprocess
import sys
import tempfile

BUDGET = pathlib.Path(__file__).with_name("instructions.txt")
SLACK = 0.03
SHORT, LONG = 1600, 8000
KINDS = ("getbytoken", "validate", "create", "get", "set")


def counted(program, kind, operations):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=measured_turn", f"--callgrind-out-file={folder}/out",
             program, kind, str(operations)], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"{kind}: callgrind gave no figure\n{run.stderr}")
    return int(found.group(1))


def read_budget():
    rows = (line.split() for line in BUDGET.read_text().splitlines() if line and not line.startswith("#"))
    return {kind: int(figure) for kind, figure in rows}


def main():
    program = sys.argv[1]
    figures = {kind: round((counted(program, kind, LONG) - counted(program, kind, SHORT)) / (LONG - SHORT)) for kind in KINDS}
    if "--write" in sys.argv[2:]:
        rows = "".join(f"{kind} {figure}\n" for kind, figure in figures.items())
        BUDGET.write_text("# Instructions for one operation; see instructions.py. Lower them when the code got faster.\n" + rows)
    budget, failed = read_budget(), 0
    for kind, figure in figures.items():
        over = figure / budget[kind] - 1
        failed += over > SLACK
        print(f"{kind}: {figure} instructions, budget {budget[kind]} ({over:+.1%}){', TOO MANY' if over > SLACK else ''}")
    print(f"{len(figures) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
