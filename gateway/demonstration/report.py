"""The table a person reads, and the same as JSON."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass

from . import accounts, judgement, script
from .ear import Ear
from .evidence import Evidence, Folder
from .judgement import CHECKS, Found
from .progress import Progress

COLUMNS = ("who", "consent", "heard", "recorded", "withheld", "why", "transfers")
WIDTHS = (3, 15, 12, 11, 11, 17, 24)


@dataclass(frozen=True)
class Verdict:
    name: str
    promise: str
    found: Found


def judge(evidence: Evidence, ear: Ear) -> list[Verdict]:
    return [Verdict(c.name, c.promise, c.judge(evidence, ear)) for c in CHECKS]


def _row(evidence: Evidence, ear: Ear, speaker: script.Speaker) -> dict:
    heard, missing = judgement.heard_in_turns(evidence, ear, speaker)
    keys = judgement.keys_in_turns(evidence, speaker)
    sent = len(evidence.sent[speaker.name])
    files = judgement.recorded_of(evidence, speaker)
    recorded = {
        script.OGG_SINK: sum(map(len, files.values())),
        script.RTP_SINK: len(evidence.packets_at_second_sink(speaker)),
    }
    return {
        "who": speaker.name,
        "consent": speaker.consent,
        "heard": {"windows": heard.heard, "of": heard.voiced, "key_words": keys - len(missing),
                  "of_key_words": keys},
        "sent_packets": sent,
        "recorded_packets": recorded,
        "withheld_packets": {sink: sent - count for sink, count in recorded.items()},
        "why": accounts.reasons(evidence, speaker),
        "transfers": accounts.transfers(evidence, speaker),
    }


def _at_sinks(counts: dict[str, int], total: int) -> str:
    def word(count: int) -> str:
        return "nothing" if count == 0 else f"all {total} packets" if count == total else (
            f"{count} packets")
    if len(set(counts.values())) == 1:
        return word(next(iter(counts.values())))
    return ", ".join(f"{sink}: {word(count)}" for sink, count in counts.items())


def _cells(row: dict) -> tuple[str, ...]:
    heard = row["heard"]
    share = heard["windows"] / heard["of"] if heard["of"] else 0.0
    return (
        row["who"], row["consent"],
        f"{share:.0%}, {heard['key_words']} of {heard['of_key_words']} key words",
        _at_sinks(row["recorded_packets"], row["sent_packets"]),
        _at_sinks(row["withheld_packets"], row["sent_packets"]),
        ", ".join(row["why"]) or "-",
        "; ".join(row["transfers"]) or "none",
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = []
    for row in rows:
        wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, WIDTHS)]
        for i in range(max(map(len, wrapped))):
            lines.append("  ".join((cell[i] if i < len(cell) else "").ljust(width)
                                   for cell, width in zip(wrapped, WIDTHS)).rstrip())
        lines.append("-" * (sum(WIDTHS) + 2 * (len(WIDTHS) - 1)))
    return "\n".join(lines)


def publish(evidence: Evidence, ear: Ear, folder: Folder, progress: Progress) -> bool:
    """Prints and writes the report; says whether everything is as promised."""
    verdicts = judge(evidence, ear)
    rows = [_row(evidence, ear, speaker) for speaker in script.SPEAKERS]
    passed = all(v.found.passed for v in verdicts)
    seconds = progress.elapsed_s
    progress.end()
    folder.report.write_text(json.dumps({
        "passed": passed,
        "seconds": round(seconds, 1),
        "participants": rows,
        "checks": [{"name": v.name, "promise": v.promise, "passed": v.found.passed,
                    "found": v.found.text} for v in verdicts],
    }, indent=2) + "\n")
    sinks = rows[0]["recorded_packets"]
    print(_table([COLUMNS, *map(_cells, rows)]))
    print(f"heard: in the mix, by a silent listener; recorded and withheld: at each of the sinks"
          f" {' and '.join(sinks)};\nwhy and transfers: from the gateway's call detail records,"
          " which are checked against the sinks.\n")
    for verdict in verdicts:
        mark = "ok    " if verdict.found.passed else "FAILED"
        print(f"{mark}  {verdict.promise}: {verdict.found.text}")
    print(f"\n{'As promised' if passed else 'NOT as promised'}, in {seconds:.0f} s."
          f" Report: {folder.report}")
    return passed
