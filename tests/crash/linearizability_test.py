#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what several clients are told about single sessions that they all change at once, through a SIGKILL and a restart in
every second round, and looks for an order that explains each history (history_checker.py).

    linearizability_test.py [--rounds N] [--seed S] [--server-args '...']

TOKMESH_LINEARIZABILITY_ROUNDS (100) are the rounds; each makes 6 sessions, a history each. Ends with a negative control: a stale
read is planted into the recorded histories and every one must be found. Closes with `N passed, N failed`, one a history."""
import random
import re
import select
import sys
import time

from history_checker import NOTHING, Operation, explain
from history_checker_test import stale
from load import Closed, Server, keep_evidence, options_parser, start
from resp import Error, fields, is_null
from worker import CROCKFORD

CLIENTS, SESSIONS, OPERATIONS = 6, 6, 420


class Session:
    """One of the sessions that all fight for: what was asked and answered, and what the clients know."""

    def __init__(self, rng, number):
        self.id = ("tmss-0" + "".join(rng.choice(CROCKFORD) for _ in range(25))).encode()
        self.user, self.number = b"user-%d" % number, number
        self.history, self.version, self.tokens, self.written = [], 1, [self.new_token(rng)], 0

    def new_token(self, rng):
        return b"brought-%d-%032x" % (self.number, rng.getrandbits(128))

    def choose(self, rng):
        """(kind, args, what is sent)"""
        self.written += 1
        data = b"d%d" % self.written
        kind = rng.choice(["update", "update", "update", "rotate", "get", "get", "find", "delete"] if rng.random() < 0.5
                          else ["update", "get", "find", "create"])
        if kind == "create":
            token = self.new_token(rng)
            return kind, (token, data), [b"SESS.CREATE", self.user, b"ID", self.id, b"TOKEN", token, b"DATA", b"1", b"d", data]
        if kind == "update":
            version = rng.choice([None, self.version, self.version, self.version + 1])
            condition = [] if version is None else [b"IFVERSION", version]
            return kind, (version, data), [b"SESS.UPDATE", self.id, *condition, b"SET", b"1", b"d", data]
        token = rng.choice(self.tokens)
        return {"rotate": (kind, (token,), [b"SESS.ROTATE", token, b"GRACE", b"0"]),
                "find": (kind, (token,), [b"SESS.GETBYTOKEN", token, b"FIELDS", b"2", b"version", b"data"]),
                "get": (kind, (), [b"SESS.GET", self.id, b"FIELDS", b"2", b"version", b"data"]),
                "delete": (kind, (), [b"SESS.DEL", self.id])}[kind]

    def learn(self, kind, args, answer):
        if kind == "create" and answer == "ok":
            self.version = 1
        if isinstance(answer, tuple):
            self.version = next((part for part in answer if isinstance(part, int)), self.version)
        token = args[0] if (kind, answer) == ("create", "ok") else answer[1] if kind == "rotate" and answer != "dead" else None
        self.tokens = (self.tokens + [token])[-3:] if token else self.tokens


def meaning(kind, reply):
    """A reply in the checker's words; AssertionError if it is none that a correct server gives."""
    if kind in ("get", "find"):
        if is_null(reply):
            return NOTHING
        entry = fields(reply)
        return entry[b"version"], fields(entry[b"data"])[b"d"]
    if not isinstance(reply, Error):
        return {"create": "ok", "delete": reply}.get(kind, ("ok", reply))
    moved = re.match(rb"TM-SESS-4091 .* (\d+)$", reply)
    if kind == "update" and moved:
        return "moved", int(moved.group(1))
    known = {"create": rb"TM-SESS-4090 ", "update": rb"TM-SESS-404[01] ", "rotate": rb"TM-TOKN-40(10|12|40) "}.get(kind)
    assert known and re.match(known, reply), f"{kind} was answered {reply!r}"
    return {"create": "taken", "update": "absent", "rotate": "dead"}[kind]


