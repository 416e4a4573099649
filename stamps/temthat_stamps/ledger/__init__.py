"""The stamp ledger: what became of every stamp of a run, in ranges."""
