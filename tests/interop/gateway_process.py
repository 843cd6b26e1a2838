"""The gateway as a process of its own, and what a test asks of it."""

from __future__ import annotations

import atexit
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
MEDIA_PORTS = 64
TOKEN, OPERATOR = "token-of-the-test", "token-of-an-operator"
INTERIM = 1.0  # seconds


def free_block(count: int) -> int:
    """The first, even port of a block below the kernel's own ephemeral range."""
    while True:
        first = random.SystemRandom().randrange(20_000, 32_000 - count, 2)
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def notice(purpose: str = "recording") -> dict:
    """What the participants were shown, as config/policy.yaml has it."""
    text = (PROJECT / "config" / "policy.yaml").read_text()
    found = re.search(rf"- id: {purpose}\n +version: \"(\S+)\"\n +language: en\n"
                      r"(?: +.*\n)*? +hash: sha256:([0-9a-f]{64})", text)
    return {"id": purpose, "version": found[1], "language": "en", "hash": found[2]}


class Gateway:
    def __init__(self, program: pathlib.Path, folder: pathlib.Path, sink_port: int,
                 shim: pathlib.Path | None, storage: str = "") -> None:
        """`storage`: keys in place of the file of SQLite in its state."""
        self.program, self.folder, self.shim = program, folder, shim
        self.files_that_lost = 0
        self.process: subprocess.Popen | None = None
        atexit.register(self.leave_nothing_running)
        self.api_port, first = free_block(2), free_block(MEDIA_PORTS)
        self.file = folder / "assent.yaml"
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        storage = storage or f"database: {self.database}"
        self.file.write_text(f"""gateway: {{jurisdiction: NL}}
conference_server: {{jurisdiction: NL}}
media:
  addresses: [{{bind: 127.0.0.1}}]
  port_range: {{first: {first}, last: {first + MEDIA_PORTS - 1}}}
api:
  listen: 127.0.0.1:{self.api_port}
  tokens:
    - {{name: test, role: conference-server, sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}
    - {{name: staff, role: operator, sha256: {hashlib.sha256(OPERATOR.encode()).hexdigest()}}}
storage: {{{storage}, cdr_directory: {self.state / 'cdr'}, interim_period: 1s}}
sinks:
  archive: {{kind: rtp, address: "127.0.0.1:{sink_port}"}}
""")

    @property
    def database(self) -> pathlib.Path:
        return self.state / "assent.db"

    def start(self, ready: bool = True) -> float:
        """Seconds until it was ready, or answered at all; `answered`: until it answered at all."""
        began, self.answered = time.monotonic(), None
        environment = self.environment()
        if self.shim:
            self.at_start = self.files()
            environment.update(LD_PRELOAD=self.shim, SYNCED_FROM=self.state, SYNCED_TO=self.synced)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.program, "serve", "--config", self.file],
                                            stdout=log, stderr=log, env=environment)
        while True:
            try:
                status = self.call(self.connect(), "GET", "/readyz")[0]
                self.answered = self.answered or time.monotonic() - began
                if status == 200 or not ready:
                    return time.monotonic() - began
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - began > 20:
                sys.exit(f"the gateway does not start:\n"
                         f"{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.002)

    def environment(self) -> dict:
        return dict(os.environ, STATE_DIRECTORY=self.state)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.shim:
            self.lose_power()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def synced(self) -> pathlib.Path:
        return self.folder / "synced"

    def leave_nothing_running(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()

    def lose_power(self) -> None:
        """Only what was synced is there again, under the names that were."""
        names = self.synced / "names"
        written = self.files()
        synced = {file: content for file, content in self.at_start.items()
                  if not (names / file.relative_to(self.state).parent / ".listed").exists()
                  or (names / file.relative_to(self.state)).exists()}
        for name in names.rglob("*"):
            if name.is_dir() or name.name.startswith("."):
                continue
            file = self.state / name.relative_to(names)
            content = self.synced / "content" / name.read_text()
            synced[file] = content.read_bytes() if content.exists() else synced.get(file, b"")
        for file, had in written.items():
            file.unlink()
            self.files_that_lost += had != synced.get(file)
        for file, content in synced.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o600)  # as every file of the state is made
        shutil.rmtree(self.synced, ignore_errors=True)

    def files(self) -> dict[pathlib.Path, bytes]:
        """All but SQLite's index of its log, which it makes anew."""
        return {file: file.read_bytes() for file in self.state.rglob("*")
                if file.is_file() and not file.name.endswith("-shm")}

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=10)

    @staticmethod
    def call(connection, method: str, path: str, body: dict | None = None,
             key: str = "", token: str = TOKEN) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text.startswith(b"{") else {}


def describe(own: socket.socket) -> str:
    return (f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {own.getsockname()[1]} RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"
            f"a=rtcp-mux\r\n")


def query(database: pathlib.Path, sql: str, *values: object) -> list[tuple]:
    """On a copy: the service's database is for one connection, its own."""
    with tempfile.TemporaryDirectory(prefix="assent-kills-copy-") as folder:
        for suffix in ("", "-wal"):
            if pathlib.Path(f"{database}{suffix}").exists():
                shutil.copy(f"{database}{suffix}", f"{folder}/copy.db{suffix}")
        connection = sqlite3.connect(f"{folder}/copy.db")
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


def verified(program: pathlib.Path, gateway: Gateway) -> list[str]:
    """All that is left after so many kills is in the ledger and as it was acknowledged."""
    done = subprocess.run(
        [program, "verify", "--config", gateway.file], env=gateway.environment(),
        capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    return [] if done.returncode == 0 else [done.stderr]
