"""One measurement: one relay, freshly started, one scenario."""

import time

from . import process
from .calls import make_calls

WARM_UP_PACKETS_PER_FLOW = 10


def measure(relay_of, scenario, plan, generator, generator_core):
    """relay_of() starts the relay. Returns figures named with their units."""
    load = process.Conversation([generator, str(generator_core)])
    relay = None
    try:
        ports = load.ask(command="open", calls=plan.calls, sockets_per_side=plan.sockets_per_side)
        calls = make_calls(scenario, ports)
        relay = relay_of()
        empty_kb = process.memory_kb(relay.pid)
        began = time.monotonic()
        relay.connect(calls)
        set_up = time.monotonic() - began
        load.ask(
            command="connect", payload_bytes=plan.payload_bytes, directions="both",
            calls=[{"client": c.client.to_generator(), "server": c.server.to_generator()}
                   for c in calls],
        )
        flows = 2 * plan.calls
        warm_up = load.ask(
            command="run", packets=flows * WARM_UP_PACKETS_PER_FLOW, rate=20_000, relay=relay.pid
        )
        check(warm_up, "warm-up")
        full_kb = process.memory_kb(relay.pid)
        saturated = load.ask(
            command="run", packets=plan.saturated_packets, window=plan.window, relay=relay.pid
        )
        check(saturated, "saturated")
        steady = load.ask(
            command="run", packets=int(plan.steady_rate * plan.steady_seconds),
            rate=plan.steady_rate, relay=relay.pid,
        )
        check(steady, "steady")
        figures = {
            "suites": scenario.suites,
            "set_up_ms_per_call": set_up / plan.calls * 1e3,
            "memory_base_kb": empty_kb,
            "memory_kb_per_call": (full_kb - empty_kb) / plan.calls,
            "saturated": figures_of(saturated),
            "steady": figures_of(steady),
        }
        if plan.ramp_seconds:
            figures["highest_lossless"] = ramp(
                load, relay.pid, figures["saturated"]["packets_per_second"], plan
            )
        return figures
    finally:
        load.close()
        if relay:
            relay.close()


def check(run, what):
    """A relay that mangles packets, or carries none, is not to be compared."""
    if run["corrupt"] or run["unknown"] or run["received"] < run["sent"] / 2:
        raise RuntimeError(f"{what}: the relay did not carry the calls: {run}")


def loss_of(run):
    return 1 - run["received"] / run["sent"]


def figures_of(run):
    return {
        "packets_per_second": run["received"] / run["seconds"],
        "cpu_ns_per_packet": run["relay_cpu_seconds"] / run["received"] * 1e9,
        "relay_busy": run["relay_cpu_seconds"] / run["seconds"],
        "generator_spare": run["generator_spare"],
        "loss": loss_of(run),
        "verified": run["verified"],
        "latency_p50_us": run["latency_p50_us"],
        "latency_p99_us": run["latency_p99_us"],
        "latency_p999_us": run["latency_p999_us"],
    }


def ramp(load, pid, saturated_rate, plan):
    """Open loop: the run at the highest evenly paced rate that lost less than plan.loss_limit.
    Comes last: rtpengine discards streams for good after an overload."""
    best = None
    low, high = 0.0, saturated_rate * 1.15
    rate = saturated_rate * 0.8
    for _ in range(plan.ramp_steps):
        run = load.ask(
            command="run", packets=int(rate * plan.ramp_seconds), rate=rate, relay=pid
        )
        kept_up = run["received"] / run["seconds"] > 0.98 * rate
        if loss_of(run) < plan.loss_limit and kept_up:
            low, best = rate, run
        else:
            high = rate
        rate = (low + high) / 2 if low else high * 0.75
    return figures_of(best) if best else None
