# SPDX-License-Identifier: MIT
"""What the crash tests share: a server under load of several workers, the oracle over all of them, options, kept evidence."""
import argparse
import atexit
import collections
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from resp import Closed, Error  # noqa: E402
from server import Failed, Server, binary  # noqa: E402
from worker import Worker  # noqa: E402


def options_parser(text, rounds, variable):
    """The options that all crash tests have. Rounds have their default from the environment, then from `rounds`."""
    signal.signal(signal.SIGTERM, out_of_time)
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    seed = os.environ.get("TOKMESH_SEED", random.SystemRandom().randrange(1 << 32))
    count = os.environ.get(variable, rounds)
    parser.add_argument("--rounds", type=int, default=int(count), help=f"default: {variable}, {rounds}")
    parser.add_argument("--seed", type=int, default=int(seed), help="default: TOKMESH_SEED, a random one that is printed")
    parser.add_argument("--server-args", type=shlex.split, default=shlex.split(os.environ.get("TOKMESH_SERVER_ARGS", "")),
                        help="more settings for the server, e.g. '--snapshot-wal-bytes 1mb'; default: TOKMESH_SERVER_ARGS")
    parser.add_argument("--bgsave", action="store_true", default=os.environ.get("TOKMESH_BGSAVE", "") not in ("", "0"),
                        help="ask for snapshots all the time, where the server has BGSAVE; default: TOKMESH_BGSAVE")
    return parser


Variant = collections.namedtuple("Variant", "name args bgsave")


def variants(options):
    """With which settings to run: the given ones, and these with snapshots at full rate and a sealed log, as far as the server
    has them. Rounds are shared out among them."""
    plain = Variant("plain", options.server_args, options.bgsave)
    with Server(*options.server_args) as server, server.client() as client:
        name, args, bgsave = [], list(options.server_args), has_command(client, "BGSAVE")
        if bgsave:
            name.append("snapshots")
        if client("CONFIG", "GET", "snapshot-wal-bytes") and "--snapshot-wal-bytes" not in args:
            args += ["--snapshot-wal-bytes", "1mb"]
        if client("CONFIG", "GET", "encryption-key-file") and "--encryption-key-file" not in args:
            name.append("sealed")
            args += ["--encryption-key-file", key_file()]
    return [plain, Variant(" ".join(name), args, bgsave)] if name else [plain]


def key_file():
    handle, path = tempfile.mkstemp(prefix="tokmesh-keys-")
    atexit.register(os.unlink, path)
    os.write(handle, b"key-1 %s\n" % os.urandom(32).hex().encode())
    os.close(handle)
    return path


