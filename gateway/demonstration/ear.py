"""The judge's ear: finds each line of the script in the witness's mix and in recordings."""

from __future__ import annotations

import functools
import hashlib
import pathlib

from . import hearing, ogg, script, voices
from .evidence import Evidence
from .hearing import HOP_S, Presence
from .voices import PACKET_S, Samples, Spoken

FIRST_SEARCH_S = (-1.0, 8.0)  # the witness listens before the first speaker starts
NEXT_SEARCH_S = 0.6  # speakers start within this of one another
MARGIN_S = 0.3


class Ear:
    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._recogniser = hearing.Recogniser(directory, script.grammar())
        self._words = functools.cache(self._listen)
        self._kept: dict[bytes, Samples] = {}

    def words(self, samples: Samples, start_s: float, end_s: float) -> list[str]:
        return self._words(hearing.cut(samples, start_s, end_s).tobytes())

    def _listen(self, pcm: bytes) -> list[str]:
        samples = voices.Samples("h", pcm)
        return self._recogniser.words(hashlib.sha256(pcm).hexdigest()[:12], samples)

    def decoded(self, packets: list[bytes]) -> Samples:
        """Opus packets as sound; the first packet starts at second 0."""
        digest = hashlib.sha256(b"".join(packets))
        if digest.digest() not in self._kept:
            path = self._directory / f"{digest.hexdigest()[:12]}.ogg"
            ogg.write(path, packets)
            samples = voices.decode(path, path.with_suffix(".wav"))
            self._kept[digest.digest()] = samples
        return self._kept[digest.digest()]

    def delays(self, evidence: Evidence) -> dict[Spoken, float]:
        """By line spoken alone: how much later the witness heard it, on its own time line."""
        mix = hearing.levels(evidence.mix, HOP_S)
        delays: dict[Spoken, float] = {}
        for spoken in (s for s in evidence.spoken if s.alone):
            track = evidence.tracks[spoken.line.speaker.name]
            told = hearing.levels(hearing.cut(track, spoken.start, spoken.end), HOP_S)
            first = next(iter(delays.values()), None)
            lowest, highest = FIRST_SEARCH_S if first is None else (
                first - NEXT_SEARCH_S, first + NEXT_SEARCH_S)
            lag = hearing.lag_of(told, mix, round((spoken.start + lowest) / HOP_S),
                                 round((spoken.start + highest) / HOP_S))
            delays[spoken] = lag * HOP_S - spoken.start
        return delays

    def presence(self, evidence: Evidence, spoken: Spoken, delay: float,
                 from_s: float | None = None) -> Presence:
        """How much of a line the witness heard; of its rest, where `from_s` says from when."""
        start = spoken.start if from_s is None else from_s
        track = hearing.cut(evidence.tracks[spoken.line.speaker.name], start, spoken.end)
        return hearing.presence(track, hearing.cut(
            evidence.mix, start + delay - hearing.SLACK_S, spoken.end + delay + hearing.SLACK_S))

    def words_in_mix(self, evidence: Evidence, spoken: Spoken, delay: float) -> list[str]:
        return self.words(evidence.mix, spoken.start + delay - MARGIN_S,
                          spoken.end + delay + MARGIN_S)

    def words_recorded(self, evidence: Evidence, speaker: script.Speaker,
                       packets: list[bytes]) -> list[str]:
        """The words of a recording that starts with the speaker's first packet, line by line. A
        recording that ends within a line is heard up to its last whole half second: half a word
        can be taken for any."""
        end = len(packets) * PACKET_S
        words = []
        for spoken in (s for s in evidence.spoken if s.line.speaker is speaker):
            until = spoken.end + MARGIN_S
            if end < until:
                until = end - 0.5
            if until > spoken.start:
                words += self.words(self.decoded(packets), spoken.start - MARGIN_S, until)
        return words
