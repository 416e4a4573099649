"""Evidence files of a shelf check (docs/spec/evidence.md): reading them, proving them, judging again what they hold."""