def shares(count, several):
    """count rounds shared out: [(of the first, so many), ...]"""
    return [(one, (count + place) // len(several)) for place, one in enumerate(reversed(several))][::-1]


def out_of_time(*_):
    """Once: what was started is then ended, and unmounted."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def has_command(client, name):
    reply = client("COMMAND", "INFO", name)
    return isinstance(reply, list) and len(reply) == 1 and isinstance(reply[0], list)


class Saver(threading.Thread):
    """Asks for snapshots until the connection breaks; one that is under way is answered with an error, which is no failure."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.started = server, 0

    def run(self):
        try:
            with self.server.client() as client:
                while has_command(client, "BGSAVE"):
                    self.started += not isinstance(client("BGSAVE"), Error)
                    time.sleep(0.01)  # a pace, not a wait
        except (Closed, OSError):
            pass


class Run:
    """A server and its workers. `load` ends the server, `start` brings it back, `check` is the oracle."""

    def __init__(self, server, seed, workers, bgsave=False, worker=Worker):
        self.random = random.Random(seed)
        self.server, self.bgsave, self.snapshots = server, bgsave, 0
        self.workers = [worker(i, self.random.getrandbits(32), self.server) for i in range(workers)]
        self.acknowledged_lost, self.oldest_lost = 0, 0.0

    def load(self, seconds, end=None):
        """Starts the workers, then ends the server under them: by SIGKILL, or by end(), which returns the moment."""
        for worker in self.workers:
            worker.again()
        saver = Saver(self.server)
        if self.bgsave:
            saver.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not any(w.failure for w in self.workers):
            time.sleep(0.002)
        if self.server.gone():
            raise AssertionError(f"the server ended by itself, {self.server.process.returncode}: {self.server.log()[-3000:]}")
        moment = end() if end else time.monotonic()
        self.server.kill()
        for thread in [*self.workers, *([saver] if self.bgsave else [])]:
            thread.join(timeout=60)
        self.snapshots += saver.started
        for worker in self.workers:
            if worker.failure:
                raise AssertionError(worker.failure)
        return moment

    def restart(self):
        if self.random.random() < 0.25:  # killed again, in the middle of recovery
            self.server.launch()
            time.sleep(self.random.uniform(0, 0.03))
            self.server.kill()
        start(self.server)

    def check(self, sure=float("inf"), moment=0.0):
        """sure: acknowledged before then must be there. moment: of the cut, for the age of what was lost after `sure`."""
        with self.server.client() as client:
            sessions = keys = 0
            names = set()
            for worker in self.workers:
                more_sessions, more_keys = worker.check(client, sure)
                sessions, keys = sessions + more_sessions, keys + more_keys
                names.update(worker.model.keys)
                names.update(session.id for session in worker.model.sessions.values())
            self.check_order(moment)
            wanted = (sessions, sessions + keys)
            until = time.monotonic() + 5  # what was short-lived is taken back within a second of its end
            while (counted := (client("SESS.COUNT"), client("DBSIZE"))) != wanted and time.monotonic() < until:
                time.sleep(0.01)
            assert counted == wanted, f"COUNT and DBSIZE {counted}, records {wanted}"
            seen = scan(client)
            assert len(seen) == len(set(seen)), "SCAN showed a key twice"
            assert set(seen) == names, f"SCAN: lost {sorted(names - set(seen))[:3]} invented {sorted(set(seen) - names)[:3]}"

    def check_order(self, moment):
        """There is one log: when a write is lost, none that was sent after its reply may be there, whoever sent it."""
        lost, there = [], []
        for worker in self.workers:
            least, most = worker.survived
            if most < worker.last_acknowledged:
                lost.append((worker.last_sequence[most].acknowledged, worker.number))
                self.acknowledged_lost += worker.last_acknowledged - most
            if least > 0:
                there.append((worker.last_sequence[least - 1].sent, worker.number))
        if not lost:
            return
        self.oldest_lost = max(self.oldest_lost, moment - min(lost)[0])
        if there and max(there)[0] > min(lost)[0]:
            raise AssertionError(f"a hole: worker {min(lost)[1]} lost what was acknowledged {max(there)[0] - min(lost)[0]:.4f} s "
                                 f"before worker {max(there)[1]} sent what is there")

    def acknowledged(self):
        return sum(worker.acknowledged for worker in self.workers)


def start(server):
    """Like server.start(), but a server that does not come back is what a test looks for, not the end of the test."""
    binary()
    try:
        return server.start()
    except Failed as error:
        raise AssertionError(f"no restart: {error}") from error


def scan(client):
    seen, cursor = [], b"0"
    while True:
        cursor, page = client("SCAN", cursor, "COUNT", "200")
        seen += page
        if cursor == b"0":
            return seen


def keep_evidence(server, name):
    name = "".join(c if c.isalnum() else "-" for c in name)
    place = os.path.join(os.environ.get("TOKMESH_EVIDENCE", os.path.join(HERE, "..", "..", "build", "crash")), name)
    server.kill()
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(server.directory, place)
    shutil.copy(server.log_path, os.path.join(place, "server-output.txt"))
    print(f"the data directory is kept in {os.path.normpath(place)}")
