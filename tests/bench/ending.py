# SPDX-License-Identifier: MIT
"""How a bench ends: Ctrl-C and SIGTERM are ways out like any other, on which `with`, `finally` and atexit end the servers and
loads that it started and remove their folders. Nothing is printed then but that it was stopped."""
import signal
import sys


def run(main):
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
