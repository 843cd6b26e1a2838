"""The verdicts: each promise of the demonstration is one check of the evidence.

A check returns what it found and whether that is what was promised. `falsification.py` shows for
each of them that it can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import accounts, script, sdp
from .ear import Ear
from .evidence import Evidence
from .hearing import WINDOW_S, Presence
from .script import A, B, C, OGG_SINK, RTP_SINK, Speaker
from .voices import PACKET_S

HEARD_SHARE = 0.95
LONGEST_GAP_WINDOWS = 1  # a word's soft end may fall below the threshold


@dataclass(frozen=True)
class Found:
    passed: bool
    text: str


@dataclass(frozen=True)
class Check:
    name: str
    promise: str
    judge: Callable[[Evidence, Ear], Found]


def _missing(keys, words) -> list[str]:
    return [k for k in keys if k not in words]


# --- what the witness heard ------------------------------------------------------------------

def heard_in_turns(evidence: Evidence, ear: Ear, speaker: Speaker) -> tuple[Presence, list[str]]:
    """Over every line that the speaker has alone: presence, and the key words not found."""
    voiced = heard = longest_gap = 0
    missing: list[str] = []
    for spoken, delay in ear.delays(evidence).items():
        if spoken.line.speaker is not speaker:
            continue
        found = ear.presence(evidence, spoken, delay)
        voiced, heard = voiced + found.voiced, heard + found.heard
        longest_gap = max(longest_gap, found.longest_gap)
        missing += _missing(spoken.line.keys + spoken.line.keys_after_withdrawal,
                            ear.words_in_mix(evidence, spoken, delay))
    return Presence(voiced, heard, longest_gap), missing


def keys_in_turns(evidence: Evidence, speaker: Speaker) -> int:
    return sum(len(s.line.keys + s.line.keys_after_withdrawal) for s in evidence.spoken
               if s.alone and s.line.speaker is speaker)


def _present(found: Presence) -> bool:
    return (found.voiced > 0 and found.share >= HEARD_SHARE
            and found.longest_gap <= LONGEST_GAP_WINDOWS)


def _in_words(found: Presence) -> str:
    return (f"{found.heard} of {found.voiced} voiced {WINDOW_S * 1000:.0f} ms windows"
            f" ({found.share:.1%})")


def _is_heard(speaker: Speaker) -> Callable[[Evidence, Ear], Found]:
    def judge(evidence: Evidence, ear: Ear) -> Found:
        found, missing = heard_in_turns(evidence, ear, speaker)
        keys = keys_in_turns(evidence, speaker)
        text = f"{_in_words(found)}, {keys - len(missing)} of {keys} key words"
        if missing:
            text += f"; not found: {', '.join(missing)}"
        return Found(_present(found) and not missing, text)
    return judge


def _is_heard_after_withdrawal(evidence: Evidence, ear: Ear) -> Found:
    cut_s = min(cut_index(evidence, sink) for sink in (OGG_SINK, RTP_SINK)) * PACKET_S
    delays = ear.delays(evidence)
    last = max((s for s in delays if s.line.speaker is C), key=lambda s: s.start)
    rest = ear.presence(evidence, evidence.withdrawal, delays[evidence.withdrawal], cut_s)
    later = ear.presence(evidence, last, delays[last])
    both = Presence(rest.voiced + later.voiced, rest.heard + later.heard,
                    max(rest.longest_gap, later.longest_gap))
    missing = _missing(evidence.withdrawal.line.keys_after_withdrawal, ear.words_in_mix(
        evidence, evidence.withdrawal, delays[evidence.withdrawal]))
    missing += _missing(last.line.keys, ear.words_in_mix(evidence, last, delays[last]))
    text = _in_words(both) + (f"; not found: {', '.join(missing)}" if missing else
                              ", the words after the cut among them")
    return Found(_present(both) and not missing, text)


# --- what the sinks hold ---------------------------------------------------------------------

def cut_index(evidence: Evidence, sink: str) -> int:
    """The place, among C's packets, of the last one that the acknowledgement allowed the sink."""
    return evidence.index_of(C, evidence.cut[sink]) if sink in evidence.cut else -1


