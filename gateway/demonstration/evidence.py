"""What is judged: the files that the conference left behind, none of them the gateway's counters
(its CDRs are shown and held against these)."""

from __future__ import annotations

import json
import pathlib
from dataclasses import dataclass

from . import ogg, rtp, script, voices


@dataclass(frozen=True)
class Folder:
    """Where each party puts its files."""

    root: pathlib.Path

    @property
    def logs(self) -> pathlib.Path:
        return self.root / "logs"

    @property
    def tracks(self) -> pathlib.Path:
        return self.root / "tracks"

    @property
    def recordings(self) -> pathlib.Path:  # the first sink's: the gateway's own recorder
        return self.root / "recordings"

    @property
    def capture(self) -> pathlib.Path:  # the second sink's
        return self.root / "second_sink.capture"

    @property
    def witness(self) -> pathlib.Path:  # what the silent listener heard
        return self.root / "witness.ogg"

    @property
    def notes(self) -> pathlib.Path:  # what the signalling application was told, and when
        return self.root / "conference.json"

    @property
    def judged(self) -> pathlib.Path:
        return self.root / "judged"

    @property
    def report(self) -> pathlib.Path:
        return self.root / "report.json"

    def opus(self, speaker: script.Speaker) -> pathlib.Path:
        return self.tracks / f"{speaker.name}.ogg"

    def wav(self, speaker: script.Speaker) -> pathlib.Path:
        return self.tracks / f"{speaker.name}.wav"


@dataclass(frozen=True)
class Evidence:
    spoken: tuple[voices.Spoken, ...]
    tracks: dict[str, voices.Samples]  # by speaker: as spoken
    sent: dict[str, list[bytes]]  # by speaker: the Opus packets, in the order of sending
    mix: voices.Samples  # as the witness heard it
    recordings: dict[str, bytes]  # every file under the first sink's folder, by relative path
    captured: list[rtp.Datagram]  # everything the second sink got
    acknowledged_ns: int  # CLOCK_MONOTONIC, when the withdrawal's answer had been read
    cut: dict[str, int]  # by sink: the last extended sequence number, as acknowledged
    cdrs: list[dict]
    profiles: dict[str, dict[str, str]]  # by participant and side: as negotiated
    server_takes_srtp: bool

    @property
    def withdrawal(self) -> voices.Spoken:
        return next(s for s in self.spoken if s.line.withdrawn_after_s is not None)

    def opus_recordings(self) -> dict[str, list[bytes]]:
        """The audio packets of each Ogg Opus file of the first sink."""
        return {path: ogg.opus_packets(data) for path, data in self.recordings.items()
                if data.startswith(b"OggS")}

    def packets_at_second_sink(self, speaker: script.Speaker) -> list[rtp.Datagram]:
        return [d for d in self.captured if d.is_rtp and d.ssrc == speaker.ssrc]

    def index_of(self, speaker: script.Speaker, sequence: int) -> int:
        """Which of the speaker's packets bears this sequence number; the conference is far
        shorter than 65536 packets."""
        return (sequence - speaker.first_sequence) & 0xFFFF


def gather(folder: Folder) -> Evidence:
    notes = json.loads(folder.notes.read_text())
    lines = [line for scene in script.SCENES for line in scene]
    spoken = tuple(voices.Spoken(line, *place) for line, place in zip(lines, notes["places"]))
    files = (p for p in sorted(folder.recordings.rglob("*")) if p.is_file())
    return Evidence(
        spoken=spoken,
        tracks={s.name: voices.read_wav(folder.wav(s)) for s in script.SPEAKERS},
        sent={s.name: ogg.read(folder.opus(s)) for s in script.SPEAKERS},
        mix=voices.decode(folder.witness, folder.judged / "mix.wav"),
        recordings={str(p.relative_to(folder.recordings)): p.read_bytes() for p in files},
        captured=rtp.read_capture(folder.capture),
        acknowledged_ns=notes["acknowledged_ns"],
        cut=notes["cut"],
        cdrs=notes["cdrs"],
        profiles=notes["profiles"],
        server_takes_srtp=notes["server_takes_srtp"],
    )
