"""The public log of statements: tiles, checkpoints, proofs, witnesses, and the audit that replays it all."""
