"""Just enough SDP for a phone and for a signalling application (RFC 8866, RFC 3264, RFC 4568)."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass

SUITE = "AES_CM_128_HMAC_SHA1_80"
PAYLOAD_TYPE = 111
SECURE, PLAIN = "RTP/SAVP", "RTP/AVP"


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(30)).decode()  # 16 of key, 14 of salt


@dataclass(frozen=True)
class Audio:
    """What one side says about its only m-line."""

    ip: str
    port: int
    profile: str
    payload_type: int
    key: str | None  # inline key of SUITE


def describe(audio: Audio, direction: str = "sendrecv") -> str:
    crypto = f"a=crypto:1 {SUITE} inline:{audio.key}\r\n" if audio.key else ""
    return ("v=0\r\n"
            f"o=- {secrets.randbits(48)} 1 IN IP4 {audio.ip}\r\n"
            "s=-\r\n"
            f"c=IN IP4 {audio.ip}\r\n"
            "t=0 0\r\n"
            f"m=audio {audio.port} {audio.profile} {audio.payload_type}\r\n"
            f"a=rtpmap:{audio.payload_type} opus/48000/2\r\n"
            f"a=fmtp:{audio.payload_type} useinbandfec=1\r\n"
            f"{crypto}"
            f"a={direction}\r\n"
            "a=ptime:20\r\n")


def audio_of(sdp: str) -> Audio:
    """The audio m-line of a description, with the key of SUITE if one is offered."""
    ip = re.search(r"^c=IN IP4 (\S+)", sdp, re.M)
    media = re.search(r"^m=audio (\d+) (\S+) (\d+)", sdp, re.M)
    if not ip or not media:
        raise ValueError(f"no audio in this description:\n{sdp}")
    crypto = re.search(rf"^a=crypto:\d+ {SUITE} inline:([A-Za-z0-9+/=]+)", sdp, re.M)
    return Audio(ip[1], int(media[1]), media[2], int(media[3]), crypto[1] if crypto else None)
