"""What the rounds say together: medians, ratios of neighbours in time, a table for people."""

import platform
import statistics
import subprocess
from pathlib import Path


def median_of(rounds, *path):
    values = []
    for figures in rounds:
        for name in path:
            figures = figures.get(name) if figures else None
        if figures is not None:
            values.append(figures)
    return statistics.median(values) if values else None


def median_tree(rounds):
    """The same shape with the median of every number; what a round lacks is left out of it."""
    rounds = [figures for figures in rounds if figures is not None] or [None]
    first = rounds[0]
    if isinstance(first, dict):
        return {name: median_tree([r.get(name) for r in rounds]) for name in first}
    return statistics.median(rounds) if isinstance(first, (int, float)) else first


# A ratio is taken inside a round, where the machine was the same for both, and then the median.
def ratio(rounds, relay, other, *path):
    pairs = [
        {"value": median_of([r[relay]], *path) / median_of([r[other]], *path)}
        for r in rounds
        if relay in r and other in r and median_of([r[other]], *path)
    ]
    return median_of(pairs, "value")


def ratios(rounds, ours, others):
    figures = {
        "cpu_at_saturation": ("saturated", "cpu_ns_per_packet"),
        "cpu_at_steady_rate": ("steady", "cpu_ns_per_packet"),
        "packets_per_second": ("saturated", "packets_per_second"),
        "highest_lossless_rate": ("highest_lossless", "packets_per_second"),
        "cpu_at_highest_lossless_rate": ("highest_lossless", "cpu_ns_per_packet"),
        "latency_p99": ("steady", "latency_p99_us"),
        "memory_per_call": ("memory_kb_per_call",),
    }
    return {
        f"{ours} / {other}": {name: ratio(rounds, ours, other, *path)
                              for name, path in figures.items()}
        for other in others
        if any(ours in r and other in r for r in rounds)
    }


def command_line(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def machine(root):
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    release = dict(
        line.rstrip().replace('"', "").split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    packages = ("rtpengine-daemon", "libssl3", "g++")
    return {
        "processor": models[0],
        "cores": len(models),
        "kernel": platform.release(),
        "system": release["PRETTY_NAME"],
        "packages": {
            package: command_line("dpkg-query", "-W", "-f", "${Version}", package)
            for package in packages
        },
        "commit": command_line("git", "-C", str(root), "describe", "--always", "--dirty"),
    }


def saturation_remark(figures, generator_spare_min=0.02, busy_min=0.95):
    """Who was the limit, as far as the two cores tell."""
    busy, spare = figures["relay_busy"], figures["generator_spare"]
    if busy >= busy_min:
        return ""
    return "generator was the limit" if spare < generator_spare_min else "neighbours took the core"


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def print_scenario(name, medians, scenario_ratios, steady_rate):
    print(f"\n{name}")
    head = ("relay", "ns/packet", "packets/s", "busy", "lossless/s", f"ns at {steady_rate // 1000}k/s", "loss %",
            "p50 us", "p99", "p99.9", "kB/call", "")
    widths = (26, 10, 10, 6, 11, 12, 8, 8, 8, 9, 9, 0)
    print("  " + "".join(f"{h:<{w}}" if i in (0, 11) else f"{h:>{w}}"
                         for i, (h, w) in enumerate(zip(head, widths))))
    for relay, figures in medians.items():
        saturated, steady = figures["saturated"], figures["steady"]
        cells = (
            relay,
            number(saturated["cpu_ns_per_packet"]),
            number(saturated["packets_per_second"]),
            f"{saturated['relay_busy']:.0%}",
            number((figures.get("highest_lossless") or {}).get("packets_per_second")),
            number(steady["cpu_ns_per_packet"]),
            number(steady["loss"] * 100, 3),
            number(steady["latency_p50_us"]),
            number(steady["latency_p99_us"]),
            number(steady["latency_p999_us"]),
            number(figures["memory_kb_per_call"], 1),
            "  " + saturation_remark(saturated),
        )
        print("  " + "".join(f"{c:<{w}}" if i in (0, 11) else f"{c:>{w}}"
                             for i, (c, w) in enumerate(zip(cells, widths))).rstrip())
    for pair, values in scenario_ratios.items():
        print(f"  {pair:<32} CPU at saturation {number(values['cpu_at_saturation'], 2)}, "
              f"at {steady_rate // 1000}k/s {number(values['cpu_at_steady_rate'], 2)}, "
              f"at the highest lossless rate {number(values['cpu_at_highest_lossless_rate'], 2)}; "
              f"packets/s {number(values['packets_per_second'], 2)}, "
              f"p99 {number(values['latency_p99'], 2)}, "
              f"memory {number(values['memory_per_call'], 2)}")
