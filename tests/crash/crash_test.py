#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills the server with SIGKILL under concurrent load at random moments and checks it against an oracle after each restart: every
acknowledged write is there, nothing is invented, what was in flight is there whole or not at all, indexes agree with records.

    crash_test.py [--rounds N] [--mode always|everysec|no|all] [--seed S] [--workers N] [--server-args '--x y'] [--bgsave]

TOKMESH_CRASH_ROUNDS (30) are the rounds in each mode. Ends with a negative control, in which an older copy of the data directory
is put back and the oracle must see the loss. Closes with `N passed, N failed`, one a round."""
import shutil
import sys

from load import Run, Server, Variant, keep_evidence, options_parser, shares, variants


def new_run(mode, options, variant):
    server = Server("--appendfsync", mode, "--session-max-per-user", "10000", *variant.args)
    return Run(server, options.seed, options.workers, variant.bgsave)


def rounds(mode, options, several):
    good, bad, acknowledged, snapshots, names = 0, 0, 0, 0, []
    for variant, count in shares(options.rounds, several):
        run = new_run(mode, options, variant)
        names.append(f"{count} {variant.name}")
        with run.server:
            for number in range(count):
                try:
                    run.load(run.random.uniform(0.02, 0.6))
                    run.restart()
                    run.check()
                    good += 1
                except AssertionError as error:
                    bad += 1
                    print(f"{mode}, {variant.name}, round {number}: {error}")
                    keep_evidence(run.server, f"{mode}-{variant.name}-{number}")
                    break  # the model is no longer the truth
        acknowledged, snapshots = acknowledged + run.acknowledged(), snapshots + run.snapshots
    print(f"{mode}: {good + bad} cycles ({', '.join(names)}), {acknowledged} acknowledged, {snapshots} snapshots asked for, "
          f"{bad} rounds with loss, seed {options.seed}")
    return good, bad


def negative_control(options):
    """True when the oracle sees that an older state was put back."""
    run = new_run("always", options, Variant("plain", options.server_args, False))
    old = run.server.directory + ".old"
    with run.server:
        run.load(0.3)
        run.restart()
        run.check()
        run.server.kill()
        shutil.copytree(run.server.directory, old)
        run.server.start()
        run.load(0.3)
        shutil.rmtree(run.server.directory)
        shutil.copytree(old, run.server.directory)
        run.server.start()
        try:
            run.check()
        except AssertionError as error:
            print(f"negative control: an older copy was put back, and the oracle says: {str(error)[:150]}")
            return True
    print("negative control: an older copy was put back, and the oracle saw nothing")
    return False


def main():
    parser = options_parser(__doc__, 30, "TOKMESH_CRASH_ROUNDS")
    parser.add_argument("--mode", default="all", choices=["always", "everysec", "no", "all"])
    parser.add_argument("--workers", type=int, default=6)
    options = parser.parse_args()
    passed = failed = 0
    several = variants(options)
    for mode in ["always", "everysec", "no"] if options.mode == "all" else [options.mode]:
        good, bad = rounds(mode, options, several)
        passed, failed = passed + good, failed + bad
    blind = failed == 0 and not negative_control(options)  # a server that loses needs no control
    print(f"{passed + (not blind)} passed, {failed + blind} failed")
    return 1 if failed or blind else 0


if __name__ == "__main__":
    sys.exit(main())
