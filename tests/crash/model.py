# SPDX-License-Identifier: MIT
"""What one worker of the crash test believes about its own users and keys, and how each operation changes it. A worker is the
only one who touches them, so its acknowledged operations in order are the whole truth; those in flight at the kill may have
happened or not, but only as a prefix, each one whole.

Sessions are told apart by a marker in their data, because the id of a creation that was not answered is not known. UNKNOWN
stands for a value that only the server knows (an id or token it made, the end that RENEW computed) until an answer tells it."""
import copy
import time

from resp import fields

UNKNOWN = object()
GRACE_S = 300
REVOKED_MAX = 400


class Session:
    def __init__(self, user, data, session_id=UNKNOWN, token=UNKNOWN):
        self.user, self.data, self.id, self.token = user, data, session_id, token
        self.previous, self.previous_until = None, 0  # the token before, while its grace lasts
        self.version = 1
        self.expires_at = UNKNOWN


class Model:
    def __init__(self):
        self.sessions = {}     # marker -> Session
        self.keys = {}         # key -> (value, expires_at; 0: never)
        self.revoked = []      # the latest tokens that must not be found again

    def copy(self):
        other = Model()
        other.sessions = {marker: copy.copy(session) for marker, session in self.sessions.items()}
        other.keys, other.revoked = dict(self.keys), self.revoked[-REVOKED_MAX:]
        return other

    def of_user(self, user):
        return [m for m, s in self.sessions.items() if s.user == user]

    def remove(self, marker):
        session = self.sessions.pop(marker)
        for token in (session.token, session.previous):
            if isinstance(token, bytes):
                self.revoked.append(token)


class Operation:
    """args: what is sent. apply(model, reply): reply None when it was never answered."""

    def __init__(self, args, apply):
        self.args, self.apply = args, apply


def expect(condition, operation, reply):
    if not condition:
        raise AssertionError(f"{b' '.join(map(as_bytes, operation.args))[:200]!r} was answered {reply!r}")


def as_bytes(arg):
    return arg if isinstance(arg, bytes) else str(arg).encode()


def create(user, marker, brought_id=None, brought_token=None):
    data = {b"marker": b"%d" % marker, b"filler": b"f" * (marker % 300)}
    args = [b"SESS.CREATE", user, b"TTL", b"86400"]
    if brought_id:
        args += [b"ID", brought_id]
    if brought_token:
        args += [b"TOKEN", brought_token]
    args += [b"DATA", b"2", *(part for pair in data.items() for part in pair)]

    def apply(model, reply):
        session = Session(user, data, brought_id or UNKNOWN, brought_token or UNKNOWN)
        if reply is not None:
            answer = fields(reply)
            expect(b"id" in answer, operation, reply)
            session.id, session.expires_at = answer[b"id"], answer[b"expires_at"]
            session.token = answer.get(b"token", session.token)
        model.sessions[marker] = session
    operation = Operation(args, apply)
    return operation


def short_lived(args):
    """What expires by itself soon: the model never knows it, and a moment after a restart the server must not either."""
    def apply(_, reply):
        expect(reply is None or reply == b"OK" or b"id" in fields(reply), operation, reply)
    operation = Operation(args, apply)
    return operation


def update(marker, session_id, version, name, value):
    def apply(model, reply):
        session = model.sessions[marker]
        expect(reply is None or reply == version + 1, operation, reply)
        session.data = {**session.data, name: value}
        session.version += 1
    operation = Operation([b"SESS.UPDATE", session_id, b"IFVERSION", version, b"SET", b"1", name, value], apply)
    return operation


def renew(marker, session_id):
    def apply(model, reply):
        session = model.sessions[marker]
        expect(reply is None or isinstance(reply, int), operation, reply)
        session.expires_at = UNKNOWN if reply is None else reply
        session.version += 1
    operation = Operation([b"SESS.RENEW", session_id, b"TTL", b"80000"], apply)
    return operation


def rotate(marker, token, grace):
    def apply(model, reply):
        session = model.sessions[marker]
        expect(reply is None or (isinstance(reply, bytes) and reply.startswith(b"tmtk_")), operation, reply)
        if isinstance(session.previous, bytes):
            model.revoked.append(session.previous)
        session.previous, session.previous_until = (token, time.monotonic() + GRACE_S - 60) if grace else (None, 0)
        if not grace:
            model.revoked.append(token)
        session.token = UNKNOWN if reply is None else reply
        session.version += 1
    operation = Operation([b"SESS.ROTATE", token, b"GRACE", grace], apply)
    return operation


def delete_sessions(markers, args):
    def apply(model, reply):
        expect(reply is None or reply == len(markers), operation, reply)
        for marker in markers:
            model.remove(marker)
    operation = Operation(args, apply)
    return operation


def put(key, value, expires_at=0):
    def apply(model, reply):
        expect(reply is None or reply == b"OK", operation, reply)
        model.keys[key] = (value, expires_at)
    operation = Operation([b"SET", key, value, *([b"PXAT", expires_at] if expires_at else [])], apply)
    return operation


def put_two(one, two, value):
    def apply(model, reply):
        expect(reply is None or reply == b"OK", operation, reply)
        model.keys[one] = model.keys[two] = (value, 0)
    operation = Operation([b"MSET", one, value, two, value], apply)
    return operation


def increment(key):
    def apply(model, reply):
        value, expires_at = model.keys.get(key, (b"0", 0))
        number = int(value) + 1
        expect(reply is None or reply == number, operation, reply)
        model.keys[key] = (b"%d" % number, expires_at)
    operation = Operation([b"INCR", key], apply)
    return operation


def expire(key, at):
    def apply(model, reply):
        expect(reply is None or reply == (1 if key in model.keys else 0), operation, reply)
        if key in model.keys:
            model.keys[key] = (model.keys[key][0], at)
    operation = Operation([b"PEXPIREAT", key, at], apply)
    return operation


def rename(one, two):
    def apply(model, reply):
        if one not in model.keys:
            expect(reply is None or reply == b"ERR no such key", operation, reply)
        else:
            expect(reply is None or reply == b"OK", operation, reply)
            model.keys[two] = model.keys.pop(one)
    operation = Operation([b"RENAME", one, two], apply)
    return operation


def delete_keys(keys):
    def apply(model, reply):
        there = sum(1 for key in set(keys) if key in model.keys)
        expect(reply is None or reply == there, operation, reply)
        for key in keys:
            model.keys.pop(key, None)
    operation = Operation([b"DEL", *keys], apply)
    return operation

