"""The calls that are carried through every relay alike, and their SDP."""

import base64
import os
import re
from dataclasses import dataclass, field

KEY_AND_SALT_BYTES = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
CM_80, CM_32, GCM_128, GCM_256 = KEY_AND_SALT_BYTES


@dataclass(frozen=True)
class Scenario:
    name: str
    client: str | None  # SDES suite between client and relay, None: plain RTP
    server: str | None

    @property
    def suites(self):
        return f"{self.client or 'RTP'} <-> {self.server or 'RTP'}"


SCENARIOS = [
    Scenario("RTP -> RTP", None, None),
    Scenario("AES-CM -> RTP", CM_80, None),
    Scenario("AES-CM re-encrypted", CM_80, CM_32),
    Scenario("AES-GCM re-encrypted", GCM_128, GCM_256),
]


def new_key(suite):
    return base64.b64encode(os.urandom(KEY_AND_SALT_BYTES[suite])).decode() if suite else None


@dataclass
class Side:
    """One end of a call: the generator's socket, and the relay's leg that faces it."""

    peer_port: int
    suite: str | None
    peer_key: str | None  # with which the peer sends; the relay's comes with its SDP
    relay_port: int = 0
    relay_key: str | None = None

    def to_generator(self):
        return {
            "to": self.relay_port,
            "seal": {"suite": self.suite, "key": self.peer_key} if self.suite else None,
            "open": {"suite": self.suite, "key": self.relay_key} if self.suite else None,
        }

    def sdp(self, crypto_tag=1):
        """What the peer offers or answers."""
        lines = [
            "v=0",
            f"o=- {self.peer_port} 1 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {self.peer_port} {'RTP/SAVP' if self.suite else 'RTP/AVP'} 0",
            "a=rtpmap:0 PCMU/8000",
            "a=rtcp-mux",
            "a=sendrecv",
        ]
        if self.suite:
            lines.append(f"a=crypto:{crypto_tag} {self.suite} inline:{self.peer_key}")
        return "\r\n".join(lines) + "\r\n"

    def read_relay_sdp(self, sdp):
        """Takes the relay's port and key from its SDP; returns the tag of the crypto line."""
        self.relay_port = int(re.search(r"^m=audio (\d+) ", sdp, re.M)[1])
        if not self.suite:
            return None
        line = re.search(rf"^a=crypto:(\d+) {self.suite} inline:([A-Za-z0-9+/=]+)", sdp, re.M)
        if not line:
            raise RuntimeError(f"the relay does not speak {self.suite}:\n{sdp}")
        # Padding is optional in SDES.
        self.relay_key = line[2].rstrip("=") + "=" * (-len(line[2].rstrip("=")) % 4)
        return int(line[1])


@dataclass
class Call:
    number: int
    client: Side
    server: Side
    # Unlike that of an earlier call: some relays keep a deleted call for a while.
    name: str = field(default_factory=lambda: os.urandom(6).hex())


def make_calls(scenario, ports):
    return [
        Call(
            number,
            Side(client, scenario.client, new_key(scenario.client)),
            Side(server, scenario.server, new_key(scenario.server)),
        )
        for number, (client, server) in enumerate(zip(ports["client"], ports["server"]))
    ]
