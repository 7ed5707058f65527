# SPDX-License-Identifier: MIT
"""The table of a bench: one row a promise, with what was measured on both sides, the goal, and whether it was reached."""
import json
import os
import statistics
import time

HEADER = ("row", "ours", "redis", "ratio", "goal", "reached")
WIDTHS = (34, 30, 30, 10, 30, 7)


def shown(values, unit, digits=2):
    """The median, and the range if there are several."""
    text = f"{statistics.median(values):.{digits}f} {unit}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def yes_or_no(reached):
    return "yes" if reached else "NO"


class Table:
    def __init__(self, header=HEADER, widths=WIDTHS):
        self.header, self.widths, self.rows = header, widths, []
        self.begun = time.strftime("%Y-%m-%d %H:%M")
        self.line(header)
        self.line(["-" * width for width in widths])

    def line(self, cells):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, self.widths)).rstrip(), flush=True)

    def entry(self, *cells, **figures):
        """Cells as they are shown, one below each word of the header. figures: the same as numbers, for --json."""
        self.line(cells)
        self.rows.append({**{name: cell for name, cell in zip(self.header, cells) if cell != ""}, **figures})

    def row(self, name, ours, peer, ratio, goal, reached, **figures):
        self.entry(name, ours, peer, ratio, goal, yes_or_no(reached), **{**figures, "reached": reached})

    def note(self, name, ours, peer, **figures):
        """A figure without a goal."""
        self.entry(name, ours, peer, "", "", "", **figures)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"at": self.begun, "processors": os.cpu_count(), "load_average": os.getloadavg(), "rows": self.rows}, file,
                      indent=1)
            file.write("\n")
