#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checker's own test: small histories whose verdict is known, and long ones made by a model, right and with a planted lie."""
import random
import sys

from history_checker import NOTHING, Operation, explain, step


def history(*rows):
    """Rows of (start, end, kind, args, answer)."""
    return [Operation(kind, args, answer, start, end) for start, end, kind, args, answer in rows]


MADE = (0, 1, "create", ("t", "a"), "ok")
CASES = [
    ("nothing happened", True, []),
    ("a read of what was made", True, [MADE, (2, 3, "get", (), (1, "a"))]),
    ("a read of what was never made", False, [(2, 3, "get", (), (1, "a"))]),
    ("a lost creation", False, [MADE, (2, 3, "get", (), NOTHING)]),
    ("a read beside the creation", True,
     [(0, 4, "create", ("t", "a"), "ok"), (1, 2, "get", (), NOTHING), (2, 3, "get", (), (1, "a"))]),
    ("it was there, then not, then there", False,
     [(0, 9, "create", ("t", "a"), "ok"), (1, 2, "get", (), (1, "a")), (3, 4, "get", (), NOTHING), (5, 6, "get", (), (1, "a"))]),
    ("two creations", False, [MADE, (2, 3, "create", ("u", "b"), "ok")]),
    ("one of two updates by version", True,
     [MADE, (2, 5, "update", (1, "b"), ("ok", 2)), (3, 4, "update", (1, "c"), ("moved", 2))]),
    ("both of two updates by version", False,
     [MADE, (2, 5, "update", (1, "b"), ("ok", 2)), (3, 4, "update", (1, "c"), ("ok", 2))]),
    ("a lost update", False,
     [MADE, (2, 3, "update", (None, "b"), ("ok", 2)), (4, 5, "update", (None, "c"), ("ok", 3)), (6, 7, "get", (), (3, "b"))]),
    ("a stale read", False, [MADE, (2, 3, "update", (None, "b"), ("ok", 2)), (4, 5, "get", (), (1, "a"))]),
    ("a stale read beside the update", True, [MADE, (2, 5, "update", (None, "b"), ("ok", 2)), (3, 4, "get", (), (1, "a"))]),
    ("an old token after its rotation", False, [MADE, (2, 3, "rotate", ("t",), ("ok", "u")), (4, 5, "find", ("t",), (2, "a"))]),
    ("a new token", True, [MADE, (2, 3, "rotate", ("t",), ("ok", "u")), (4, 5, "find", ("u",), (2, "a"))]),
    ("a token rotated twice", False,
     [MADE, (2, 5, "rotate", ("t",), ("ok", "u")), (3, 6, "rotate", ("t",), ("ok", "v"))]),
    ("a session that comes back", False, [MADE, (2, 3, "delete", (), 1), (4, 5, "find", ("t",), (1, "a"))]),
    ("deleted twice", False, [MADE, (2, 5, "delete", (), 1), (3, 6, "delete", (), 1)]),
    ("made again", True, [MADE, (2, 3, "delete", (), 1), (4, 5, "create", ("u", "b"), "ok"), (6, 7, "get", (), (1, "b"))]),
    ("in flight at the kill, happened", True, [MADE, (2, 3, "update", (None, "b"), None), (4, 5, "get", (), (2, "b"))]),
    ("in flight at the kill, did not happen", True, [MADE, (2, 3, "update", (None, "b"), None), (4, 5, "get", (), (1, "a"))]),
    ("in flight at the kill, happened after it", False,
     [MADE, (2, 3, "update", (None, "b"), None), (4, 5, "get", (), (1, "a")), (6, 7, "get", (), (2, "b"))]),
    ("a rotation in flight", True,
     [MADE, (2, 3, "rotate", ("t",), None), (4, 5, "find", ("t",), NOTHING), (6, 7, "get", (), (2, "a"))]),
    ("acknowledged, then lost by the kill", False,
     [MADE, (2, 2.5, "delete", (), 1), (2, 3, "get", (), None), (4, 5, "get", (), (1, "a"))]),
]


def made_up(rng, length):
    """A history that a correct server could have answered: points in order, each inside an interval around it."""
    state, tokens, rows = None, ["t0"], []
    for number in range(length):
        kind = rng.choice(["create", "update", "update", "rotate", "delete", "get", "get", "find"])
        args = {"create": (f"t{number}", f"d{number}"), "update": (rng.choice([None, rng.randrange(1, 6)]), f"d{number}"),
                "rotate": (rng.choice(tokens),), "find": (rng.choice(tokens),)}.get(kind, ())
        for answer in answers(kind, state, number):
            after = step(state, Operation(kind, args, answer, 0, 0), number)
            if after is not False:
                break
        state = after
        tokens = (tokens + [state[2]])[-3:] if state else tokens
        point = number + rng.random()
        rows.append((point - rng.random() * 3, point + rng.random() * 3, kind, args, answer))
    return history(*rows)


def answers(kind, state, number):
    version, shown = (state[0], state[:2]) if state else (0, NOTHING)
    return {"create": ["ok", "taken"], "update": [("ok", version + 1), ("moved", version), "absent"],
            "rotate": [("ok", f"r{number}"), "dead"], "delete": [1, 0], "get": [shown], "find": [shown, NOTHING]}[kind]


def stale(operations):
    """The same with one read that shows what was overwritten before it began; None if there is no such read. Data are written
    once only, so no order can explain it."""
    reads = [n for n, o in enumerate(operations) if o.kind == "get" and o.answer not in (None, NOTHING)]
    for late in reversed(reads):
        for early in reads:
            first, second = operations[early], operations[late]
            if first.answer[1] != second.answer[1] and any(
                    o.kind == "update" and isinstance(o.answer, tuple) and o.answer[0] == "ok" and
                    first.end < o.start and o.end < second.start for o in operations):
                return operations[:late] + [second._replace(answer=first.answer)] + operations[late + 1:]
    return None


def main():
    seed = random.SystemRandom().randrange(1 << 32)
    rng, passed, failed, planted = random.Random(seed), 0, 0, 0

    def check(name, good):
        nonlocal passed, failed
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAILED  {name}")
    for name, linearizable, rows in CASES:
        check(name, (explain(history(*rows)) is None) == linearizable)
    for _ in range(60):
        operations = made_up(rng, 60)
        check(f"a right history, seed {seed}", explain(operations) is None)
        lie = stale(operations)
        if lie:
            planted += 1
            check(f"a planted stale read, seed {seed}", explain(lie) is not None)
    print(f"planted: {planted} stale reads in made-up histories, seed {seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not planted else 0


if __name__ == "__main__":
    sys.exit(main())
