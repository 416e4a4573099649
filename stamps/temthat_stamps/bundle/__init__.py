"""Trust data for scanners without a network: written here, read and judged there."""
