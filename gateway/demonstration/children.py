"""The processes of the demonstration: started with a log of their own, none left behind."""

from __future__ import annotations

import ctypes
import pathlib
import signal
import subprocess
import time
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
STOP_S = 5.0


class Failed(Exception):
    """The demonstration cannot go on; the message says what happened and where to look."""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Children:
    """Owns every process; leaving the block stops them, the last started first."""

    def __init__(self, logs: pathlib.Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen]] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        for name, _ in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, argv: Sequence[object]) -> subprocess.Popen:
        with open(self._logs / f"{name}.log", "wb") as log:
            # A session of its own: Ctrl-C reaches this program only, which stops them in order.
            process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=_die_with_parent)
        self._running.append((name, process))
        return process

    def require_alive(self, *names: str) -> None:
        for name, process in self._running:
            if name in names and process.poll() is not None:
                raise Failed(f"{name} ended with status {process.returncode}:\n{self.tail(name)}")

    def log(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text(errors="replace")

    def tail(self, name: str) -> str:
        lines = self.log(name).strip().splitlines()[-12:]
        return "\n".join(lines + [f"(the whole of it: {self._logs / (name + '.log')})"])

    def wait(self, name: str, timeout_s: float) -> None:
        """Lets a process that ends of itself do so."""
        try:
            status = self._process(name).wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} did not end within {timeout_s:.0f} s:\n"
                         f"{self.tail(name)}") from None
        if status != 0:
            raise Failed(f"{name} ended with status {status}:\n{self.tail(name)}")

    def stop(self, name: str, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end, and makes it end when it does not; returns its exit status."""
        process = self._process(name)
        self._running = [(n, p) for n, p in self._running if p is not process]
        if process.poll() is None:
            process.send_signal(with_signal)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return process.returncode

    def _process(self, name: str) -> subprocess.Popen:
        return next(p for n, p in self._running if n == name)


def wait_until(condition, what: str, timeout_s: float = 10.0) -> None:
    """Polls; names what did not happen when it does not."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"after {timeout_s:.0f} s still waiting for {what}")
        time.sleep(0.05)
