"""Two phones made of ffmpeg: one that speaks a track, one that listens to the mix."""

from __future__ import annotations

import pathlib

from . import ports, sdp, voices
from .children import Children
from .script import WITNESS, Speaker

OPENING_S = 0.4


def _own_address() -> sdp.Audio:
    return sdp.Audio("127.0.0.1", ports.block(2), sdp.SECURE, sdp.PAYLOAD_TYPE, sdp.new_key())


def _send(local: sdp.Audio, remote: sdp.Audio, opus: pathlib.Path, *stream: object) -> list:
    """An Opus file, packet by packet in real time: SDES-SRTP, RTCP from and to the next port."""
    own_ports = f"localrtpport={local.port}&localrtcpport={local.port + 1}"
    return ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-re", "-i", opus, "-c", "copy",
            "-f", "rtp", "-payload_type", remote.payload_type, *stream,
            "-srtp_out_suite", sdp.SUITE, "-srtp_out_params", local.key,
            f"srtp://{remote.ip}:{remote.port}?{own_ports}"]


class SpeakingPhone:
    def __init__(self, speaker: Speaker, opus: pathlib.Path) -> None:
        self.speaker = speaker
        self.process_name = f"speaker_{speaker.name}"
        self._opus = opus
        self._local = _own_address()

    def offer(self) -> str:
        return sdp.describe(self._local)

    def speak(self, children: Children, remote: sdp.Audio) -> None:
        children.start(self.process_name, _send(
            self._local, remote, self._opus, "-ssrc", self.speaker.ssrc,
            "-seq", self.speaker.first_sequence, "-cname", f"speaker-{self.speaker.name}"))


class ListeningPhone:
    """Says nothing, and writes the packets of the mix down as they come. Like any phone on mute
    it first sends a few packets of silence: AudioBridge sends the mix to whom it has heard."""

    process_name = WITNESS

    def __init__(self, heard: pathlib.Path, tracks: pathlib.Path) -> None:
        self._heard = heard
        self._tracks = tracks
        self._local = _own_address()

    def offer(self) -> str:
        return sdp.describe(self._local)

    def listen(self, children: Children, remote: sdp.Audio) -> None:
        silence = self._tracks / "silence.ogg"
        voices.encode(voices.Samples("h", bytes(2 * round(OPENING_S * voices.RATE_HZ))),
                      silence.with_suffix(".wav"), silence)
        children.start("opening", _send(self._local, remote, silence))
        children.wait("opening", timeout_s=10)
        # ffmpeg is told what comes in: to our address, under the other side's key.
        incoming = sdp.Audio(self._local.ip, self._local.port, sdp.SECURE, remote.payload_type,
                             remote.key)
        description = self._tracks / "witness.sdp"
        description.write_text(sdp.describe(incoming, "recvonly"))
        children.start(self.process_name, [
            "ffmpeg", "-hide_banner", "-nostdin", "-nostats",
            "-protocol_whitelist", "file,udp,rtp,srtp", "-reorder_queue_size", 0,
            "-i", description, "-c", "copy", "-y", self._heard])