class Round:
    def __init__(self, server, rng, number):
        self.server, self.rng, self.clients = server, rng, []
        self.sessions = [Session(rng, number * SESSIONS + i) for i in range(SESSIONS)]
        self.flying = {}  # client -> (session, kind, args, start)

    def connect(self):
        self.clients = [self.server.client() for _ in range(CLIENTS)]

    def run(self, kill_after):
        """All clients ask at once and as often as they are answered."""
        self.connect()
        asked = 0
        while asked < OPERATIONS or self.flying:
            for client in self.rng.sample(self.clients, len(self.clients)):
                if client not in self.flying and asked < OPERATIONS:
                    asked += 1
                    self.ask(client)
            if kill_after and asked >= kill_after:
                self.kill()
                kill_after = None
                continue
            ready, _, _ = select.select([client.socket for client in self.flying], [], [], 30)
            assert ready, "no answer for 30 s"
            for client in [client for client in self.flying if client.socket in ready]:
                self.take(client, client.read())
        for client in self.clients:
            client.close()

    def ask(self, client):
        session = self.sessions[min(int(self.rng.expovariate(0.8)), SESSIONS - 1)]  # the first ones are fought for most
        kind, args, line = session.choose(self.rng)
        self.flying[client] = (session, kind, args, time.monotonic())
        client.send(line)

    def take(self, client, reply):
        session, kind, args, began = self.flying.pop(client)
        answer = meaning(kind, reply)
        session.learn(kind, args, answer)
        session.history.append(Operation(kind, args, answer, began, time.monotonic()))

    def kill(self):
        self.server.kill()
        for client in list(self.flying):  # what was answered before it died still counts
            try:
                self.take(client, client.read())
            except Closed:
                session, kind, args, began = self.flying.pop(client)
                session.history.append(Operation(kind, args, None, began, time.monotonic()))
        for client in self.clients:
            client.close()
        start(self.server)
        self.connect()


def overlaps(history):
    """Operations that had another one on the same session beside them."""
    return sum(any(a is not b and a.start < b.end and b.start < a.end for b in history) for a in history)


def show(operations):
    return "\n".join(f"   {o.start:.6f} {o.end:.6f} {o.kind} {o.args} -> {o.answer}" for o in operations)


def main():
    options = options_parser(__doc__, 100, "TOKMESH_LINEARIZABILITY_ROUNDS").parse_args()
    rng, histories, failed, broken, kills = random.Random(options.seed), [], 0, 0, 0
    server = Server("--io-threads", "4", *options.server_args)
    with server:
        for number in range(options.rounds):
            if number % 10 == 0:
                server.kill()
                server.args = ["--appendfsync", rng.choice(["always", "everysec"]), "--io-threads", "4", *options.server_args]
                start(server)
            this = Round(server, rng, number)
            kills += number % 2
            try:
                this.run(rng.randrange(60, OPERATIONS - 60) if number % 2 else None)
            except AssertionError as error:
                broken = 1
                print(f"round {number}: {error}")
                keep_evidence(server, f"linearizability-{number}")
                break
            histories += [session.history for session in this.sessions if session.history]
    for history in histories:
        explained = explain(history)
        if explained is not None:
            failed += 1
            print(f"not linearizable: {len(explained)} of {len(history)} operations can be explained\n{show(history)}")
    lies = [lie for lie in map(stale, (sorted(h, key=lambda o: o.start) for h in histories)) if lie]
    found = sum(explain(lie) is not None for lie in lies)
    asked = sum(map(len, histories))
    unknown = sum(o.answer is None for h in histories for o in h)
    print(f"histories: {len(histories)} with {asked} operations, {sum(map(overlaps, histories))} of them beside another on the "
          f"same session, {kills} kills with {unknown} operations in flight, {failed} not linearizable, seed {options.seed}")
    print(f"control: {found} of {len(lies)} planted stale reads found")
    blind = not lies or found != len(lies)
    print(f"{len(histories) - failed + (not blind)} passed, {failed + broken + blind} failed")
    return 1 if failed or broken or blind else 0


if __name__ == "__main__":
    sys.exit(main())
