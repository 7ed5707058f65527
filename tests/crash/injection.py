# SPDX-License-Identifier: MIT
"""Faults in the real server's system calls, by strace: which calls it makes on its data directory, and how to let one of them
fail or kill the process. strace counts calls for each thread by itself, so one injection may hit several threads."""
import collections
import os
import re

# The calls that reach the data directory. With -P strace counts only those on given paths: names in the directory, and files
# that are there at the start, which is all that is read. The others it counts everywhere.
ONLY_THERE = ("openat", "renameat", "renameat2", "unlinkat", "mkdirat", "linkat", "pread64")
EVERYWHERE = ("pwrite64", "pwritev", "pwritev2", "write", "writev", "fdatasync", "fsync", "ftruncate", "fallocate",
              "copy_file_range", "sync_file_range")
WRITING = ("openat", "renameat", "renameat2", "unlinkat", "mkdirat", "linkat", "pwrite64", "pwritev", "pwritev2", "write",
           "fdatasync", "fsync", "ftruncate", "fallocate", "copy_file_range")
CALL = re.compile(r"^(\d+) +(\d+\.\d+) (\w+)\((.*)$")

Injection = collections.namedtuple("Injection", "call what when")  # what: error=EIO, signal=KILL; when: 3 or 3+
Hit = collections.namedtuple("Hit", "thread time call text")


def under_strace(directory, output, injection=None):
    """The command before the server's own."""
    calls = [injection.call] if injection else [*ONLY_THERE, *EVERYWHERE]
    line = ["strace", "-f", "-y", "-ttt", "-s", "16", "-o", output, "-e", "trace=" + ",".join(calls), "-e", "signal=none"]
    if injection is None or not injection.what.startswith("signal="):
        line.append("--seccomp-bpf")  # faster, but strace 6.1 then forgets signals after the first call
    if injection:
        if injection.call in ONLY_THERE:
            for path in [directory, *(os.path.join(directory, name) for name in sorted(os.listdir(directory)))]:
                line += ["-P", path]
        line += ["-e", f"inject={injection.call}:{injection.what}:when={injection.when}"]
    return line


def calls_in(output):
    with open(output, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = CALL.match(line)
            if found:
                yield Hit(found.group(1), float(found.group(2)), found.group(3), found.group(4))


def on(directory, hit):
    return re.search(re.escape(directory) + '[/>"]', hit.text)


def injected(output, directory):
    """The calls on the data directory that were tampered with."""
    return [hit for hit in calls_in(output) if "(INJECTED" in hit.text and on(directory, hit)]


def places(output, directory):
    """{call: sorted N for which the Nth call of some thread is on the data directory}, as `when=N` counts."""
    counters, found = collections.Counter(), collections.defaultdict(set)
    for hit in calls_in(output):
        here = on(directory, hit)
        if here or hit.call not in ONLY_THERE:
            counters[hit.thread, hit.call] += 1
        if here:
            found[hit.call].add(counters[hit.thread, hit.call])
    return {call: sorted(numbers) for call, numbers in sorted(found.items())}
