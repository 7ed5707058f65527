#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the real server under strace and shows, for every reply to a write in `appendfsync always`, the return of an fdatasync
that covers it before the send. SIGKILL cannot see a missing fsync: this can.

strace writes one total order of system call entries and returns. A write's marker (a unique value) is looked for in what was
written to a log file; the reply is covered when, between that write's return and the entry of the send that carries the reply, an
fdatasync of that file was entered and returned 0.

Modes: `always` must show no violation and fewer flushes than commands; `no` is the negative control: the same run without
flushes must be reported as violations, or this program is blind. A new data directory's own name must be synced, too. Closes
with `N passed, N failed`."""
import collections
import os
import re
import shutil
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from resp import fields  # noqa: E402
from server import Server  # noqa: E402

CALLS = "pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sendto,sendmsg,io_uring_enter"
CONNECTIONS, COMMANDS = 50, 10
LINE = re.compile(r"^(\d+)\s+\d+\.\d+ (.*)$")
START = re.compile(r"^(\w+)\((\d+)(?:<((?:->|[^>])*)>)?,? ?(.*)$")
MARKER = re.compile(r"mark-(\d+)-(\d+)-end")


class Trace:
    """Reads strace's lines in order and keeps what was written and flushed in log files, and what was sent to whom."""

    def __init__(self):
        self.unfinished = {}                       # thread -> (call, path, text)
        self.written = {}                          # marker -> (path, place of the write's return)
        self.flushes = collections.defaultdict(list)  # path -> (entered, returned)
        self.sends = []                            # (entered, port of the peer, bytes as strace shows them)
        self.place = 0
        self.flush_entered = {}

    def feed(self, line):
        found = LINE.match(line)
        if not found:
            return
        self.place += 1
        thread, text = found.groups()
        resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", text)
        if resumed:
            call, path, start = self.unfinished.pop(thread, (resumed.group(1), "", ""))
            self.ended(thread, call, path, start + resumed.group(2))
            return
        started = START.match(text)
        if not started:
            return
        call, _, path, rest = started.groups()
        self.entered(thread, call, path or "", rest)
        if text.endswith("<unfinished ...>"):
            self.unfinished[thread] = (call, path or "", rest[:-len("<unfinished ...>")])
        else:
            self.ended(thread, call, path or "", rest)

    def entered(self, thread, call, path, text):
        if call in ("fdatasync", "fsync"):
            self.flush_entered[thread] = self.place
        elif path.startswith("TCP"):
            peer = re.search(r"->127\.0\.0\.1:(\d+)", path)
            if peer:
                self.sends.append([self.place, int(peer.group(1)), text])

    def ended(self, thread, call, path, text):
        good = re.search(r"= (\d+)", text.rsplit(")", 1)[-1])
        if call in ("fdatasync", "fsync"):
            if good:
                self.flushes[path].append((self.flush_entered.pop(thread, self.place), self.place))
        elif "/wal-" in path or "/spare-" in path:
            for marker in MARKER.findall(text) if good else []:
                self.written.setdefault((int(marker[0]), int(marker[1])), (path, self.place))

    def covered(self, marker, send_place):
        if marker not in self.written:
            return "its log write was never seen"
        path, written = self.written[marker]
        if any(written <= entered and returned <= send_place for entered, returned in self.flushes[path]):
            return None
        return f"no fdatasync of {os.path.basename(path)} between its write and its reply"


