# SPDX-License-Identifier: MIT
"""One client of the crash tests: sends mixed batches until the connection breaks, then compares what the server has after its
restart with what the model allows."""
import collections
import math
import random
import threading
import time

import model as m
from resp import Closed, Error, fields, is_null

FAR_MS = 4_000_000_000_000
SESSIONS_MAX = 40
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

# What was sent and when, and when its reply was there (None: never).
Sent = collections.namedtuple("Sent", "operation reply sent acknowledged")


class Lost(AssertionError):
    """The server is in no state that it may be in. count and age tell what is missing if it is an earlier one, else None."""

    def __init__(self, text, count=None, first=None):
        super().__init__(text)
        self.count, self.first = count, first


class Worker(threading.Thread):
    def __init__(self, number, seed, server):
        super().__init__(daemon=True)
        self.number, self.random, self.server = number, random.Random(seed), server
        self.model, self.pending = m.Model(), []
        self.base, self.history, self.batch_sent = m.Model(), [], 0.0  # the state at the last check, what was answered since
        self.survived = (0, 0)                                         # how much of it was there: at least, at most
        self.last_sequence, self.last_acknowledged = [], 0             # it, as it was at the check
        self.marker, self.acknowledged, self.failure = 0, 0, None
        self.users = [b"user-%d-%d" % (number, i) for i in range(4)]
        self.keys = [b"key-%d-%d" % (number, i) for i in range(12)]
        self.counters = [b"counter-%d-%d" % (number, i) for i in range(3)]

    # ---- load ----
    def again(self):
        """A thread object runs once; the state goes on in a new one."""
        threading.Thread.__init__(self, daemon=True)
        self.start()

    def run(self):
        try:
            with self.server.client() as client:
                while True:
                    self.one_batch(client)
        except (Closed, OSError):
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.failure = f"worker {self.number}: {type(error).__name__}: {error}"

    def one_batch(self, client):
        busy = set()
        planned = self.model.copy() if self.random.random() < 0.8 else None
        count = 1 if planned is None else self.random.randint(2, 12)
        self.pending = []
        batch = []
        for _ in range(count):
            operation = self.choose(planned or self.model, busy)
            batch.append(operation)
            if planned:
                operation.apply(planned, None)
        self.pending, self.batch_sent = batch, time.monotonic()
        client.send(*[operation.args for operation in batch])
        for operation in batch:
            self.answered(operation, client.read())

    def answered(self, operation, reply):
        if isinstance(reply, Error) and not reply.startswith(b"ERR no such key"):
            raise AssertionError(f"{operation.args!r} was answered {reply!r}")
        operation.apply(self.model, reply)
        self.history.append(Sent(operation, reply, self.batch_sent, time.monotonic()))
        self.pending = self.pending[1:]
        self.acknowledged += 1

    def choose(self, model, busy):
        r = self.random
        free = [k for k, s in model.sessions.items() if k not in busy and isinstance(s.id, bytes)]
        with_token = [k for k in free if isinstance(model.sessions[k].token, bytes)]
        if r.random() < 0.05:
            millis = r.randint(1, 500)
            return m.short_lived(r.choice([[b"SET", b"brief-%d-%d" % (self.number, millis), b"v", b"PX", millis],
                                           [b"SESS.CREATE", b"brief-%d" % self.number, b"PX", millis]]))
        kind = r.random()
        if len(model.sessions) >= SESSIONS_MAX and kind < 0.5:
            kind = 0.48
        if kind < 0.25 or (kind < 0.5 and not free):
            return self.create(busy)
        if kind < 0.45:
            marker = r.choice(free)
            busy.add(marker)
            session = model.sessions[marker]
            which = r.random()
            if which < 0.4:
                return m.update(marker, session.id, session.version, b"field", b"%d" % r.randrange(1 << 30))
            if which < 0.6 or marker not in with_token:
                return m.renew(marker, session.id)
            return m.rotate(marker, session.token, r.choice([0, m.GRACE_S]))
        if kind < 0.5:
            return self.delete(model, free, with_token, busy)
        return self.key_operation(model)

    def create(self, busy):
        r = self.random
        self.marker += 1
        busy.add(self.marker)
        unique = self.marker * 64 + self.number
        brought_id = brought_token = None
        if r.random() < 0.3:
            digits = "".join(CROCKFORD[(unique >> (5 * i)) & 31] for i in range(6))
            brought_id = ("tmss-0" + "".join(r.choice(CROCKFORD) for _ in range(19)) + digits).encode()
        if r.random() < 0.4:
            brought_token = b"brought-token-%d-%032x" % (unique, r.getrandbits(128))
        return m.create(r.choice(self.users), self.marker, brought_id, brought_token)

    def delete(self, model, free, with_token, busy):
        r = self.random
        which = r.random()
        user = r.choice(self.users)
        if which < 0.3 and not any(k in busy for k in model.of_user(user)):
            markers = model.of_user(user)
            busy.update(markers)
            return m.delete_sessions(markers, [b"SESS.DELUSER", user])
        if which < 0.6 and with_token:
            marker = r.choice(with_token)
            busy.add(marker)
            return m.delete_sessions([marker], [b"SESS.DELBYTOKEN", model.sessions[marker].token])
        markers = r.sample(free, min(len(free), r.randint(1, 3)))
        busy.update(markers)
        name = r.choice([b"SESS.DEL", b"DEL"])
        return m.delete_sessions(markers, [name, *[model.sessions[k].id for k in markers]])

    def key_operation(self, model):
        r = self.random
        key, other = r.sample(self.keys, 2)
        value = b"v%d" % r.randrange(1 << 40) + b"." * r.choice([0, 10, 1000])
        at = FAR_MS + r.randrange(1 << 20)
        return r.choice([
            lambda: m.put(key, value), lambda: m.put(key, value, at), lambda: m.put_two(key, other, value),
            lambda: m.increment(r.choice(self.counters)), lambda: m.increment(r.choice(self.counters)),
            lambda: m.expire(key, at), lambda: m.delete_keys([key, other]), lambda: m.rename(key, other)])()

    # ---- the oracle ----
    def sequence(self):
        """All that was sent since the last check, in order."""
        return self.history + [Sent(operation, None, self.batch_sent, None) for operation in self.pending]

    def candidates(self, first):
        """(n, state after the first n of what was sent) for each n from `first` on."""
        if first == len(self.history):
            state, operations = self.model.copy(), self.pending
        else:
            state, operations = self.base.copy(), [sent.operation for sent in self.sequence()]
            for number in range(first):
                operations[number].apply(state, self.history[number].reply)
            operations = operations[first:]
        yield first, state
        for number, operation in enumerate(operations, first):
            operation.apply(state, self.history[number].reply if number < len(self.history) else None)
            yield number + 1, state

    def check(self, client, sure=math.inf):
        """Raises AssertionError, or takes the state that the server is in as the model's. Returns (sessions, keys) of it.
        sure: what was acknowledged before that moment must be there, what came later may be, as a prefix."""
        seen = observe(client, self)
        first = sum(1 for sent in self.history if sent.acknowledged < sure)
        found, matches, reasons = None, [], []
        for number, state in self.candidates(first):
            reason = difference(state, seen, client)
            if reason is None:
                found = found or state.copy()
                matches.append(number)
            else:
                reasons.append(reason)
        if not matches:
            self.complain(client, seen, first, reasons)
        self.survived = matches[0], matches[-1]
        self.begin(found)
        return len(found.sessions), len(found.keys)

    def begin(self, state):
        self.last_sequence, self.last_acknowledged = self.sequence(), len(self.history)
        self.model, self.base, self.history, self.pending = state, state.copy(), [], []

    def complain(self, client, seen, first, reasons):
        shown = " | ".join(reasons if len(reasons) < 6 else reasons[:2] + ["..."] + reasons[-2:])
        text = f"worker {self.number}: none of {len(reasons)} possible states is the server's: {shown}"
        earlier = [n for n, state in self.candidates(0) if n < first and difference(state, seen, client) is None]
        if not earlier:
            raise Lost(text)
        raise Lost(f"{text}; it is the state {first - earlier[-1]} acknowledged writes earlier",
                   first - earlier[-1], self.history[earlier[-1]].acknowledged)


