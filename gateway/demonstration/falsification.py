"""A check that cannot fail proves nothing: each is given evidence with one thing wrong in it."""

from __future__ import annotations

import copy
import dataclasses
import pathlib
from collections.abc import Callable
from dataclasses import dataclass

from . import accounts, judgement, ogg, rtp, sdp, voices
from .ear import Ear
from .evidence import Evidence
from .script import A, B, C, RTP_SINK, Speaker
from .voices import PACKET_S


@dataclass(frozen=True)
class Falsification:
    check: str  # the one that has to trip
    what: str
    apply: Callable[[Evidence, pathlib.Path], Evidence]


def _silence(evidence: Evidence, start_s: float, end_s: float) -> Evidence:
    mix = voices.Samples("h", evidence.mix)
    first, last = (min(len(mix), round(s * voices.RATE_HZ)) for s in (start_s, end_s))
    mix[first:last] = voices.Samples("h", bytes(2 * (last - first)))
    return dataclasses.replace(evidence, mix=mix)


def _mute_in_mix(speaker: Speaker, seconds: float) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        spoken, delay = next((s, d) for s, d in Ear(folder).delays(evidence).items()
                             if s.line.speaker is speaker)
        middle = (spoken.start + spoken.end) / 2 + delay
        return _silence(evidence, middle - seconds / 2, middle + seconds / 2)
    return apply


def _mute_c_after_withdrawal(evidence: Evidence, folder: pathlib.Path) -> Evidence:
    place = evidence.withdrawal
    delay = Ear(folder).delays(evidence)[place]
    cut = judgement.cut_index(evidence, RTP_SINK) * PACKET_S
    return _silence(evidence, cut + delay, place.end + delay)


def _change_recording(speaker: Speaker, change) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        recordings = dict(evidence.recordings)
        for path, packets in judgement.recorded_of(evidence, speaker).items():
            file = folder / "falsified.ogg"
            ogg.write(file, change(evidence, packets))
            recordings[path] = file.read_bytes()
        return dataclasses.replace(evidence, recordings=recordings)
    return apply


def _add_file(data: Callable[[Evidence], bytes]) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        return dataclasses.replace(
            evidence, recordings=evidence.recordings | {"stray": data(evidence)})
    return apply


def _add_datagram(make: Callable[[Evidence], tuple[int, bytes]]):
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        at, data = make(evidence)
        stray = rtp.Datagram(at, evidence.captured[0].port, data)
        return dataclasses.replace(evidence, captured=evidence.captured + [stray])
    return apply


def _change_captured(speaker: Speaker, change) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        theirs = evidence.packets_at_second_sink(speaker)
        others = [d for d in evidence.captured if d not in theirs]
        return dataclasses.replace(evidence, captured=others + change(theirs))
    return apply


def _blank(evidence: Evidence, packets: list[bytes]) -> list[bytes]:
    return [b"\x78\xff\xfe"] * len(packets)  # SILK-less, empty 20 ms frames: silence


def _flip_a_bit(evidence: Evidence, packets: list[bytes]) -> list[bytes]:
    middle = len(packets) // 2
    wrong = bytes([*packets[middle][:-1], packets[middle][-1] ^ 1])
    return [*packets[:middle], wrong, *packets[middle + 1:]]


def _blank_but_first(evidence: Evidence, packets: list[bytes]) -> list[bytes]:
    return packets[:1] + _blank(evidence, packets[1:])


def _next_of_c(evidence: Evidence) -> tuple[int, bytes]:
    index = judgement.cut_index(evidence, RTP_SINK) + 1
    return index, rtp.packet(C.ssrc, C.first_sequence + index, evidence.sent[C.name][index])


def _last_of_c_again(evidence: Evidence) -> tuple[int, bytes]:
    last = evidence.packets_at_second_sink(C)[-1]
    return evidence.acknowledged_ns + 1, last.data