def drive(server):
    """CONNECTIONS clients, COMMANDS writes each, one after the other on a connection.
    Returns {port: number of the connection}."""
    ports, failures = {}, []

    def work(number):
        try:
            with server.client(120) as client:
                ports[client.socket.getsockname()[1]] = number
                for command in range(COMMANDS):
                    marker = f"mark-{number}-{command}-end"
                    if number % 2:
                        reply = fields(client("SESS.CREATE", f"user{number}", "DATA", "1", "m", marker))
                        assert b"token" in reply, reply
                    else:
                        reply = client("SET", f"key{number}", marker)
                        assert reply == b"OK", reply
        except Exception as error:  # pylint: disable=broad-except
            failures.append(f"connection {number}: {error!r}")
    threads = [threading.Thread(target=work, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("; ".join(failures[:3]))
    return ports


def replies_in(text, number):
    return len(re.findall(r"tmtk_" if number % 2 else r"\+OK\\r\\n", text))


def judge(trace, ports):
    """(replies seen, violations)"""
    answered, violations = collections.Counter(), []
    for place, port, text in trace.sends:
        number = ports.get(port)
        if number is None:
            continue
        for _ in range(replies_in(text, number)):
            marker = (number, answered[number])
            answered[number] += 1
            reason = trace.covered(marker, place)
            if reason:
                violations.append(f"reply {marker[1]} on connection {number}: {reason}")
    return sum(answered.values()), violations


def traced_run(mode):
    folder = tempfile.mkdtemp(prefix="tokmesh-strace-")
    output = os.path.join(folder, "calls")
    strace = ["strace", "-f", "-ttt", "-yy", "-s", "1000000", "-o", output, "-e", "trace=" + CALLS, "-e", "signal=none"]
    try:
        with Server("--appendfsync", mode, wrap=strace) as server:
            with server.client() as client:
                before = flush_counter(client)
                ports = drive(server)
                counted = flush_counter(client) - before
            server.stop()
        trace = Trace()
        with open(output, encoding="ascii", errors="replace") as lines:
            for line in lines:
                trace.feed(line.rstrip("\n"))
        seen, violations = judge(trace, ports)
        flushes = sum(len(f) for path, f in trace.flushes.items() if "/wal-" in path)
        return seen, violations, flushes, counted
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_directory_lasts():
    """A power cut after the first acknowledged write must not take the data directory's name: the folder around it is synced
    after it is made. The server makes it, so the directory that Server makes is removed before."""
    folder = tempfile.mkdtemp(prefix="tokmesh-strace-")
    output = os.path.join(folder, "calls")
    parent = os.path.join(folder, "parent")
    strace = ["strace", "-f", "-y", "-o", output, "-e", "trace=mkdir,fsync,listen", "-e", "signal=none"]
    try:
        os.mkdir(parent)
        server = Server(directory=os.path.join(parent, "data"), wrap=strace)
        os.rmdir(server.directory)
        with server:
            server.stop()
        with open(output, encoding="ascii", errors="replace") as lines:
            calls = lines.read()
        made = re.search(rf'mkdir\("{re.escape(server.directory)}", \d+\) += 0', calls)
        return bool(made and re.search(rf"fsync\(\d+<{re.escape(parent)}>\) += 0", calls[made.end():]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def flush_counter(client):
    for line in client("INFO", "wal").decode().split("\r\n"):
        if line.startswith("wal_fdatasyncs:"):
            return int(line.split(":")[1])
    raise SystemExit("INFO wal has no wal_fdatasyncs")


def main():
    if shutil.which("strace") is None:
        raise SystemExit("strace is not installed")
    wanted = CONNECTIONS * COMMANDS
    checks = []
    seen, violations, flushes, counted = traced_run("always")
    print(f"always: {seen} replies to writes, {len(violations)} not covered, {flushes} flushes of the log seen, "
          f"INFO counted {counted}")
    for violation in violations[:5]:
        print("   " + violation)
    checks.append(("every reply to a write is seen", seen == wanted))
    checks.append(("every reply is sent after a covering fdatasync", not violations))
    checks.append(("one flush a group, not a command", 0 < flushes < wanted / 2 and 0 < counted < wanted / 2))
    seen, violations, flushes, _ = traced_run("no")
    print(f"negative control, appendfsync no: {seen} replies to writes, {len(violations)} reported as not covered")
    checks.append(("a run without flushes is reported", seen == wanted and len(violations) > wanted / 2))
    checks.append(("the folder around a new data directory is synced", new_directory_lasts()))
    for what, good in checks:
        print(("ok      " if good else "FAILED  ") + what)
    failed = sum(not good for _, good in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
