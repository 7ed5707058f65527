# SPDX-License-Identifier: MIT
"""A RESP2 and RESP3 client for the python tests, standard library only. Replies keep their wire type, so that two servers can be
compared exactly: Simple, Error, Bulk (bytes), int, Null, list, Map, Set, Push, Double, Boolean, Verbatim."""
import socket


class Simple(bytes):
    def __repr__(self):
        return "+" + self.decode("utf-8", "backslashreplace")


class Error(bytes):
    def __repr__(self):
        return "-" + self.decode("utf-8", "backslashreplace")


class Double(bytes):
    pass


class Verbatim(bytes):
    pass


class Boolean(int):
    pass


class Null:
    """A null of one of the three wire forms: $-1, *-1 and _."""

    def __init__(self, form):
        self.form = form

    def __eq__(self, other):
        return isinstance(other, Null) and self.form == other.form

    def __repr__(self):
        return self.form


class Map(list):
    pass


class Set(list):
    pass


class Push(list):
    pass


class Closed(Exception):
    pass


def request(args):
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Client:
    def __init__(self, port, timeout=30.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.place = 0

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *commands):
        try:
            self.socket.sendall(b"".join(request(c) for c in commands))
        except OSError as error:
            raise Closed(str(error)) from error

    def __call__(self, *args):
        self.send(args)
        return self.read()

    def pipeline(self, commands, batch=500):
        replies = []
        for start in range(0, len(commands), batch):
            part = commands[start:start + batch]
            self.send(*part)
            replies += [self.read() for _ in part]
        return replies

    def _fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except OSError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        self.buffer = self.buffer[self.place:] + data
        self.place = 0

    def _line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.place)
            if end >= 0:
                line = self.buffer[self.place:end]
                self.place = end + 2
                return line
            self._fill()

    def _exactly(self, count):
        while len(self.buffer) - self.place < count + 2:
            self._fill()
        data = self.buffer[self.place:self.place + count]
        if self.buffer[self.place + count:self.place + count + 2] != b"\r\n":
            raise ValueError("a bulk string does not end with CRLF")
        self.place += count + 2
        return data

    def read(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind in SCALARS:
            return SCALARS[kind](rest)
        if rest == b"-1" and kind in b"$*":
            return Null(line.decode())
        if kind in BLOBS:
            return BLOBS[kind](self._exactly(int(rest)))
        if kind in AGGREGATES:
            count = int(rest) * (2 if kind == b"%" else 1)
            return AGGREGATES[kind](self.read() for _ in range(count))
        raise ValueError(f"not a reply: {line!r}")


SCALARS = {b"+": Simple, b"-": Error, b":": int, b",": Double, b"(": int, b"_": lambda _: Null("_"),
           b"#": lambda text: Boolean(text == b"t")}
BLOBS = {b"$": bytes, b"!": Error, b"=": Verbatim}
AGGREGATES = {b"*": list, b"%": Map, b"~": Set, b">": Push}


def fields(reply):
    """A map, or the flat array that RESP2 has for one, as a dictionary."""
    return {reply[i]: reply[i + 1] for i in range(0, len(reply) - 1, 2)} if isinstance(reply, list) else {}


def is_null(reply):
    return isinstance(reply, Null)
