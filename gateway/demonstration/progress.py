"""What is happening, for whoever waits: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time


class Progress:
    def __init__(self) -> None:
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()
        self._last = ""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def now(self, what: str) -> None:
        """May be called many times a second with the same words."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            text = f"[{self.elapsed_s:5.1f} s] {what}"[:width]
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif what != self._last:
            print(f"[{self.elapsed_s:5.1f} s] {what}", file=sys.stderr, flush=True)
        self._last = what

    def note(self, what: str) -> None:
        """Something to keep: it stays on a line of its own."""
        self.now(what)
        self.end()

    def end(self) -> None:
        if self._live and self._last:
            print(file=sys.stderr, flush=True)
        self._last = ""
