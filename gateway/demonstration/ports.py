"""Loopback ports that are free now, in blocks below the kernel's own ephemeral range."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
_choose = random.SystemRandom()
_given: set[int] = set()


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def block(count: int) -> int:
    """The first, even port of a block of free ones."""
    while True:
        first = _choose.randrange(LOWEST, HIGHEST - count, 2)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first
