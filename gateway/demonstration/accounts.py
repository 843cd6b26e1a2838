"""The gateway's call detail records: reasons and transfers for the table, and whether they say the
same as the sinks."""

from __future__ import annotations

from .evidence import Evidence
from .script import Speaker


def final_record(evidence: Evidence, speaker: Speaker) -> dict | None:
    """The stop record of a participant: counters in it are cumulative."""
    stops = [r for r in evidence.cdrs
             if r.get("participant") == speaker.name and r["kind"] == "stop"]
    return stops[-1] if stops else None


def _client_legs(evidence: Evidence, speaker: Speaker) -> list[dict]:
    record = final_record(evidence, speaker)
    return [leg for leg in record["legs"] if leg["side"] == "client"] if record else []


def sink_routes(evidence: Evidence, speaker: Speaker) -> list[dict]:
    return [route for leg in _client_legs(evidence, speaker) for route in leg["routes"]
            if route["kind"] == "sink"]


def taken_in(evidence: Evidence, speaker: Speaker) -> int:
    return sum(leg["packets"] for leg in _client_legs(evidence, speaker))


def delivered(route: dict) -> int:
    return route.get("packets", 0)


def reasons(evidence: Evidence, speaker: Speaker) -> list[str]:
    words = {reason for route in sink_routes(evidence, speaker)
             for reason, count in route["withheld"].items() if count}
    return sorted(words)


def transfers(evidence: Evidence, speaker: Speaker) -> list[str]:
    record = final_record(evidence, speaker)
    texts = [f"{t['purpose']}: {t['from']} to {t['to']}, {t['importer']} ({t['mechanism']}),"
             f" {t['packets']} packets" for t in (record or {}).get("transfers", [])]
    return list(dict.fromkeys(texts))
