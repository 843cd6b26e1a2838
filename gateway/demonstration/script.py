"""Who takes part, who says what and in which order: the whole conference on one page.

Sentences are built from key words that PocketSphinx tells apart in every voice, and each key word
belongs to one speaker only: a word found in a recording names whose speech is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

PURPOSE = "recording"
OGG_SINK = "recorder"  # the gateway's own
RTP_SINK = "archive"  # the second: takes RTP, at another processor
LIBRIVOX = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-"


@dataclass(frozen=True)
class Speaker:
    name: str
    voice: str  # of flite
    consent: str  # what the table says
    ssrc: int
    first_sequence: int  # close to the wrap: 65535 -> 0 happens while the speaker talks


A = Speaker("A", "slt", "granted", 0x0A0A0A01, 65_300)
B = Speaker("B", "rms", "refused", 0x0B0B0B02, 65_000)
C = Speaker("C", "awb", "granted, then withdrawn", 0x0C0C0C03, 64_700)
SPEAKERS = (A, B, C)
WITNESS = "witness"


@dataclass(frozen=True)
class Line:
    """One sentence or two: spoken by the speaker's flite voice, or a human voice from a file."""

    speaker: Speaker
    keys: tuple[str, ...]
    text: str = ""
    recording: str = ""
    # Where in the recording the consent is withdrawn, and the keys that are spoken after it.
    withdrawn_after_s: float | None = None
    keys_after_withdrawal: tuple[str, ...] = ()


# Each inner tuple is spoken together; one follows the other.
SCENES: tuple[tuple[Line, ...], ...] = (
    (
        Line(A, ("yellow", "elephant", "mountain", "october", "library", "piano"),
             "Please remember the yellow elephant and the mountain."
             " In October, the library is for my piano."),
    ),
    (
        Line(B, ("umbrella", "magazine", "tomorrow", "president", "chocolate"),
             "Please remember the umbrella and the magazine."
             " Tomorrow, we remember the president and the chocolate."),
    ),
    (
        Line(C, ("kangaroo", "telephone", "wednesday", "football", "orchestra"),
             "Please remember the kangaroo and the telephone."
             " Wednesday is for football and the orchestra."),
    ),
    (
        Line(A, ("diamond", "kitchen"), "The diamond is in the kitchen."),
        Line(B, ("butterfly", "airport"), "The butterfly is at the airport."),
        Line(C, ("volcano", "cinnamon"), "The volcano is for the cinnamon."),
    ),
    (
        Line(C, ("dashwood", "leisure", "consider"), recording=LIBRIVOX + "0870.wav",
             withdrawn_after_s=4.2, keys_after_withdrawal=("prudently", "power")),
    ),
    (Line(A, ("library", "october"), "We remember the library in October."),),
    (Line(B, ("president", "umbrella"), "The president is at my umbrella."),),
    (Line(C, ("disposed", "young"), recording=LIBRIVOX + "0880.wav"),),
)

FILLERS = ("the", "a", "and", "in", "with", "my", "please", "remember", "is", "we", "for", "at")
HUMAN_WORDS = (
    "mister john dashwood had then leisure to consider how much there might be prudently in his"
    " power do them he was not an ill disposed young man"
).split()


def keys_of(speaker: Speaker) -> tuple[str, ...]:
    """Every key word of a speaker, in the order of speaking, each once."""
    lines = [line for scene in SCENES for line in scene if line.speaker is speaker]
    return tuple(dict.fromkeys(k for line in lines
                               for k in line.keys + line.keys_after_withdrawal))


def grammar() -> str:
    """The JSGF grammar that PocketSphinx listens with: any sequence of the words said here."""
    words = dict.fromkeys([k for s in SPEAKERS for k in keys_of(s)])
    words.update(dict.fromkeys(FILLERS))
    words.update(dict.fromkeys(HUMAN_WORDS))
    return ("#JSGF V1.0;\ngrammar conference;\n"
            f"public <conference> = ( {' | '.join(words)} )+;\n")