def recorded_of(evidence: Evidence, speaker: Speaker) -> dict[str, list[bytes]]:
    """The recordings that hold at least one of the speaker's packets."""
    theirs = set(evidence.sent[speaker.name])
    return {path: packets for path, packets in evidence.opus_recordings().items()
            if not theirs.isdisjoint(packets)}


def _compare(got: list[bytes], sent: list[bytes]) -> str:
    """Empty when both are the same, packet by packet and byte by byte."""
    if got == sent:
        return ""
    for index, (one, other) in enumerate(zip(got, sent)):
        if one != other:
            return f"packet {index} differs from the one sent ({len(got)} of {len(sent)} packets)"
    return f"{len(got)} packets where {len(sent)} are due"


def _recorder_holds(speaker: Speaker, due: Callable[[Evidence], int]) -> Callable:
    def judge(evidence: Evidence, ear: Ear) -> Found:
        files = recorded_of(evidence, speaker)
        if len(files) != 1:
            return Found(False, f"{len(files)} files hold speech of {speaker.name}, 1 is due")
        [(path, packets)] = files.items()
        wrong = _compare(packets, evidence.sent[speaker.name][:due(evidence)])
        return Found(not wrong, wrong or f"{len(packets)} packets, each byte as sent")
    return judge


def _second_sink_holds(speaker: Speaker, due: Callable[[Evidence], int]) -> Callable:
    def judge(evidence: Evidence, ear: Ear) -> Found:
        got = evidence.packets_at_second_sink(speaker)
        order = [evidence.index_of(speaker, d.sequence) for d in got]
        if order != list(range(len(order))):
            return Found(False, f"sequence numbers of {len(order)} packets have gaps or repeat")
        sent = evidence.sent[speaker.name][:due(evidence)]
        wrong = _compare([d.payload for d in got], sent)
        return Found(not wrong, wrong or f"{len(got)} packets, each byte as sent, SSRC and"
                     " sequence kept")
    return judge


def _all(speaker: Speaker) -> Callable[[Evidence], int]:
    return lambda evidence: len(evidence.sent[speaker.name])


def _up_to_cut(sink: str) -> Callable[[Evidence], int]:
    return lambda evidence: cut_index(evidence, sink) + 1


def _recorder_has_nothing_of_b(evidence: Evidence, ear: Ear) -> Found:
    files = sorted(recorded_of(evidence, B))
    everything = list(evidence.recordings.values())
    inside = sum(any(p in data for data in everything) for p in evidence.sent[B.name])
    if files or inside:
        return Found(False, f"{inside} packets of B in the recorder's folder {files}")
    return Found(True, f"none of B's {len(evidence.sent[B.name])} packets in any of"
                 f" {len(everything)} files ({sum(map(len, everything))} bytes)")


def _second_sink_has_nothing_of_b(evidence: Evidence, ear: Ear) -> Found:
    ssrc = B.ssrc.to_bytes(4, "big")
    named = sum(ssrc in d.data for d in evidence.captured)  # RTP, RTCP, whatever came
    blob = b"\0".join(d.data for d in evidence.captured)
    inside = sum(p in blob for p in evidence.sent[B.name])
    if named or inside:
        return Found(False, f"{named} datagrams name B's SSRC, {inside} of B's packets inside")
    return Found(bool(evidence.captured), f"B's SSRC and payloads in none of"
                 f" {len(evidence.captured)} datagrams")


