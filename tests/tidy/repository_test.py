#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the whole repository against rules.py: `file:line: what is wrong - what to do instead`. Part of ./dev test and lint."""
import os
import sys

import rules

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = {".git", "build", "data", "node_modules", "__pycache__", ".cache", "vendor"}


def read_tree(root):
    tree = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                tree[os.path.relpath(path, root).replace(os.sep, "/")] = file.read().decode("utf-8", "replace")
    return tree


def main():
    tree = read_tree(ROOT)
    found = rules.complaints(tree)
    for path, line, what, instead in found:
        print(f"{path}:{line}: {what} - {instead}")
    print(f"repository: {len(tree)} files, {len(rules.RULES)} rules, {len(found)} complaints", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
