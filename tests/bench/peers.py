# SPDX-License-Identifier: MIT
"""The two servers side by side with equal data, and what the kernel says about their processes.

A session is one record here, and in Redis what one Lua script makes of it: a hash, a key for its token, an index of its user."""
import os
import threading
import time

from loader import load
from resp import Error, fields
from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = "0123456789" * 10
CREATE = ["SESS.CREATE", "user:__seq_int__", "TTL", "86400", "IP", "10.0.0.1", "UA", "Mozilla/5.0", "DATA", "1", "data", DATA]
TOKEN = "bench-token-aaaaaaaaaaaaaaaaaaaa-__seq_int__"
SET = ["SET", "k:__rand_int__", DATA * 2]
OURS, PEER = "ours", "redis"


class Side:
    """One server: how sessions are made and read there, and its figures. Ours needs no more than its commands."""

    def __init__(self, name, *args):
        self.name = name
        if name == OURS:  # no snapshot comes by itself, as none does in the peer, which is started with an empty `save`
            args = ("--snapshot-interval", "0", "--snapshot-wal-bytes", "0", *args)
        self.server = Server(*args, reference=name == PEER).start(300)
        self.tokens = None  # a file of those that ours made

    @property
    def port(self):
        return self.server.port

    @property
    def pid(self):
        return self.server.process.pid

    def call(self, *words):
        with self.server.client(600) as client:
            reply = client(*words)
        if isinstance(reply, Error):
            raise SystemExit(f"{self.name}: {words[0]} gave {reply}")
        return reply

    def script(self, name):
        with open(os.path.join(HERE, name + ".lua"), encoding="ascii") as file:
            return self.call("SCRIPT", "LOAD", file.read()).decode()

    def create(self):
        if self.name == OURS:
            return CREATE
        return ["EVALSHA", self.script("create"), "0", "user:__seq_int__", "tmss-01jf8xzm7e3xqh5p__seq_int__", TOKEN, DATA]

    def read(self):
        """What checks a session by its token, and the options of its load; after fill()."""
        if self.name == OURS:
            return ["SESS.GETBYTOKEN", "__line__"], {"lines": self.tokens}
        return ["EVALSHA", self.script("get"), "0", TOKEN.replace("__seq_int__", "__rand_int__")], {"keys": self.known}

    def fill(self, sessions, known=0):
        """`known` of the sessions can be read by token: ours made their tokens, the peer was given them."""
        self.known = known
        if self.name == OURS and known:
            words = [CREATE[0], "known", *CREATE[2:]]
            with self.server.client() as client:
                replies = client.pipeline([[words[0], b"known:%012d" % i, *words[2:]] for i in range(known)])
            self.tokens = os.path.join(self.server.own, "tokens")
            with open(self.tokens, "wb") as file:
                file.writelines(fields(reply)[b"token"] + b"\n" for reply in replies)
        first = known if self.name == OURS else 0
        if sessions > first:
            load(self.port, self.create(), requests=sessions - first, first=first, pipeline=100, connections=20)

    def fill_strings(self, keys):
        load(self.port, ["SET", "k:__seq_int__", DATA * 2], requests=keys, pipeline=100, connections=20)

    def sessions(self):
        """That are there. The peer has three keys a session, and none else in the benches that ask."""
        return self.call("SESS.COUNT") if self.name == OURS else self.call("DBSIZE") // 3

    def saving(self):
        return b"rdb_bgsave_in_progress:1" in self.call("INFO", "persistence")

    def snapshot_bytes(self):
        folder = self.server.directory
        return max(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder) if f.endswith((".tms", ".rdb")))

    def save_seconds(self):
        begin = time.monotonic()
        self.call("SAVE")
        return time.monotonic() - begin

    def bgsave_seconds(self, look_every=0.002):
        with self.server.client() as client:
            begin = time.monotonic()
            client("BGSAVE")
            while b"rdb_bgsave_in_progress:1" in client("INFO", "persistence"):
                time.sleep(look_every)
            took = time.monotonic() - begin
            if b"rdb_last_bgsave_status:ok" not in client("INFO", "persistence"):
                raise SystemExit(f"{self.name}: the snapshot failed: {self.server.log()[-500:]}")
            return took

    def restart_seconds(self):
        """From the start of the process to the first PONG; all sessions must be there."""
        before = self.sessions()
        self.server.kill()
        begin = time.monotonic()
        self.server.start(300)
        took = time.monotonic() - begin
        if self.sessions() != before:
            raise SystemExit(f"{self.name}: {self.sessions()} of {before} sessions after the restart")
        return took

    # ---- what the kernel says ----

    def cpu_seconds(self):
        """Of all threads that live, from the scheduler's counters in nanoseconds."""
        tasks = f"/proc/{self.pid}/task"
        return sum(int(read(f"{tasks}/{task}/schedstat").split()[0]) for task in os.listdir(tasks)) / 1e9

    def cpu_seconds_ever(self):
        """Of threads and children that have ended, too; to a hundredth."""
        times = read(f"/proc/{self.pid}/stat").rpartition(")")[2].split()[11:15]  # utime, stime, and those of children
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        """Of the process and of its children: what they share counts once (PSS)."""
        children = read(f"/proc/{self.pid}/task/{self.pid}/children").split()
        return sum(field_bytes(f"/proc/{pid}/smaps_rollup", "Pss") for pid in [self.pid, *children])

    def close(self):
        self.server.__exit__()


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):  # a child may end at any time
        return ""


def field_bytes(path, field):
    return next((int(line.split()[1]) * 1024 for line in read(path).splitlines() if line.startswith(field + ":")), 0)


class Meanwhile:
    """Calls step() again and again beside what the with block does; the last call ends before the block is left."""

    def __init__(self, step):
        self.step, self.calls, self.failure = step, 0, None
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.enough.is_set():
            try:
                self.step()
            except (Exception, SystemExit) as failure:  # it is the bench's, not this thread's
                self.failure = failure
                return
            self.calls += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.enough.set()
        self.thread.join()
        if self.failure and kind is None:
            raise self.failure
