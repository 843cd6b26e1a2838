"""Ogg Opus as packets: what a recorder wrote and what a speaker sent (RFC 3533, RFC 7845)."""

from __future__ import annotations

import pathlib
import struct
from collections.abc import Sequence

SAMPLES_A_PACKET = 960  # 20 ms at 48 kHz


class Malformed(Exception):
    pass


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


_TABLE = _crc_table()


def _crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value


def opus_packets(data: bytes) -> list[bytes]:
    """The audio packets of one Ogg Opus stream, without its two header packets. Every page's
    checksum is verified; a torn last page ends the list, as a player would end there."""
    packets, partial, at = [], b"", 0
    while at + 27 <= len(data):
        if data[at:at + 4] != b"OggS":
            raise Malformed(f"no page at byte {at}")
        segments = data[at + 27:at + 27 + data[at + 26]]
        body = at + 27 + data[at + 26]
        end = body + sum(segments)
        if end > len(data):
            break
        page = data[at:at + 22] + bytes(4) + data[at + 26:end]
        if struct.unpack_from("<I", data, at + 22)[0] != _crc(page):
            raise Malformed(f"wrong checksum of the page at byte {at}")
        for length in segments:
            partial += data[body:body + length]
            body += length
            if length < 255:
                packets.append(partial)
                partial = b""
        at = end
    if len(packets) < 2 or packets[0][:8] != b"OpusHead" or packets[1][:8] != b"OpusTags":
        raise Malformed("no Opus headers")
    return packets[2:]


def read(path: pathlib.Path) -> list[bytes]:
    return opus_packets(path.read_bytes())


def _page(packet: bytes, granule: int, number: int, flags: int) -> bytes:
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 1, number, 0)
    page = head + bytes([len(lacing)]) + lacing + packet
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def write(path: pathlib.Path, packets: Sequence[bytes]) -> None:
    """Mono Opus packets of 20 ms, one page each: enough to let a decoder hear them."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    pages = [_page(head, 0, 0, 2), _page(tags, 0, 1, 0)]
    for index, packet in enumerate(packets):
        last = 4 if index + 1 == len(packets) else 0
        pages.append(_page(packet, (index + 1) * SAMPLES_A_PACKET, index + 2, last))
    path.write_bytes(b"".join(pages))
