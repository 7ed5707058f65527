#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A tmpfs of 16 MiB that fills up until every write is refused with MISCONF. All that was acknowledged is then readable, touches
and log-outs go on, and when the disk grows, writes come back in the same process; after a SIGKILL all is there, and nothing that
was refused. (tests/integration/full_disk_test.cpp starts on a full disk, which this does not.) And one that a snapshot fills: it
fails, takes back its part, harms no write, is tried again, and comes when there is room.

    full_disk_test.py [--seed S] [--server-args '...']

Where mounting is not possible it prints `skipped: why`. Closes with `N passed, N failed`, one for each appendfsync mode and one
for snapshots."""
import atexit
import os
import random
import shutil
import sys
import tempfile
import time

from disk_image import Unusable, become_root, call
from load import Server, keep_evidence, options_parser, start
from resp import Error, fields, is_null

REFUSED = b"MISCONF TM-SYS-5001"
SMALLEST = 20  # this many refusals in a row, of ever smaller writes, and the disk is full


class SmallDisk:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tokmesh-full-")
        self.path = os.path.join(self.folder, "mounted")
        os.mkdir(self.path)
        atexit.register(self.__exit__)  # whatever ends the program, and wherever

    def __enter__(self):
        try:
            call("mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", self.path)
        except Unusable:
            shutil.rmtree(self.folder)
            raise
        return self

    def grow(self):
        call("mount", "-o", "remount,size=128m", self.path)

    def __exit__(self, *_):
        if os.path.ismount(self.path):
            call("umount", self.path)
        shutil.rmtree(self.folder, ignore_errors=True)


class Story:
    """What was acknowledged, what was refused."""

    def __init__(self, client, rng):
        self.client, self.rng, self.keys, self.refused, self.tokens = client, rng, {}, [], {}

    def set(self, size):
        key, value = b"key-%d" % (len(self.keys) + len(self.refused)), b"%d" % self.rng.randrange(1 << 60) * (size // 18 + 1)
        reply = self.client("SET", key, value)
        assert reply == b"OK" or (isinstance(reply, Error) and reply.startswith(REFUSED)), reply
        if reply == b"OK":
            self.keys[key] = value
        else:
            self.refused.append(key)
        return reply == b"OK"

    def login(self, user):
        reply = self.client("SESS.CREATE", user)
        if isinstance(reply, Error) and reply.startswith(REFUSED):
            return False
        self.tokens[fields(reply)[b"token"]] = user
        return True

    def fill(self):
        while len(self.tokens) < 20:
            assert self.login(b"alice-%d" % len(self.tokens))
        size, misses = 100_000, 0
        while misses < SMALLEST:
            misses = 0 if self.set(size) else misses + 1
            size = max(20, size // 2) if misses else size
        while self.login(b"bob-%d" % len(self.tokens)):
            assert len(self.tokens) < 100_000, "it is never full"

    def check(self, client):
        wrong = [k for k in self.keys if client("GET", k) != self.keys[k]]
        assert not wrong, f"{len(wrong)} of {len(self.keys)} acknowledged keys are not readable: {wrong[:3]}"
        kept = [k for k in self.refused if not is_null(client("GET", k))]
        assert not kept, f"refused, but there: {kept[:3]}"
        for token, user in self.tokens.items():
            found = fields(client("SESS.GETBYTOKEN", token, "TOUCH", "IP", "10.0.0.1")).get(b"user_id")
            assert found == user, f"a token of {user} finds {found}"
        assert client("DBSIZE") == len(self.keys) + len(self.tokens), "DBSIZE counts something else"

    def remove(self):
        """One can log out and delete on a full disk."""
        token, user = self.tokens.popitem()
        assert self.client("SESS.DELUSER", user) == 1
        assert is_null(self.client("SESS.GETBYTOKEN", token))
        token = self.tokens.popitem()[0]
        assert self.client("SESS.DELBYTOKEN", token) == 1
        key = self.keys.popitem()[0]
        assert self.client("DEL", key) == 1


def story(mode, options):
    with SmallDisk() as disk:
        server = Server("--appendfsync", mode, *options.server_args, directory=os.path.join(disk.path, "data"))
        server.log_path = os.path.join(disk.folder, "server.log")
        try:
            start(server)
            pid = server.process.pid
            with server.client() as client:
                told = Story(client, random.Random(options.seed))
                told.fill()
                told.check(client)
                told.remove()
                told.check(client)
                figures = f"{len(told.keys)} keys and {len(told.tokens)} sessions until it was full, {len(told.refused)} refused"
                disk.grow()
                until = time.monotonic() + 15
                while not told.set(100_000):
                    assert time.monotonic() < until, "writes do not come back"
                    time.sleep(0.05)
                assert told.login(b"carol") and server.process.pid == pid and not server.gone()
                told.check(client)
            server.kill()
            start(server)
            with server.client() as client:
                told.check(client)
            print(f"{mode}: {figures}; after more room writes came back and all is there, seed {options.seed}")
            return True
        except AssertionError as error:
            print(f"{mode}: {error}, seed {options.seed}")
            keep_evidence(server, f"full-disk-{mode}")
            return False
        finally:
            server.kill()


def figure(client, name):
    text = client("INFO", "persistence").decode()
    return next(line.split(":", 1)[1] for line in text.splitlines() if line.startswith(name + ":"))


def snapshot_story(options):
    """9 MB of data are twice on 16 MiB: in the log they have room, in a snapshot besides they have not."""
    with SmallDisk() as disk:
        data = os.path.join(disk.path, "data")
        server = Server("--wal-segment-size", "1mb", "--snapshot-interval", "0", *options.server_args, directory=data)
        server.log_path = os.path.join(disk.folder, "server.log")
        try:
            start(server)
            with server.client() as client:
                told = Story(client, random.Random(options.seed))
                for _ in range(90):
                    assert told.set(100_000), "9 MB have no room in the log"
                assert told.login(b"alice")
                reply = client("SAVE")
                assert isinstance(reply, Error) and reply.startswith(b"ERR TM-SYS-5002 the snapshot failed: "), reply
                assert b"No space left on device" in reply or b"the log needs the disk" in reply, reply
                assert not os.path.exists(os.path.join(data, "snapshot-part")), "a part is left"
                assert client("CONFIG", "SET", "snapshot-interval", "100ms") == b"OK"
                until = time.monotonic() + 30
                while int(figure(client, "snapshots_failed")) < 4:  # by itself, after 1, 2 and 4 seconds
                    assert time.monotonic() < until, "it is not tried again"
                    written = told.set(20)
                    assert written or figure(client, "rdb_bgsave_in_progress") == "1" or told.set(20), "writes are refused"
                    time.sleep(0.01)
                assert figure(client, "rdb_last_bgsave_status") == "err" and figure(client, "snapshot_last_error")
                assert server.log().count("Snapshot failed: ") >= 4, server.log()
                told.check(client)
                disk.grow()
                while int(figure(client, "snapshots_taken")) == 0:
                    assert time.monotonic() < until + 30, "it does not come when there is room"
                    time.sleep(0.05)
                assert client("CONFIG", "SET", "snapshot-interval", "0") == b"OK"
                assert figure(client, "rdb_last_bgsave_status") == "ok" and told.set(100)
                failed = figure(client, "snapshots_failed")
                told.check(client)
            server.kill()
            start(server)
            with server.client() as client:
                told.check(client)
            print(f"snapshot: failed {failed} times on the full disk ({reply.decode()[37:]}), harmed no write, came with room, "
                  f"seed {options.seed}")
            return True
        except AssertionError as error:
            print(f"snapshot: {error}, seed {options.seed}")
            keep_evidence(server, "full-disk-snapshot")
            return False
        finally:
            server.kill()


def main():
    options = options_parser(__doc__, 1, "TOKMESH_FULL_DISK_ROUNDS").parse_args()
    why = become_root()
    good = bad = 0
    try:
        for mode in [] if why else ["always", "everysec"]:
            well = story(mode, options)
            good, bad = good + well, bad + (not well)
        if not why:
            well = snapshot_story(options)
            good, bad = good + well, bad + (not well)
    except Unusable as error:
        why = str(error)
    if why:
        print(f"skipped: full disk: {why}")
    print(f"{good} passed, {bad} failed" + (", 1 skipped" if why else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
