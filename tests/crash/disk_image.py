# SPDX-License-Identifier: MIT
"""A real file system in a file, mounted over a loop device, whose power can be cut: FS_IOC_SHUTDOWN without flushing the journal
makes the kernel forget what was not synced; the next mount replays the journal as after a real cut. Needs root, loop devices and
the mkfs of the file system; why_not() says what is missing. Leaves neither mounts nor loop devices behind."""
import atexit
import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

FS_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
IMAGE_BYTES = 1 << 30  # sparse: what is not written takes no room
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}


class Unusable(Exception):
    """Why this machine cannot do it."""


def become_root():
    """Goes on as root, by sudo without a password if need be. Returns why not, or None."""
    if os.geteuid() == 0:
        return None
    if subprocess.run(["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode \
            if shutil.which("sudo") else True:
        return "it needs root, or sudo without a password"
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("TOKMESH_") or name in ("PATH", "CI")]
    sys.stdout.flush()
    os.execvp("sudo", ["sudo", "-n", "env", *kept, "PYTHONDONTWRITEBYTECODE=1", sys.executable, *sys.argv])


def call(*command):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "PATH": path, "LC_ALL": "C"}, timeout=60)
    except FileNotFoundError as error:
        raise Unusable(f"{command[0]} is not installed") from error
    if done.returncode:
        raise Unusable(f"{' '.join(command)}: {' '.join(done.stdout.decode('utf-8', 'replace').split())[:300]}")


def room_for_images():
    """In memory where there is room, so that other work on the disk does not decide what a second is; else in build/."""
    if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 2 * IMAGE_BYTES:
        return "/dev/shm"
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")
    os.makedirs(place, exist_ok=True)
    return os.path.abspath(place)


class DiskImage:
    """with DiskImage("ext4") as disk: disk.path is the mounted root. Raises Unusable when it cannot be."""

    def __init__(self, kind):
        self.kind = kind
        self.folder = tempfile.mkdtemp(prefix=f"tokmesh-{kind}-", dir=room_for_images())
        self.image, self.path = os.path.join(self.folder, "image"), os.path.join(self.folder, "mounted")
        os.mkdir(self.path)
        atexit.register(self.__exit__)  # whatever ends the program, and wherever

    def __enter__(self):
        try:
            self.format()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def format(self):
        """A new, empty file system."""
        self.unmount()
        with open(self.image, "wb") as image:
            image.truncate(IMAGE_BYTES)
        call(*MAKE[self.kind], self.image)
        self.mount()

    def mount(self):
        call("mount", "-t", self.kind, "-o", "loop", self.image, self.path)  # umount gives the loop device back

    def mounted(self):
        """By the kernel's table: a file system whose power was cut answers no stat."""
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            return any(line.split(" ")[1] == self.path for line in mounts)

    def unmount(self):
        for _ in range(100):
            if not self.mounted():
                return
            try:
                call("umount", self.path)
            except Unusable as error:  # busy for a moment, when a process has just ended
                reason = error
                time.sleep(0.05)
        try:
            call("umount", "-l", self.path)
        finally:
            print(f"the image could only be unmounted lazily: {reason}", file=sys.stderr)

    def cut(self):
        """The power goes. Returns the moment just before."""
        root = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            moment = time.monotonic()
            fcntl.ioctl(root, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
            return moment
        finally:
            os.close(root)

    def again(self):
        """The power is back: mounted anew, after the journal was replayed."""
        self.unmount()
        self.mount()


def why_not(kind):
    """None, or why this machine cannot cut the power of such a file system."""
    try:
        with DiskImage(kind) as disk:
            disk.cut()
            disk.again()
    except (Unusable, OSError) as error:
        return str(error)
    return None
