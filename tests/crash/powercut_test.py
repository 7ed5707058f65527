#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts the power of the real server's file system under concurrent load: data on a loop-mounted ext4 and xfs, FS_IOC_SHUTDOWN,
SIGKILL, remount with journal replay, restart, oracle. Every second cut is in `always`, where nothing acknowledged may be missing;
the others are in `everysec`, where what was acknowledged more than 1 s + 50 ms before the cut must be there, and of the rest a
prefix of the one log.

    powercut_test.py [--rounds N] [--fs ext4|xfs|all] [--mode always|everysec|both] [--seed S] [--server-args '...'] [--bgsave]

TOKMESH_POWERCUT_ROUNDS (30) are the cuts of each file system. Ends with a negative control: under eatmydata, whose fsync lies,
the oracle must see losses. Where mounting is not possible it prints `skipped: why`. Closes with `N passed, N failed`, one
a cut."""
import os
import sys

from disk_image import DiskImage, become_root, why_not
from load import Run, Server, Variant, keep_evidence, options_parser, shares, start, variants
from worker import Lost

WINDOW_S = {"always": 0.0, "everysec": 1.05}
ON_ONE_DISK = 20  # cuts, then a new file system: logs and images stay small
LYING = "libeatmydata.so"


def new_run(disk, options, seed, variant, environment=None):
    server = Server("--session-max-per-user", "10000", *variant.args, directory=os.path.join(disk.path, "data"),
                    environment=environment)
    server.log_path = os.path.join(disk.folder, "server.log")
    return Run(server, seed, options.workers, variant.bgsave)


def one_cut(run, disk, mode, seconds):
    """Load on a server that runs in `mode`, cut, restart, oracle."""
    end = run.load(seconds, disk.cut)
    if run.server.process.returncode not in (-9, 1):
        raise AssertionError(f"at the cut the server ended with {run.server.process.returncode}: {run.server.log()[-2000:]}")
    disk.again()
    run.restart()
    run.check(sure=float("inf") if mode == "always" else end - WINDOW_S[mode], moment=end)


def start_in(run, mode):
    run.server.kill()
    run.server.args = ["--appendfsync", mode, *run.server.args[2 if run.server.args[0] == "--appendfsync" else 0:]]
    start(run.server)


def cuts(kind, modes, options, several):
    """(good, bad) over all cuts of one file system."""
    good = bad = acknowledged = lost = snapshots = 0
    oldest, disks = 0.0, []
    for variant, count in shares(options.rounds, several):  # no more than ON_ONE_DISK on each file system
        disks += [(variant, min(ON_ONE_DISK, count - done)) for done in range(0, count, ON_ONE_DISK)]
    with DiskImage(kind) as disk:
        for place, (variant, count) in enumerate(disks):
            disk.format()
            run = new_run(disk, options, options.seed + place, variant)
            try:
                for number in range(count):
                    mode = modes[number % len(modes)]
                    start_in(run, mode)
                    one_cut(run, disk, mode, run.random.uniform(0.02, 0.5) + WINDOW_S[mode])
                    good += 1
            except AssertionError as error:
                bad += 1
                print(f"{kind} {variant.name} {mode}, disk {place}, cut {number}: {error}")
                keep_evidence(run.server, f"powercut-{kind}-{place}-{number}")
            finally:
                run.server.kill()
            acknowledged, lost = acknowledged + run.acknowledged(), lost + run.acknowledged_lost
            oldest, snapshots = max(oldest, run.oldest_lost), snapshots + run.snapshots
    names = ", ".join(f"{count} {variant.name}" for variant, count in shares(options.rounds, several))
    print(f"{kind}: {good + bad} power cuts ({names}; {', '.join(modes)}), {acknowledged} acknowledged, {snapshots} snapshots "
          f"asked for, lost in everysec {lost}, at most {oldest * 1000:.0f} ms old, {bad} cuts with loss, seed {options.seed}")
    return good, bad


def negative_control(kind, options):
    """True when the oracle sees what a lying fsync loses. A start that refuses what is left does not count."""
    lost, plain = 0, Variant("plain", options.server_args, False)
    with DiskImage(kind) as disk:
        for number, mode in enumerate(["always", "everysec"]):
            disk.format()
            run = new_run(disk, options, options.seed + number, plain, {"LD_PRELOAD": LYING})
            try:
                start_in(run, mode)
                with open(f"/proc/{run.server.process.pid}/maps", encoding="utf-8") as maps:
                    if LYING[:-3] not in maps.read():
                        raise SystemExit("negative control: eatmydata was not loaded into the server")
                one_cut(run, disk, mode, 0.4 + 2 * WINDOW_S[mode])
            except AssertionError as error:
                lost += isinstance(error, Lost) and max(w.acknowledged for w in run.workers) > 0
                print(f"negative control on {kind}, {mode}: with an fsync that lies the oracle says: {str(error)[-150:]}")
            finally:
                run.server.kill()
    print(f"control: {lost} of 2 cuts under a lying fsync reported as losses")
    return lost == 2


def main():
    parser = options_parser(__doc__, 30, "TOKMESH_POWERCUT_ROUNDS")
    parser.add_argument("--fs", default="all", choices=["ext4", "xfs", "all"])
    parser.add_argument("--mode", default="both", choices=["always", "everysec", "both"])
    parser.add_argument("--workers", type=int, default=6)
    options = parser.parse_args()
    reason = become_root()
    passed = failed = skipped = 0
    several = variants(options) if reason is None else []
    for kind in ["ext4", "xfs"] if options.fs == "all" else [options.fs]:
        why = reason or why_not(kind)
        if why:
            skipped += 1
            print(f"skipped: {kind}: {why}")
            continue
        good, bad = cuts(kind, ["always", "everysec"] if options.mode == "both" else [options.mode], options, several)
        passed, failed = passed + good, failed + bad
        if not bad:
            sees = negative_control(kind, options)
            passed, failed = passed + sees, failed + (not sees)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
