"""What must hold of call detail records after a kill; for kill_test."""

from __future__ import annotations

import json
import pathlib
import time

Row = dict  # of the table cdrs, with its JSON read
Chain = tuple[str, str]  # session, participant


def chains_of(rows: list[Row]) -> dict[Chain, list[Row]]:
    """Each in the order of its numbers."""
    chains: dict[Chain, list[Row]] = {}
    for row in rows:
        chains.setdefault((row["session"], row["participant"]), []).append(row)
    for chain in chains.values():
        chain.sort(key=lambda row: row["record_seq"])
    return chains


def lost(read: dict[tuple, dict], rows: list[Row]) -> list[str]:
    """Whoever was shown a record was told that it is stored."""
    stored = {(row["session"], row["participant"], row["record_seq"]): row["json"] for row in rows}
    return [f"record {key} was read as {record} and is now {stored.get(key)}"
            for key, record in read.items() if stored.get(key) != record]


def changed(before: list[Row], after: list[Row]) -> list[str]:
    """A restart adds records and touches none."""
    now = {row["id"]: row for row in after}
    return [f"record {row['id']} was {row} before the restart and is {now.get(row['id'])}"
            for row in before if now.get(row["id"]) != row]


def totals(row: Row) -> list:
    """What was counted; the routes are listed where they grew only."""
    return [(leg["side"], leg["media"], leg.get("packets", 0), leg.get("bytes", 0))
            for leg in row["json"].get("legs", [])]


def badly_closed(before: list[Row], after: list[Row]) -> list[str]:
    wrong = []
    open_before = {key for key, chain in chains_of(before).items() if chain[-1]["kind"] != "stop"}
    for key, chain in chains_of(after).items():
        numbers = [row["record_seq"] for row in chain]
        if numbers != list(range(1, len(chain) + 1)):
            wrong.append(f"{key}: the records are numbered {numbers}")
        kinds = [row["kind"] for row in chain]
        if kinds != ["start"] + ["interim"] * (len(chain) - 2) + ["stop"]:
            wrong.append(f"{key}: the records are {kinds}")
        cause = chain[-1]["json"].get("cause_for_closing")
        if (cause == "restart") != (key in open_before):
            wrong.append(f"{key}: closed with the cause {cause}, open before: {key in open_before}")
        if key in open_before and totals(chain[-1]) != totals(chain[-2]):
            wrong.append(f"{key}: closed with {totals(chain[-1])} after {totals(chain[-2])}")
    return wrong


def seconds(text: str) -> float:
    stamp, _, fraction = text.rstrip("Z").partition(".")
    whole = time.strptime(stamp, "%Y-%m-%dT%H:%M:%S")
    return float(f"{int(time.mktime(whole) - time.timezone)}.{fraction or 0}")


def counted_too_little(chain: list[Row], arrived: list[float], killed: float,
                       period: float) -> list[str]:
    """`arrived`: when each packet of this person came out of the gateway, by the kernel. A record
    may be late by what a loaded machine takes for it."""
    last = chain[-1]["json"]
    until = seconds(last.get("counted_until", last["opened"]))
    slack = 3.0
    wrong = []
    if until < killed - period - slack and killed - seconds(last["opened"]) > period + slack:
        wrong.append(f"{chain[-1]['participant']}: counted until {killed - until:.2f} s before "
                     f"the kill, and records are due every {period} s")
    passed = sum(at < until - slack / 2 for at in arrived)
    counted = sum(leg.get("packets", 0) for leg in last.get("legs", []) if leg["side"] == "client")
    if counted < passed:
        wrong.append(f"{chain[-1]['participant']}: {passed} packets had passed, {counted} are "
                     "in the record")
    return wrong


class Lines:
    """The daily files against the table: each record once, in the order of their numbers."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.last = folder, 0  # the number of the last one judged
        self.judged: dict[pathlib.Path, int] = {}  # bytes

    def apart(self, stored: list[int]) -> list[str]:
        """`stored`: the numbers behind the last one judged."""
        for _ in range(1_000):  # they follow the table
            files = {file: file.read_bytes()[self.judged.get(file, 0):]
                     for file in sorted(self.folder.glob("*.jsonl"))}
            found = [json.loads(line)["id"] for content in files.values()
                     for line in content.splitlines() if line.endswith(b"}")]
            if len(found) >= len(stored):
                break
            time.sleep(0.01)
        for file, content in files.items():
            self.judged[file] = self.judged.get(file, 0) + len(content)
        self.last = stored[-1] if stored else self.last
        if found == stored:
            return []
        return [f"{len(found)} lines ({len(set(found))} different) of {len(stored)} records"]


def require_that_checks_notice(before: list[Row], after: list[Row], arrived: dict[str, list[float]],
                               killed: float, period: float) -> None:
    def copy(rows: list[Row]) -> list[Row]:
        return json.loads(json.dumps(rows))

    row = before[len(before) // 2]
    key = (row["session"], row["participant"], row["record_seq"])
    without = [other for other in before if other is not row]
    twice = copy(after) + [dict(after[-1], record_seq=after[-1]["record_seq"] + 1)]
    uncaused = copy(after)
    for other in uncaused:
        other["json"].pop("cause_for_closing", None)
    edited = copy(after)
    edited[0]["json"]["policy_hash"] = "another"
    talker = next(chain for (_, name), chain in chains_of(after).items() if arrived.get(name))
    idle = copy(talker)
    for leg in idle[-1]["json"]["legs"]:
        leg["packets"] = 0
    of_talker = arrived[talker[-1]["participant"]]
    noticed = [lost({key: row["json"]}, without), badly_closed(before, twice),
               badly_closed(before, uncaused), changed(before, edited),
               counted_too_little(idle, [killed - 60] * 3 + of_talker, killed, period),
               counted_too_little(talker, [], killed + 3_600, period)]
    for i, found in enumerate(noticed):
        if not found:
            raise SystemExit(f"kill_test: falsification {i} of the records was not noticed")
