"""The conference server: Debian's janus with its AudioBridge, private to this demonstration.

AudioBridge's plain-RTP participants speak RTP/AVP only. Whoever is offered over SRTP is answered by
the NoSIP plugin, which takes SDES-SRTP, and whose WebRTC side is joined to the room within the same
janus. That side needs ICE, and janus gathers no loopback candidates: on a machine that has only a
loopback address nobody is answered over SRTP.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import urllib.error
import urllib.request

from . import ports, sdp
from .children import Children, Failed, wait_until

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu/janus")
ROOM = 2
RTP_PORTS = 40
KEEPALIVES_MAX = 3


class Refused(Exception):
    """Janus would not do what it was asked."""


def _others(kind: str, *wanted: str) -> str:
    names = (p.name for p in sorted((LIBRARIES / kind).glob("*.so")))
    return ",".join(name for name in names if name not in wanted)


def _configure(directory: pathlib.Path, http_port: int) -> None:
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
plugins: {{ disable = "{_others('plugins', 'libjanus_audiobridge.so', 'libjanus_nosip.so')}" }}
transports: {{ disable = "{_others('transports', 'libjanus_http.so')}" }}
loggers: {{ disable = "{_others('loggers')}" }}
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
    for plugin in ("audiobridge", "nosip"):
        first = ports.block(RTP_PORTS)
        (directory / f"janus.plugin.{plugin}.jcfg").write_text(f"""general: {{
  local_ip = "127.0.0.1"
  rtp_port_range = "{first}-{first + RTP_PORTS - 1}"
}}
""")


class ConferenceServer:
    def __init__(self, children: Children, directory: pathlib.Path) -> None:
        http_port = ports.block(2)
        _configure(directory, http_port)
        self._base = f"http://127.0.0.1:{http_port}/janus"
        self._transactions = itertools.count(1)
        children.start("janus", ["janus", "-F", directory])
        wait_until(self._answers, "janus to answer (see its log)")
        self._session = f"{self._base}/{self._post(self._base, janus='create')['data']['id']}"
        self._ask(self._attach("audiobridge"), {
            "request": "create", "room": ROOM, "sampling_rate": 48_000,
            "allow_rtp_participants": True})
        self.takes_srtp = self._tries_srtp()

    def answer(self, name: str, offer: str) -> str:
        """Lets a participant into the room; takes and returns session descriptions."""
        try:
            if sdp.audio_of(offer).profile == sdp.SECURE:
                return self._join_over_srtp(name, offer)
            return self._join_over_rtp(name, sdp.audio_of(offer))
        except Refused as refused:
            raise Failed(f"janus did not let {name} join: {refused}") from None

    def _join_over_rtp(self, name: str, remote: sdp.Audio) -> str:
        rtp = self._ask(self._attach("audiobridge"), {
            "request": "join", "room": ROOM, "display": name, "codec": "opus",
            "rtp": {"ip": remote.ip, "port": remote.port, "payload_type": remote.payload_type}},
        )["plugindata"]["data"]["rtp"]
        return sdp.describe(sdp.Audio(rtp["ip"], rtp["port"], sdp.PLAIN, rtp["payload_type"], None))

    def _join_over_srtp(self, name: str, offer: str) -> str:
        outside, inside = self._attach("nosip"), self._attach("audiobridge")
        webrtc_offer = self._process(outside, offer)
        self._ask(inside, {"request": "join", "room": ROOM, "display": name, "codec": "opus"})
        webrtc_answer = self._ask(inside, {"request": "configure", "muted": False}, webrtc_offer)
        answered = self._ask(outside, {"request": "generate", "srtp": "sdes_mandatory"},
                             webrtc_answer["jsep"])
        return answered["plugindata"]["data"]["result"]["sdp"]

    def _process(self, handle: str, offer: str) -> dict:
        return self._ask(handle, {"request": "process", "type": "offer", "sdp": offer,
                                  "srtp": "sdes_mandatory"})["jsep"]

    def _tries_srtp(self) -> bool:
        handle = self._attach("nosip")
        nobody = sdp.Audio("127.0.0.1", ports.block(2), sdp.SECURE, sdp.PAYLOAD_TYPE, sdp.new_key())
        try:
            self._process(handle, sdp.describe(nobody))
            return True
        except Refused:
            return False
        finally:
            self._post(handle, janus="detach")

    def _attach(self, plugin: str) -> str:
        attached = self._post(self._session, janus="attach", plugin=f"janus.plugin.{plugin}")
        return f"{self._session}/{attached['data']['id']}"

    def _ask(self, handle: str, body: dict, jsep: dict | None = None) -> dict:
        """A request to a plugin, and its reply, which may come later as an event."""
        reply = self._post(handle, janus="message", body=body, **({"jsep": jsep} if jsep else {}))
        transaction = reply["transaction"]
        keepalives = 0  # janus sends one where half a minute brought no event
        while reply.get("transaction") != transaction or reply["janus"] == "ack":
            reply = self._get(f"{self._session}?maxev=1")
            # The events of a session come in one stream, also those of a handle that was detached.
            of_this_handle = str(reply.get("sender")) == handle.rsplit("/", 1)[-1]
            if reply["janus"] == "hangup" and of_this_handle:
                raise Refused(f"{body['request']}: hung up, {reply.get('reason', 'no reason given')}")
            keepalives += reply["janus"] == "keepalive"
            if keepalives == KEEPALIVES_MAX:
                raise Refused(f"{body['request']}: no reply in {30 * KEEPALIVES_MAX} s")
        data = reply.get("plugindata", {}).get("data", {})
        if reply["janus"] == "error" or "error" in data:
            raise Refused(f"{body['request']}: {data.get('error', reply.get('error'))}")
        return reply

    def _post(self, url: str, **body: object) -> dict:
        data = json.dumps(body | {"transaction": str(next(self._transactions))}).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def _get(self, url: str) -> dict:
        with urllib.request.urlopen(url, timeout=40) as response:  # longer than janus holds a poll
            return json.load(response)

    def _answers(self) -> bool:
        try:
            return self._get(f"{self._base}/info").get("name") is not None
        except (urllib.error.URLError, OSError):
            return False
