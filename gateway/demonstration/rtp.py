"""RTP as it arrived at the second sink, read from the capture's file."""

from __future__ import annotations

import pathlib
import struct
from dataclasses import dataclass

RECORD = struct.Struct("<qHH")  # arrival in ns of CLOCK_MONOTONIC, local port, bytes of datagram


@dataclass(frozen=True)
class Datagram:
    arrived_ns: int
    port: int
    data: bytes

    @property
    def is_rtcp(self) -> bool:  # RFC 5761 §4
        return len(self.data) >= 8 and 192 <= self.data[1] <= 223

    @property
    def is_rtp(self) -> bool:
        return len(self.data) >= 12 and self.data[0] >> 6 == 2 and not self.is_rtcp

    @property
    def ssrc(self) -> int:
        return struct.unpack_from(">I", self.data, 8)[0]

    @property
    def sequence(self) -> int:
        return struct.unpack_from(">H", self.data, 2)[0]

    @property
    def has_extension(self) -> bool:
        return bool(self.data[0] & 0x10)

    @property
    def payload(self) -> bytes:
        at = 12 + 4 * (self.data[0] & 0x0F)
        if self.has_extension:
            at += 4 + 4 * struct.unpack_from(">H", self.data, at + 2)[0]
        end = len(self.data) - (self.data[-1] if self.data[0] & 0x20 else 0)
        return self.data[at:end]


def packet(ssrc: int, sequence: int, payload: bytes) -> bytes:
    return struct.pack(">BBHII", 0x80, 111, sequence & 0xFFFF, 0, ssrc) + payload


def read_capture(path: pathlib.Path) -> list[Datagram]:
    data, at, datagrams = path.read_bytes(), 0, []
    while at + RECORD.size <= len(data):
        arrived_ns, port, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        datagrams.append(Datagram(arrived_ns, port, data[at:at + length]))
        at += length
    return datagrams
