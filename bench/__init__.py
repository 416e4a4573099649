"""Measurements, always as ratios within one run. `make bench` runs all; docs/performance.md has the last result."""
