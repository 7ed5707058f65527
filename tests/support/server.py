# SPDX-License-Identifier: MIT
"""Starts the server under test, or a redis-server beside it, on a free port of 127.0.0.1 with a directory of its own. Ends only
what it started, by its process id. TOKMESH_BIN names the binary; else build/release/tokmesh of this tree."""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Client, Closed, Simple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def binary():
    path = os.environ.get("TOKMESH_BIN") or os.path.join(ROOT, "build", "release", "tokmesh")
    if not os.path.exists(path):
        raise SystemExit(f"no server binary at {path}: build it (./dev build), or set TOKMESH_BIN")
    return os.path.abspath(path)


def redis_server():
    path = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if path is None:
        raise SystemExit("no redis-server here: install redis-tools or redis-server")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Failed(SystemExit):
    """The server, or what a test waits for, did not do what it must. Ends the program unless that is what is looked for."""


def poll(done, seconds=20.0, what="it"):
    """Asks until done() is true; the deadline is an error."""
    until = time.monotonic() + seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"{what} did not happen within {seconds} s")
        time.sleep(0.005)


class Server:
    """args: settings ("--appendfsync", "always"). wrap: a program to run it under, e.g. strace and its options. environment: what
    to add to it."""

    def __init__(self, *args, directory=None, wrap=(), reference=False, environment=None):
        self.args, self.wrap, self.reference = list(args), list(wrap), reference
        self.environment = environment or {}
        self.own = None if directory else tempfile.mkdtemp(prefix="tokmesh-test-")
        self.directory = directory or os.path.join(self.own, "data")
        os.makedirs(self.directory, exist_ok=True)
        self.log_path = self.directory.rstrip("/") + ".log"
        self.port = free_port()
        atexit.register(self.__exit__)  # whatever ends the program, and wherever
        self.process = None

    def command(self):
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.directory]
        if self.reference:  # argv[0] decides what a redis-check-rdb binary is
            return ["redis-server", *place, "--save", "", "--appendonly", "no", *self.args], redis_server()
        line = [*self.wrap, binary(), "serve", *place, *self.args]
        return line, line[0]

    def launch(self):
        line, executable = self.command()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(line, executable=shutil.which(executable) or executable, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, **self.environment})
        return self

    def start(self, seconds=60.0):
        self.launch()
        poll(lambda: self.answers() or self.gone(), seconds, "the start of the server")
        if self.gone():
            raise Failed(f"the server ended with {self.process.returncode}: {self.log()[-2000:]}")
        return self

    def gone(self):
        return self.process.poll() is not None

    def answers(self):
        try:
            with Client(self.port, timeout=5.0) as client:
                return client("PING") == Simple(b"PONG")
        except (OSError, Closed):
            return False

    def client(self, timeout=30.0):
        return Client(self.port, timeout)

    def server_pid(self):
        """Of the server itself, also when it runs under another program."""
        if not self.wrap:
            return self.process.pid
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            found = children.read().split()
            return int(found[0]) if found else self.process.pid  # a program like env has become the server

    def terminate(self):
        os.kill(self.server_pid(), signal.SIGTERM)

    def kill(self):
        if self.process and not self.gone():
            if self.wrap:
                os.kill(self.server_pid(), signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait(timeout=30)

    def stop(self):
        if self.process and not self.gone():
            self.terminate()
            self.process.wait(timeout=60)
        return self.process.returncode if self.process else None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.kill()
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)