def _nothing_after_acknowledgement(evidence: Evidence, ear: Ear) -> Found:
    got = evidence.packets_at_second_sink(C)
    if not got:
        return Found(False, "no packet of C arrived at all")
    late = [d for d in got if d.arrived_ns > evidence.acknowledged_ns]
    beyond = [d for d in got if evidence.index_of(C, d.sequence) > cut_index(evidence, RTP_SINK)]
    before_ms = (evidence.acknowledged_ns - max(d.arrived_ns for d in got)) / 1e6
    text = (f"{len(late)} packets arrived after the acknowledgement, {len(beyond)} have a"
            f" sequence number beyond the cut; the last arrived {before_ms:.1f} ms before")
    return Found(not late and not beyond, text)


def _withdrawn_in_mid_sentence(evidence: Evidence, ear: Ear) -> Found:
    place = evidence.withdrawal
    cuts = {sink: cut_index(evidence, sink) * PACKET_S - place.start
            for sink in (OGG_SINK, RTP_SINK)}
    length = place.end - place.start
    inside = all(0.5 < at < length - 0.5 for at in cuts.values())
    at = " and ".join(f"{v:.2f} s ({k})" for k, v in cuts.items())
    return Found(inside, f"cut {at} into a sentence of {length:.2f} s")


def _nobody_else(evidence: Evidence, ear: Ear) -> Found:
    allowed = set(evidence.sent[A.name]) | set(evidence.sent[C.name])
    strangers = [d for d in evidence.captured if d.is_rtp and d.ssrc not in (A.ssrc, C.ssrc)]
    foreign = [p for packets in evidence.opus_recordings().values() for p in packets
               if p not in allowed]
    return Found(not strangers and not foreign,
                 f"{len(strangers)} packets of other streams at the second sink, {len(foreign)}"
                 " packets in the recorder's files that neither A nor C sent")


def _stripped(evidence: Evidence, ear: Ear) -> Found:
    extended = sum(d.is_rtp and d.has_extension for d in evidence.captured)
    named = sum(b"speaker-" in d.data for d in evidence.captured)
    rtcp = sum(d.is_rtcp for d in evidence.captured)
    return Found(not extended and not named, f"{extended} header extensions, {named} CNAMEs;"
                 f" {rtcp} RTCP packets among {len(evidence.captured)}")


def _records_agree(evidence: Evidence, ear: Ear) -> Found:
    """The call detail records against the sinks: same counts, the right reasons, nothing lost."""
    expected = {A.name: set(), B.name: {"consent_refused"}, C.name: {"consent_withdrawn"}}
    wrong = []
    for speaker in script.SPEAKERS:
        sent = len(evidence.sent[speaker.name])
        taken_in = accounts.taken_in(evidence, speaker)
        if taken_in != sent:
            wrong.append(f"{speaker.name}: {taken_in} packets taken in of {sent} sent")
        reasons = set(accounts.reasons(evidence, speaker))
        if reasons != expected[speaker.name]:
            wrong.append(f"{speaker.name}: withheld for {sorted(reasons)}")
        got = {OGG_SINK: sum(map(len, recorded_of(evidence, speaker).values())),
               RTP_SINK: len(evidence.packets_at_second_sink(speaker))}
        routes = {r["sink"]: r for r in accounts.sink_routes(evidence, speaker)}
        for sink, count in got.items():
            told = accounts.delivered(routes[sink]) if sink in routes else None
            held = sum(routes[sink]["withheld"].values()) if sink in routes else None
            if (told, held) != (count, sent - count):
                wrong.append(f"{speaker.name} at {sink}: {told} delivered and {held} withheld on"
                             f" record, {count} and {sent - count} in truth")
    return Found(not wrong, "; ".join(wrong) or "delivered, withheld and reasons on record are"
                 " what the sinks show")


def _carried_under_srtp(evidence: Evidence, ear: Ear) -> Found:
    """Negotiated so; that the keys were used, and right, shows in what was heard and recorded."""
    wrong = [name for name, sides in evidence.profiles.items() if sides["client"] != sdp.SECURE]
    due = sdp.SECURE if evidence.server_takes_srtp else sdp.PLAIN
    if evidence.profiles[C.name]["server"] != due:
        wrong.append(f"{C.name} toward the server")
    if wrong:
        return Found(False, f"not over SRTP: {', '.join(wrong)}")
    beyond = ("C's toward the server, too" if evidence.server_takes_srtp else
              "none toward the server: this machine has no address for janus's ICE")
    return Found(True, f"all {len(evidence.profiles)} legs of phones; {beyond}")


