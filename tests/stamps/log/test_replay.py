"""The rules of the log, one by one: what counts, and what is found to be wrong with what does not."""

from .world import founded


def test_a_run_counts_from_delegation_to_manifest() -> None:
    """Log opened, province founded, issuer enrolled, key opened, run logged: nothing is wrong."""
    world = founded()
    issuer = world.enrol("31")
    issuer.run(issuer.open_key())
    seen = world.replay()
    assert seen.findings == []
    assert seen.remarks == []
