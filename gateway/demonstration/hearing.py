"""Listening: where there is voice, how far one recording lags another, which words are said."""

from __future__ import annotations

import math
import operator
import pathlib
import re
import subprocess
from dataclasses import dataclass

from .voices import RATE_HZ, Samples, rms, write_wav

HOP_S = 0.010
WINDOW_S = 0.100
SLACK_S = 0.020
VOICED_RMS = 350.0  # speech is levelled to an RMS of 2500; the noise between words has 5
HEARD_AT_LEAST = 0.3  # of the level with which it was spoken

MODEL = pathlib.Path("/usr/share/pocketsphinx/model/en-us")


def cut(samples: Samples, start_s: float, end_s: float) -> Samples:
    return samples[max(0, round(start_s * RATE_HZ)):max(0, round(end_s * RATE_HZ))]


def levels(samples: Samples, step_s: float) -> list[float]:
    step = round(step_s * RATE_HZ)
    return [rms(samples[i:i + step]) for i in range(0, len(samples) - step + 1, step)]


def lag_of(spoken: list[float], heard: list[float], lowest: int, highest: int) -> int:
    """The shift, in hops, at which the heard envelope is most like the spoken one."""
    best, best_likeness = max(0, lowest), -1.0
    for lag in range(max(0, lowest), min(highest, len(heard) - len(spoken)) + 1):
        window = heard[lag:lag + len(spoken)]
        energy = math.sqrt(sum(map(operator.mul, window, window)))
        likeness = sum(map(operator.mul, spoken, window)) / energy if energy else 0.0
        if likeness > best_likeness:
            best, best_likeness = lag, likeness
    return best


@dataclass(frozen=True)
class Presence:
    voiced: int  # windows of the source that hold voice
    heard: int  # of these, windows of the mix that hold it too
    longest_gap: int  # windows in a row that do not

    @property
    def share(self) -> float:
        return self.heard / self.voiced if self.voiced else 0.0


def presence(source: Samples, mix: Samples) -> Presence:
    """Compares two recordings window by window. The mix starts SLACK_S before the source and ends
    SLACK_S after it: a word that ends at a window's edge may have ended a little before."""
    step, slack = round(WINDOW_S * RATE_HZ), round(SLACK_S * RATE_HZ)
    voiced = heard = gap = longest_gap = 0
    for index, spoken_level in enumerate(levels(source, WINDOW_S)):
        if spoken_level < VOICED_RMS:
            continue
        voiced += 1
        starts = (index * step + shift for shift in (0, slack, 2 * slack))
        if max(rms(mix[at:at + step]) for at in starts) >= HEARD_AT_LEAST * spoken_level:
            heard += 1
            gap = 0
        else:
            gap += 1
            longest_gap = max(longest_gap, gap)
    return Presence(voiced, heard, longest_gap)


class Recogniser:
    """PocketSphinx with a grammar, one recording at a time."""

    def __init__(self, directory: pathlib.Path, grammar: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._grammar = directory / "conference.gram"
        self._grammar.write_text(grammar)

    def words(self, name: str, samples: Samples) -> list[str]:
        if len(samples) < RATE_HZ // 2:
            return []
        wav = self._directory / f"{name}.wav"
        write_wav(wav, samples)
        said = subprocess.run(
            ["pocketsphinx_continuous", "-infile", wav, "-jsgf", self._grammar,
             "-hmm", MODEL / "en-us", "-dict", MODEL / "cmudict-en-us.dict",
             "-logfn", self._directory / f"{name}.log"],
            check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
        return re.sub(r"\(\d+\)", "", said).split()
