"""This project's gateway: one worker, driven over its HTTP API as a conference server would."""

import hashlib
import http.client
import json
import secrets
import shutil
import socket
import subprocess

from . import process

CONFIGURATION = """\
media:
  addresses: [{{bind: 127.0.0.1}}]
  port_range: {{first: 10000, last: 31999}}
  workers: 1
api:
  listen: 127.0.0.1:{port}
  tokens:
    - {{name: bench, role: conference-server, sha256: {sha256}}}
storage:
  database: {state}/assent.db
  cdr_directory: {state}/cdr
log: {{level: warning}}
"""


class Gateway:
    def __init__(self, program, core, directory):
        state = directory / "gateway-state"
        shutil.rmtree(state, ignore_errors=True)
        (state / "cdr").mkdir(parents=True, mode=0o700)
        self.token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        configuration = state / "assent.yaml"
        configuration.write_text(CONFIGURATION.format(
            port=self.port, state=state, sha256=hashlib.sha256(self.token.encode()).hexdigest()))
        self.log = open(directory / "gateway.log", "a")
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        self.process = process.start([program, "serve", "--config", configuration], core,
                                     stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        process.wait_until(self.is_ready, self.process, "assent")

    def is_ready(self):
        return process.answers_ready(self.connection)

    def request(self, method, path, body):
        self.connection.request(
            method, "/v1/rooms/" + path, json.dumps(body),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise RuntimeError(f"assent: {method} {path}: {response.status} {text}")
        return json.loads(text) if text else {}

    def connect(self, calls):
        """A room a call: as many rooms as rtpengine has calls."""
        for call in calls:
            self.request("PUT", call.name, {})
            participant = f"{call.name}/participants/caller"
            self.request("PUT", participant, {"subject": call.name})
            # The gateway takes the short tag from a peer and never asks for it: that side offers.
            short = (call.server.suite or "").endswith("_32")
            offering, answering = ((call.server, call.client) if short
                                   else (call.client, call.server))
            offer = self.request("POST", participant + "/offer", {
                "from": "server" if short else "client", "sdp": offering.sdp(),
                "transport": "RTP/SAVP" if answering.suite else "RTP/AVP"})
            tag = answering.read_relay_sdp(offer["sdp"])
            answer = self.request("POST", participant + "/answer",
                                  {"sdp": answering.sdp(tag or 1)})
            offering.read_relay_sdp(answer["sdp"])

    @property
    def pid(self):
        return self.process.pid

    def close(self):
        self.connection.close()
        process.end(self.process)
        self.log.close()
