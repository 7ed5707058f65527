#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends the same generated commands to tokmesh and to redis-server 7.0.15 and compares every reply exactly, wire type included,
in RESP2 and RESP3. At the end both must hold the same keys, values and times.

    differential.py [--commands N] [--seed S] [--show N]

Closes with `N passed, N failed`; a passed one is a run of 100 commands without a difference.
INTENDED lists what differs on purpose.
"""
import argparse
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))

from generate import Generator  # noqa: E402
from resp import Error, Simple  # noqa: E402
from server import Server  # noqa: E402

# (what, why). Everything else is a difference that fails the run.
INTENDED = [
    (lambda args, ours, theirs: args[:2] == [b"OBJECT", b"ENCODING"] and isinstance(ours, bytes) and isinstance(theirs, bytes)
     and not isinstance(ours, Error), "the encoding is an internal of Redis; ours names one of the same words"),
    (lambda args, ours, theirs: args[0] == b"SUBSTR" and isinstance(ours, Error) or
     args[0] == b"COMMAND" and b"SUBSTR" in [a.upper() for a in args[2:3]], "SUBSTR is GETRANGE's retired name"),
    (lambda args, ours, theirs: args[0] in (b"HELLO", b"CONFIG", b"OBJECT", b"CLIENT", b"COMMAND") and subcommand_arity(theirs)
     and isinstance(ours, Error), "errors of a subcommand's argument count: any error will do"),
    (lambda args, ours, theirs: isinstance(ours, Error) and isinstance(theirs, Error) and len(ours) > 128
     and theirs.startswith(ours), "an error repeats at most 128 bytes of an argument"),
    (lambda args, ours, theirs: b"**" in args and keys_of(ours) ^ keys_of(theirs) == {b""},
     "the pattern ** matches the empty key too"),
    (lambda args, ours, theirs: args[:2] == [b"OBJECT", b"REFCOUNT"] and isinstance(ours, int) and isinstance(theirs, int),
     "there is no reference count to tell"),
    (lambda args, ours, theirs: isinstance(ours, Error) and isinstance(theirs, Error) and any(b"\0" in a for a in args)
     and ours.startswith(theirs), "an argument in an error does not end at its first NUL"),
]
TIME_LEFT = {b"TTL": 2, b"PTTL": 2000, b"EXPIRETIME": 2, b"PEXPIRETIME": 2000}
UNORDERED = {b"KEYS", b"HGETALL", b"HKEYS", b"HVALS"}


def keys_of(reply):
    """Of KEYS or one whole SCAN."""
    if not isinstance(reply, list):
        return set()
    return set(reply[1] if len(reply) == 2 and isinstance(reply[1], list) else reply)


def metadata(row):
    """Of COMMAND INFO: name, arity, key positions, tips and key specifications without their notes. Flags, categories and
    subcommands are each one's own."""
    if not isinstance(row, list):
        return row
    specs = [[(name, value) for name, value in zip(spec[::2], spec[1::2]) if name != b"notes"] for spec in row[8]]
    return [row[0], row[1], row[3:6], sorted(row[7]), specs]


def subcommand_arity(reply):
    return isinstance(reply, Error) and re.match(rb"ERR (wrong number of arguments for '\w+\|)", reply) is not None


def same(args, ours, theirs):
    name = args[0].upper()
    if type(ours) is not type(theirs):
        return False
    if name in TIME_LEFT and isinstance(ours, int):
        return abs(ours - theirs) <= (TIME_LEFT[name] if theirs > 0 else 0)
    if name in UNORDERED and isinstance(ours, list):
        return sorted(ours) == sorted(theirs)
    if name == b"SCAN" and isinstance(ours, list):  # a cursor is each one's own; only a whole scan can be compared
        whole = args[1] == b"0" and b"100000" in args
        return ours[0] == theirs[0] == b"0" and sorted(ours[1]) == sorted(theirs[1]) if whole else True
    if name in (b"RANDOMKEY", b"COMMAND") and len(args) == 1 or [a.upper() for a in args] == [b"COMMAND", b"INFO"]:
        return True
    if [a.upper() for a in args[:2]] == [b"COMMAND", b"INFO"] and isinstance(ours, list):
        return list(map(metadata, ours)) == list(map(metadata, theirs))
    if name == b"LASTSAVE" and isinstance(ours, int):  # a recent second on both
        return abs(ours - theirs) < 3600
    if name == b"HELLO" and isinstance(ours, list):  # all but the version and the connection's number
        return [v for i, v in enumerate(ours) if i not in (3, 7)] == [v for i, v in enumerate(theirs) if i not in (3, 7)]
    return ours == theirs


def intended(args, ours, theirs):
    upper = [args[0].upper(), *(a.upper() for a in args[1:2]), *args[2:]]
    return any(rule(upper, ours, theirs) for rule, _ in INTENDED)


def state(client):
    """Every key with its value and its absolute expiry, to a second or two."""
    found = {}
    for key in sorted(client("KEYS", "*")):
        found[key] = (client("GET", key), client("PEXPIRETIME", key))
    return found


def same_state(ours, theirs):
    return ours.keys() == theirs.keys() and all(
        ours[k][0] == theirs[k][0] and abs(ours[k][1] - theirs[k][1]) <= 2000 for k in ours)


def run(protocol, seed, count, show, ours, theirs):
    generator = Generator(seed)
    us, them = ours.client(), theirs.client()
    for client in (us, them):
        client("HELLO", protocol)
        assert client("FLUSHALL") == Simple(b"OK")
    runs, broken = 0, 0
    for start in range(0, count, 100):
        commands = [generator.command() for _ in range(min(100, count - start))]
        differences = 0
        for args, our_reply, their_reply in zip(commands, us.pipeline(commands), them.pipeline(commands)):
            if same(args, our_reply, their_reply) or intended(args, our_reply, their_reply):
                continue
            differences += 1
            if show[0] > 0:
                show[0] -= 1
                print(f"RESP{protocol} {b' '.join(args)[:200]!r}\n   ours   {str(our_reply)[:300]}\n"
                      f"   redis  {str(their_reply)[:300]}")
        mine, other = state(us), state(them)
        if not same_state(mine, other):
            differences += 1
            wrong = [k for k in sorted(mine.keys() | other.keys()) if mine.get(k) != other.get(k)]
            if show[0] > 0:
                show[0] -= 1
                print(f"RESP{protocol} after {start + len(commands)} commands the keys differ: " +
                      "; ".join(f"{k!r}: ours {mine.get(k)} redis {other.get(k)}"[:200] for k in wrong[:5]))
            for client in (us, them):
                client("FLUSHALL")
        runs += differences == 0
        broken += differences > 0
    us.close()
    them.close()
    return runs, broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=int(os.environ.get("TOKMESH_DIFFERENTIAL_COMMANDS", "10000")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TOKMESH_SEED", random.SystemRandom().randrange(1 << 32))))
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    print(f"differential: {options.commands} commands in each protocol, seed {options.seed}")
    passed, failed, show = 0, 0, [options.show]
    with Server("--appendfsync", "no") as ours, Server("--proto-max-bulk-len", "16mb", reference=True) as theirs:
        for protocol in (2, 3):
            good, bad = run(protocol, options.seed + protocol, options.commands, show, ours, theirs)
            passed, failed = passed + good, failed + bad
    for _, why in INTENDED:
        print("intended difference: " + why)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