def _single(files: dict[str, list[bytes]]) -> list[bytes]:
    return next(iter(files.values()), [])


def _words_of_a(evidence: Evidence, ear: Ear) -> Found:
    words = ear.words_recorded(evidence, A, _single(recorded_of(evidence, A)))
    missing = _missing(script.keys_of(A), words)
    keys = len(script.keys_of(A))
    text = f"{keys - len(missing)} of {keys} key words"
    return Found(not missing, text + (f"; not found: {', '.join(missing)}" if missing else ""))


def _words_of_c(evidence: Evidence, ear: Ear) -> Found:
    words = ear.words_recorded(evidence, C, _single(recorded_of(evidence, C)))
    before = [k for s in evidence.spoken if s.line.speaker is C
              and s.start <= evidence.withdrawal.start for k in s.line.keys]
    after = evidence.withdrawal.line.keys_after_withdrawal
    missing = _missing(before, words)
    leaked = [k for k in after if k in words]
    text = (f"{len(before) - len(missing)} of {len(before)} key words before the cut,"
            f" {len(leaked)} of {len(after)} after it")
    if missing or leaked:
        text += f"; missing {missing}, leaked {leaked}"
    return Found(not missing and not leaked, text)


def _no_words_of_b(evidence: Evidence, ear: Ear) -> Found:
    found: list[str] = []
    for packets in evidence.opus_recordings().values():
        for speaker in script.SPEAKERS:
            if not set(evidence.sent[speaker.name]).isdisjoint(packets):
                found += ear.words_recorded(evidence, speaker, packets)
    said = [k for k in script.keys_of(B) if k in found]
    return Found(bool(found) and not said,
                 f"{len(said)} of {len(script.keys_of(B))} key words of B among"
                 f" {len(found)} recognised words" + (f": {', '.join(said)}" if said else ""))


CHECKS: tuple[Check, ...] = (
    Check("heard_a", "A is heard in the mix", _is_heard(A)),
    Check("heard_b", "B, who refused, is heard all the same", _is_heard(B)),
    Check("heard_c", "C is heard in the mix", _is_heard(C)),
    Check("heard_c_after", "C is heard after withdrawing, too", _is_heard_after_withdrawal),
    Check("recorder_a", "the recorder holds A whole", _recorder_holds(A, _all(A))),
    Check("second_a", "the second sink got A whole", _second_sink_holds(A, _all(A))),
    Check("recorder_b", "the recorder holds nothing of B", _recorder_has_nothing_of_b),
    Check("second_b", "the second sink got nothing of B", _second_sink_has_nothing_of_b),
    Check("recorder_c", "the recorder holds C exactly up to the cut",
          _recorder_holds(C, _up_to_cut(OGG_SINK))),
    Check("second_c", "the second sink got C exactly up to the cut",
          _second_sink_holds(C, _up_to_cut(RTP_SINK))),
    Check("after_acknowledgement", "not one packet of C after the acknowledgement",
          _nothing_after_acknowledgement),
    Check("mid_sentence", "C withdrew in mid-sentence", _withdrawn_in_mid_sentence),
    Check("nobody_else", "the sinks hold nobody else", _nobody_else),
    Check("stripped", "no header extension and no CNAME reached a sink", _stripped),
    Check("srtp", "the legs are under SRTP, C's on both sides", _carried_under_srtp),
    Check("records", "the call detail records say the same", _records_agree),
    Check("words_a", "A's key words are in the recording", _words_of_a),
    Check("words_b", "none of B's key words is in any recording", _no_words_of_b),
    Check("words_c", "C's recording ends with the withdrawal", _words_of_c),
)
