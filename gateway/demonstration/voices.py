"""Speech made audible: flite and human voices laid out on one timeline, one track a speaker."""

from __future__ import annotations

import array
import pathlib
import random
import subprocess
import wave
from dataclasses import dataclass

from . import script

RATE_HZ = 16_000
PACKET_S = 0.020  # one Opus frame, one RTP packet
LEAD_S = 1.5  # silence before the first word: transports settle
PAUSE_S = 0.7
TAIL_S = 1.0
SPEECH_RMS = 2_500.0
Samples = array.array  # of 'h': 16-bit mono at RATE_HZ


@dataclass(frozen=True)
class Spoken:
    """A line with its place in its speaker's track, in seconds from the track's start."""

    line: script.Line
    start: float
    end: float
    alone: bool


@dataclass(frozen=True)
class Tracks:
    spoken: tuple[Spoken, ...]
    samples: dict[str, Samples]  # by speaker's name
    duration: float

    @property
    def withdrawal(self) -> Spoken:
        return next(s for s in self.spoken if s.line.withdrawn_after_s is not None)


def run(*argv: object) -> None:
    subprocess.run([str(a) for a in argv], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read_wav(path: pathlib.Path | str) -> Samples:
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
            raise ValueError(f"{path}: expected {RATE_HZ} Hz, mono, 16 bit")
        return array.array("h", file.readframes(file.getnframes()))


def write_wav(path: pathlib.Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def rms(samples: Samples) -> float:
    return (sum(x * x for x in samples) / len(samples)) ** 0.5 if samples else 0.0


def speak(line: script.Line, directory: pathlib.Path, index: int) -> Samples:
    path = line.recording
    if not path:
        path = str(directory / f"line_{index:02}.wav")
        run("flite", "-voice", line.speaker.voice, "-t", line.text, "-o", path)
    samples = read_wav(path)
    gain = SPEECH_RMS / rms(samples)
    return array.array("h", (max(-32768, min(32767, round(x * gain))) for x in samples))


def lay_out(directory: pathlib.Path) -> Tracks:
    """Speaks the script. Between words each track holds noise of its own, far below speech, so
    that no two packets of the conference carry the same bytes."""
    at, spoken, audio, index = LEAD_S, [], [], 0
    for scene in script.SCENES:
        ends = at
        for line in scene:
            samples = speak(line, directory, index)
            index += 1
            end = at + len(samples) / RATE_HZ
            spoken.append(Spoken(line, at, end, alone=len(scene) == 1))
            audio.append(samples)
            ends = max(ends, end)
        at = ends + PAUSE_S
    duration = at + TAIL_S
    tracks = {}
    for speaker in script.SPEAKERS:
        noise = random.Random(speaker.ssrc)
        track = array.array("h", (noise.randint(-8, 8) for _ in range(round(duration * RATE_HZ))))
        for place, samples in zip(spoken, audio):
            if place.line.speaker is speaker:
                first = round(place.start * RATE_HZ)
                for i, x in enumerate(samples):
                    track[first + i] = max(-32768, min(32767, track[first + i] + x))
        tracks[speaker.name] = track
    return Tracks(tuple(spoken), tracks, duration)


def encode(samples: Samples, wav: pathlib.Path, opus: pathlib.Path) -> None:
    write_wav(wav, samples)
    run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", wav, "-c:a", "libopus", "-ar", 48_000,
        "-ac", 1, "-b:a", "32k", "-application", "voip", "-frame_duration", 20, opus)


def decode(source: pathlib.Path, wav: pathlib.Path) -> Samples:
    run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-ar", RATE_HZ, "-ac", 1,
        "-c:a", "pcm_s16le", wav)
    return read_wav(wav)