def _rtcp(ssrc: int, cname: bytes) -> bytes:
    item = bytes([1, len(cname)]) + cname
    chunk = ssrc.to_bytes(4, "big") + item + bytes(4 - len(item) % 4)
    return bytes([0x81, 202]) + (len(chunk) // 4).to_bytes(2, "big") + chunk


def _cut_at_the_end(evidence: Evidence, folder: pathlib.Path) -> Evidence:
    last = round(evidence.withdrawal.end / PACKET_S)
    return dataclasses.replace(
        evidence, cut={sink: C.first_sequence + last for sink in evidence.cut})


def _change_record(speaker: Speaker, change) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        cdrs = copy.deepcopy(evidence.cdrs)
        changed = dataclasses.replace(evidence, cdrs=cdrs)
        for route in accounts.sink_routes(changed, speaker):
            change(route)
        return changed
    return apply


def _one_more(route: dict) -> None:
    for reason in route["withheld"]:
        route["withheld"][reason] += 1


def _another_reason(route: dict) -> None:
    route["withheld"] = {"undecided": sum(route["withheld"].values())}


def _plain(name: str, side: str) -> Callable[[Evidence, pathlib.Path], Evidence]:
    def apply(evidence: Evidence, folder: pathlib.Path) -> Evidence:
        sides = evidence.profiles[name] | {side: sdp.PLAIN}
        return dataclasses.replace(evidence, profiles=evidence.profiles | {name: sides},
                                   server_takes_srtp=True)
    return apply


FALSIFICATIONS: tuple[Falsification, ...] = (
    Falsification("heard_a", "half a second of A missing in the mix", _mute_in_mix(A, 0.5)),
    Falsification("heard_b", "half a second of B missing in the mix", _mute_in_mix(B, 0.5)),
    Falsification("heard_c", "half a second of C missing in the mix", _mute_in_mix(C, 0.5)),
    Falsification("heard_c_after", "C muted in the mix once withdrawn", _mute_c_after_withdrawal),
    Falsification("recorder_a", "A's file blanked", _change_recording(A, _blank)),
    Falsification("recorder_a", "one bit of A's file flipped", _change_recording(A, _flip_a_bit)),
    Falsification("recorder_a", "the last packet of A's file missing",
                  _change_recording(A, lambda e, p: p[:-1])),
    Falsification("second_a", "one packet of A lost on the way to the second sink",
                  _change_captured(A, lambda d: d[:100] + d[101:])),
    Falsification("recorder_b", "one packet of B somewhere in the recorder's folder",
                  _add_file(lambda e: b"....." + e.sent[B.name][500] + b".....")),
    Falsification("recorder_b", "one packet of B in A's recording",
                  _change_recording(A, lambda e, p: p + [e.sent[B.name][0]])),
    Falsification("second_b", "one packet of B at the second sink",
                  _add_datagram(lambda e: (0, rtp.packet(B.ssrc, 1, e.sent[B.name][7])))),
    Falsification("second_b", "B's payload under another SSRC",
                  _add_datagram(lambda e: (0, rtp.packet(A.ssrc, 1, e.sent[B.name][7])))),
    Falsification("second_b", "a sender report that names B",
                  _add_datagram(lambda e: (0, _rtcp(B.ssrc, b"x")))),
    Falsification("recorder_c", "one packet of C more than the cut allows",
                  _change_recording(C, lambda e, p: e.sent[C.name][:len(p) + 1])),
    Falsification("recorder_c", "C's file one packet short",
                  _change_recording(C, lambda e, p: p[:-1])),
    Falsification("second_c", "one packet of C lost before the cut",
                  _change_captured(C, lambda d: d[:50] + d[51:])),
    Falsification("after_acknowledgement", "one packet of C after the acknowledgement",
                  _add_datagram(_last_of_c_again)),
    Falsification("after_acknowledgement", "one packet of C beyond the cut, though early",
                  _add_datagram(lambda e: (0, _next_of_c(e)[1]))),
    Falsification("mid_sentence", "a cut at the end of the sentence", _cut_at_the_end),
    Falsification("nobody_else", "a packet of the mix at the second sink",
                  _add_datagram(lambda e: (0, rtp.packet(77, 1, b"mix")))),
    Falsification("nobody_else", "a packet in A's recording that nobody sent",
                  _change_recording(A, lambda e, p: p + [b"\x78\x01\x02"])),
    Falsification("stripped", "A's CNAME in a report to the second sink",
                  _add_datagram(lambda e: (0, _rtcp(A.ssrc, b"speaker-A")))),
    Falsification("stripped", "a header extension at the second sink", _add_datagram(
        lambda e: (0, b"\x90" + rtp.packet(A.ssrc, 1, b"\xbe\xde\0\1\x10\xff\0\0")[1:]))),
    Falsification("srtp", "A's phone over plain RTP", _plain(A.name, "client")),
    Falsification("srtp", "C toward the server over plain RTP", _plain(C.name, "server")),
    Falsification("records", "one packet more withheld on record", _change_record(B, _one_more)),
    Falsification("records", "another reason on record", _change_record(B, _another_reason)),
    Falsification("words_a", "A's file blank but for its first packet",
                  _change_recording(A, _blank_but_first)),
    Falsification("words_b", "B's speech under C's file",
                  _change_recording(C, lambda e, p: e.sent[B.name])),
    Falsification("words_c", "C's file goes on after the withdrawal",
                  _change_recording(C, lambda e, p: e.sent[C.name])),
    Falsification("words_c", "C's file blank but for its first packet",
                  _change_recording(C, _blank_but_first)),
)


def tripped(falsification: Falsification, evidence: Evidence, ear: Ear,
            folder: pathlib.Path) -> judgement.Found:
    """The verdict of the check on the falsified evidence: it must not have passed."""
    check = next(c for c in judgement.CHECKS if c.name == falsification.check)
    return check.judge(falsification.apply(evidence, folder), ear)


def unproven() -> list[str]:
    """Checks that no falsification is aimed at."""
    aimed_at = {f.check for f in FALSIFICATIONS}
    return [c.name for c in judgement.CHECKS if c.name not in aimed_at]
