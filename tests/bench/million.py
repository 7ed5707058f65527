#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A million sessions of 100 bytes of data: memory of each, bytes of log, and the time to recover them from the log alone.

    million.py [COUNT]        TOKMESH_BIN names the server

Prints figures and judges nothing: on a shared machine a wall time is an observation. The server is ended by SIGKILL, so what
is read back is what a crash leaves."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from server import Server  # noqa: E402

DATA = b"0123456789" * 10
BATCH = 1000


def create(i):
    words = [b"SESS.CREATE", b"user:%012d" % i, b"TTL", b"86400", b"IP", b"10.0.0.1", b"UA", b"Mozilla/5.0",
             b"DATA", b"1", b"data", DATA]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def fill(port, count):
    """Pipelines of a thousand; each reply holds one line that begins with the id's prefix."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        for first in range(0, count, BATCH):
            s.sendall(b"".join(create(i) for i in range(first, min(count, first + BATCH))))
            want, got, tail = min(count, first + BATCH) - first, 0, b""
            while got < want:
                data = s.recv(1 << 20)
                if not data:
                    raise SystemExit("the server closed the connection")
                seen = tail + data
                got += seen.count(b"\r\ntmss-")
                tail = seen[-6:]
                if b"\r\n-" in seen:
                    raise SystemExit(f"an error: {seen[:200]!r}")


def status_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(field + ":"))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with Server("--appendfsync", "no", "--io-threads", "1") as server:
        before = status_kib(server.process.pid, "VmRSS")
        begin = time.monotonic()
        fill(server.port, count)
        took = time.monotonic() - begin
        rss = status_kib(server.process.pid, "VmRSS") - before
        logs = [f for f in os.listdir(server.directory) if f.startswith("wal-")]
        log_bytes = sum(os.path.getsize(os.path.join(server.directory, f)) for f in logs)
        print(f"created {count} sessions in {took:.1f} s")
        print(f"RSS per session {rss * 1024 / count:.0f} bytes; log per session {log_bytes / count:.0f} bytes")
        server.kill()
        begin = time.monotonic()
        server.start()
        print(f"ready again after {time.monotonic() - begin:.2f} s from the log alone")
        with server.client() as client:
            found = client("SESS.COUNT")
        print(f"sessions found {found}")
        if found != count:
            raise SystemExit("that is not what was created")


if __name__ == "__main__":
    main()
