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


class Table:
    def __init__(self):
        self.rows = []
        self.begun = time.strftime("%Y-%m-%d %H:%M")
        self.line(HEADER)
        self.line(["-" * width for width in WIDTHS])

    @staticmethod
    def line(cells):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)

    def row(self, name, ours, peer, ratio, goal, reached, **figures):
        """ours, peer, ratio, goal: as they are shown. figures: the same as numbers, for --json."""
        self.line((name, ours, peer, ratio, goal, "yes" if reached else "NO"))
        self.rows.append({"row": name, "ours": ours, "redis": peer, "ratio": ratio, "goal": goal, "reached": reached, **figures})

    def note(self, name, ours, peer, **figures):
        """A figure without a goal."""
        self.line((name, ours, peer, "", "", ""))
        self.rows.append({"row": name, "ours": ours, "redis": peer, **figures})

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"at": self.begun, "processors": os.cpu_count(), "load_average": os.getloadavg(), "rows": self.rows}, file,
                      indent=1)
            file.write("\n")
