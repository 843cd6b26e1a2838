"""How long a room takes to decide anew when one consent changes, against its bar."""

import json
import subprocess

BAR_MS, BAR_PARTICIPANTS = 5.0, 1_000


def measure(program, core, seconds):
    """{rule: {"ms": {participants: of one change}, "growth": "N"}}; the growth is the best fit."""
    out = subprocess.run(
        ["taskset", "-c", str(core), str(program), "--benchmark_format=json",
         f"--benchmark_min_time={seconds}"], check=True, capture_output=True, text=True).stdout
    changes = {}
    for figures in json.loads(out)["benchmarks"]:
        _, rule, *size = figures["name"].split("/")
        rule = rule.removesuffix("_BigO").removesuffix("_RMS")
        change = changes.setdefault(rule, {"ms": {}, "growth": None})
        if "big_o" in figures:
            change["growth"] = figures["big_o"]
        elif size:
            change["ms"][size[0]] = figures["change"] * 1e3
    return changes


def over_bar(changes):
    return [f"a consent's change in a room of {BAR_PARTICIPANTS:,} under {rule} takes "
            f"{change['ms'][str(BAR_PARTICIPANTS)]:.2f} ms, more than {BAR_MS:g}"
            for rule, change in changes.items()
            if change["ms"][str(BAR_PARTICIPANTS)] > BAR_MS]


def print_changes(changes):
    print(f"\none consent changes, four sinks; ms by participants"
          f"   [bar: {BAR_MS:g} ms at {BAR_PARTICIPANTS:,}]")
    for rule, change in changes.items():
        print(f"  {rule:<18}" + "".join(f"{int(size):>7,}: {ms:<7.3f}"
                                        for size, ms in change["ms"].items())
              + f" grows as {change['growth']}")
