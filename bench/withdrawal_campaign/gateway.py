"""The gateway of the campaign: `assent serve` with a sink of ours, rooms that record."""

import hashlib
import http.client
import json
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

from side_by_side import process

PROJECT = Path(__file__).resolve().parents[2]

CONFIGURATION = """\
gateway: {{jurisdiction: NL}}
conference_server: {{jurisdiction: NL}}
media:
  addresses: [{{bind: 127.0.0.1}}]
  port_range: {{first: {first}, last: {last}}}
{workers}api:
  listen: 127.0.0.1:{port}
  tokens:
    - {{name: campaign, role: conference-server, sha256: {sha256}}}
storage: {{database: {state}/assent.db, cdr_directory: {state}/cdr, interim_period: {interim}}}
sinks:
  archive: {{kind: rtp, address: "127.0.0.1:{sink}"}}
{recorder}log: {{level: warning}}
"""


def free_block(count):
    """The first, even port of a block below the kernel's own ephemeral range."""
    while True:
        first = random.SystemRandom().randrange(10_000, 32_000 - count, 2)
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def online_grant():
    """Of the notice that config/policy.yaml has for the recording."""
    text = (PROJECT / "config" / "policy.yaml").read_text()
    found = re.search(r"- id: recording\n +version: \"(\S+)\"\n +language: en\n"
                      r"(?: +.*\n)*? +hash: sha256:([0-9a-f]{64})", text)
    return {"statement": "granted", "method": "online", "default_state": "unticked",
            "notice": {"id": "recording", "version": found[1], "language": "en", "hash": found[2]}}


def description(port):
    return (f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\n")


class CampaignGateway:
    def __init__(self, program, folder, sink_port, legs, recorder=False, preload=None,
                 interim="10s", workers=None):
        shutil.rmtree(folder, ignore_errors=True)
        self.state, self.recordings = folder / "state", folder / "recordings"
        (self.state / "cdr").mkdir(parents=True, mode=0o700)
        self.token, self.grant = secrets.token_hex(16), online_grant()
        self.port, first = free_block(2), free_block(2 * legs)
        file = folder / "assent.yaml"
        file.write_text(CONFIGURATION.format(
            first=first, last=first + 2 * legs - 1, port=self.port, state=self.state,
            workers=f"  workers: {workers}\n" if workers else "", interim=interim,
            sink=sink_port, sha256=hashlib.sha256(self.token.encode()).hexdigest(),
            recorder=f"  recorder: {{kind: ogg, directory: {self.recordings}}}\n" if recorder
            else ""))
        environment = dict(os.environ, STATE_DIRECTORY=str(self.state))
        if preload:
            environment.update(LD_PRELOAD=str(preload), FORGOTTEN_QUEUE_PORT=str(sink_port))
        self.log = open(folder / "log", "a")
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.start = lambda: process.start(
            [program, "serve", "--config", file], env=environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        self.process = self.start()
        try:
            process.wait_until(self.is_ready, self.process, "assent", seconds=30)
        except RuntimeError as error:
            self.close()
            raise RuntimeError(f"{error}\n{(folder / 'log').read_text()[-3000:]}") from error

    def is_ready(self):
        return process.answers_ready(self.connection)

    def ask(self, method, path, body=None):
        self.connection.request(
            method, path, None if body is None else json.dumps(body),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise RuntimeError(f"assent: {method} {path}: {response.status} {text}")
        return json.loads(text) if text else {}

    def open_room(self, room):
        self.ask("PUT", f"/v1/rooms/{room}", {})
        self.ask("PUT", f"/v1/rooms/{room}/purposes/recording", {"by": "sinks"})

    def rest(self):
        """Until the next request, longer than the gateway keeps an idle connection."""
        self.connection.close()

    def close_room(self, room):
        self.ask("DELETE", f"/v1/rooms/{room}")

    def join(self, path, subject, phone, server):
        """Returns the gateway's port toward the phone."""
        self.ask("PUT", path, {"subject": subject, "minor": False,
                               "jurisdictions": {"declared": ["NL"]}})
        self.ask("POST", path + "/offer", {"from": "client", "sdp": description(phone)})
        answer = self.ask("POST", path + "/answer", {"sdp": description(server)})
        return int(re.search(r"m=audio (\d+)", answer["sdp"])[1])

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self):
        return process.memory_kb(self.process.pid)

    def database_bytes(self):
        return (self.state / "assent.db").stat().st_size

    def restart(self):
        """Killed, and started again on all that is there: the seconds until a room can be opened,
        and until the ledger is verified and consents count again."""
        self.process.kill()
        self.process.wait()
        self.rest()
        begun = time.monotonic()
        self.process = self.start()
        process.wait_until(self.opens_a_room, self.process, "assent", seconds=60)
        serves = time.monotonic() - begun
        process.wait_until(self.is_ready, self.process, "assent", seconds=600)
        return {"serves_seconds": serves, "verified_seconds": time.monotonic() - begun}

    def opens_a_room(self):
        try:
            self.ask("PUT", "/v1/rooms/again", {})
        except (OSError, http.client.HTTPException, RuntimeError):
            self.rest()
            return False
        return True

    def stop(self):
        """Orderly: the recorder closes its files."""
        process.end(self.process, patience_seconds=60)

    def close(self):
        self.connection.close()
        self.stop()
        self.log.close()
