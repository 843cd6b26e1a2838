"""The conference server: Debian's janus with its AudioBridge, private to this demonstration.

Its plain-RTP participants speak RTP/AVP only: AudioBridge knows SRTP for the forwarding of its mix,
not for participants, and no other of its plugins mixes; so the server's side of every call is
plain RTP, on loopback.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import urllib.error
import urllib.request
from dataclasses import dataclass

from . import ports
from .children import Children, Failed, wait_until

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu/janus")
ROOM = 2
RTP_PORTS = 40


@dataclass(frozen=True)
class RtpAddress:
    ip: str
    port: int
    payload_type: int


def _others(kind: str, wanted: str) -> str:
    return ",".join(p.name for p in sorted((LIBRARIES / kind).glob("*.so")) if p.name != wanted)


def _configure(directory: pathlib.Path, http_port: int, first_rtp_port: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "janus.jcfg").write_text(f"""general: {{
  configs_folder = "{directory}"
  plugins_folder = "{LIBRARIES}/plugins"
  transports_folder = "{LIBRARIES}/transports"
  events_folder = "{LIBRARIES}/events"
  loggers_folder = "{LIBRARIES}/loggers"
  debug_level = 4
  debug_colors = false
  session_timeout = 0
  interface = "127.0.0.1"
}}
plugins: {{ disable = "{_others('plugins', 'libjanus_audiobridge.so')}" }}
transports: {{ disable = "{_others('transports', 'libjanus_http.so')}" }}
loggers: {{ disable = "{_others('loggers', '')}" }}
""")
    (directory / "janus.transport.http.jcfg").write_text(f"""general: {{
  json = "compact"
  base_path = "/janus"
  http = true
  https = false
  ip = "127.0.0.1"
  port = {http_port}
}}
admin: {{ admin_http = false  admin_https = false }}
""")
    (directory / "janus.plugin.audiobridge.jcfg").write_text(f"""general: {{
  local_ip = "127.0.0.1"
  rtp_port_range = "{first_rtp_port}-{first_rtp_port + RTP_PORTS - 1}"
}}
""")


class ConferenceServer:
    def __init__(self, children: Children, directory: pathlib.Path) -> None:
        http_port = ports.block(2)
        _configure(directory, http_port, ports.block(RTP_PORTS))
        self._base = f"http://127.0.0.1:{http_port}/janus"
        self._transactions = itertools.count(1)
        children.start("janus", ["janus", "-F", directory])
        wait_until(self._answers, "janus to answer (see its log)")
        self._session = f"{self._base}/{self._post(self._base, janus='create')['data']['id']}"
        created = self._message(self._attach(), {
            "request": "create", "room": ROOM, "sampling_rate": 48_000,
            "allow_rtp_participants": True})
        if created["plugindata"]["data"].get("audiobridge") != "created":
            raise Failed(f"janus did not create the room: {created}")

    def join(self, name: str, ip: str, port: int, payload_type: int) -> RtpAddress:
        """A participant whose media comes from, and goes to, the given address."""
        reply = self._message(self._attach(), {
            "request": "join", "room": ROOM, "display": name, "codec": "opus",
            "rtp": {"ip": ip, "port": port, "payload_type": payload_type}})
        data = reply.get("plugindata", {}).get("data", {})
        if "rtp" not in data:
            raise Failed(f"janus did not let {name} join: {reply}")
        return RtpAddress(data["rtp"]["ip"], data["rtp"]["port"], data["rtp"]["payload_type"])

    def _attach(self) -> str:
        plugin = "janus.plugin.audiobridge"
        handle = self._post(self._session, janus="attach", plugin=plugin)["data"]["id"]
        return f"{self._session}/{handle}"

    def _message(self, handle: str, body: dict) -> dict:
        reply = self._post(handle, janus="message", body=body)
        while reply.get("janus") == "ack" or reply["transaction"] != self._sent:
            reply = {"transaction": None} | self._get(f"{self._session}?maxev=1")
        return reply

    def _post(self, url: str, **body: object) -> dict:
        self._sent = str(next(self._transactions))
        data = json.dumps(body | {"transaction": self._sent}).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def _get(self, url: str) -> dict:
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)

    def _answers(self) -> bool:
        try:
            return self._get(f"{self._base}/info").get("name") is not None
        except (urllib.error.URLError, OSError):
            return False
