"""Relays side by side: the calls, what stands between, the measurement, the report."""