def observe(client, worker):
    sessions, places = {}, {}
    for user in worker.users:
        listed = client("SESS.LISTUSER", user)
        assert client("SESS.COUNTUSER", user) == len(listed), f"COUNTUSER and LISTUSER of {user!r} differ"
        for entry in map(fields, listed):
            by_id = fields(client("SESS.GET", entry[b"id"]))
            assert by_id == entry, f"LISTUSER and GET differ: {entry} {by_id}"
            marker = int(fields(entry[b"data"])[b"marker"])
            assert marker not in sessions, f"the session {marker} is there twice"
            sessions[marker], places[entry[b"id"]] = entry, marker
            assert entry[b"user_id"] == user
    names = worker.keys + worker.counters
    values = client.pipeline([c for name in names for c in ([b"GET", name], [b"PEXPIRETIME", name])])
    keys = {name: (values[2 * i], max(values[2 * i + 1], 0)) for i, name in enumerate(names) if not is_null(values[2 * i])}
    return sessions, keys


def difference(state, seen, client):
    """None, or why the server cannot be in this state. What the server alone knew is filled in."""
    sessions, keys = seen
    if keys != state.keys:
        wrong = [k for k in keys.keys() | state.keys.keys() if keys.get(k) != state.keys.get(k)]
        return f"key {wrong[0]!r}: has {str(keys.get(wrong[0]))[:80]}, should be {str(state.keys.get(wrong[0]))[:80]}"
    if sessions.keys() != state.sessions.keys():
        return (f"sessions lost {sorted(state.sessions.keys() - sessions.keys())} "
                f"invented {sorted(sessions.keys() - state.sessions.keys())}")
    for marker, session in state.sessions.items():
        entry = sessions[marker]
        told = (entry[b"id"], entry[b"user_id"], entry[b"version"], entry[b"expires_at"], fields(entry[b"data"]))
        believed = (session.id, session.user, session.version, session.expires_at, session.data)
        for have, want in zip(told, believed):
            if want is not m.UNKNOWN and have != want:
                return f"session {marker}: has {told}, should be {believed}"
    tokens = [(s.token, sessions[k][b"id"]) for k, s in state.sessions.items() if isinstance(s.token, bytes)]
    tokens += [(s.previous, sessions[k][b"id"]) for k, s in state.sessions.items() if s.previous_until > time.monotonic()]
    found = client.pipeline([[b"SESS.GETBYTOKEN", token, b"FIELDS", b"1", b"id"] for token, _ in tokens])
    for (token, wanted), reply in zip(tokens, found):
        if fields(reply).get(b"id") != wanted:
            return f"the token of {wanted!r} finds {reply!r}"
    gone = state.revoked[-m.REVOKED_MAX:]
    for token, reply in zip(gone, client.pipeline([[b"SESS.GETBYTOKEN", token] for token in gone])):
        if not is_null(reply):
            return f"a revoked token finds {reply!r}"
    for marker, session in state.sessions.items():
        session.id, session.expires_at = sessions[marker][b"id"], sessions[marker][b"expires_at"]
    return None
