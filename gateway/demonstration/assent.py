"""The gateway under demonstration: its configuration, its process, and its API as a signalling
application calls it."""

from __future__ import annotations

import hashlib
import json
import pathlib
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from . import ports
from .children import Children, Failed, wait_until
from .evidence import Folder
from .script import OGG_SINK, RTP_SINK

MEDIA_PORTS = 64
STOP_S = 10.0


@dataclass(frozen=True)
class Answer:
    body: dict
    read_ns: int  # CLOCK_MONOTONIC, when the last byte of the answer had been read


class Gateway:
    def __init__(self, children: Children, folder: Folder, program: pathlib.Path,
                 second_sink_port: int) -> None:
        self._children = children
        self._cdrs = folder.root / "cdr"
        api_port = ports.block(2)
        self._base = f"http://127.0.0.1:{api_port}"
        self._token = secrets.token_urlsafe(32)
        file = self._configure(folder, api_port, second_sink_port)
        children.start("assent", [program, "serve", "--config", file])
        wait_until(self._is_ready, "the gateway to be ready")

    def put(self, path: str, **body: object) -> Answer:
        return self._call("PUT", path, body)

    def post(self, path: str, **body: object) -> Answer:
        return self._call("POST", path, body)

    def delete(self, path: str) -> Answer:
        return self._call("DELETE", path, None)

    def stop(self) -> None:
        """Orderly: the gateway closes its call detail records."""
        status = self._children.stop("assent")
        if status != 0:
            raise Failed(f"the gateway ended with status {status}:\n"
                         f"{self._children.tail('assent')}")

    def cdrs(self) -> list[dict]:
        lines = [line for file in sorted(self._cdrs.glob("*.jsonl"))
                 for line in file.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def _configure(self, folder: Folder, api_port: int, second_sink_port: int) -> pathlib.Path:
        first = ports.block(MEDIA_PORTS)
        digest = hashlib.sha256(self._token.encode()).hexdigest()
        file = folder.root / "assent.yaml"
        for directory in (folder.recordings, self._cdrs):
            directory.mkdir(mode=0o700)
        file.write_text(f"""gateway:
  name: demonstration
  jurisdiction: NL
conference_server:
  jurisdiction: NL
  srtp_suites: [AES_CM_128_HMAC_SHA1_80]
media:
  addresses:
    - bind: 127.0.0.1
  port_range: {{first: {first}, last: {first + MEDIA_PORTS - 1}}}
api:
  listen: 127.0.0.1:{api_port}
  tokens:
    - {{name: signalling, role: conference-server, sha256: {digest}}}
storage:
  database: {folder.root / 'assent.db'}
  cdr_directory: {self._cdrs}
  interim_period: 10s
sinks:
  {OGG_SINK}: {{kind: ogg, directory: {folder.recordings}}}
  {RTP_SINK}: {{kind: rtp, address: "127.0.0.1:{second_sink_port}"}}
log:
  level: debug
""")
        return file

    def _call(self, method: str, path: str, body: dict | None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                text = response.read()
                return Answer(json.loads(text) if text else {}, time.monotonic_ns())
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise Failed(f"{method} {path} was answered with {error.code}: {said}") from None
        except OSError as error:
            raise Failed(f"{method} {path}: {error}\n{self._children.tail('assent')}") from None

    def _is_ready(self) -> bool:
        self._children.require_alive("assent")
        try:
            with urllib.request.urlopen(self._base + "/readyz", timeout=2) as response:
                return response.status == 200
        except OSError:
            return False
