"""Where the test data made by others lies; tests that need it skip, saying so, where it is not."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "conformance"
EXAMPLES = sorted((FOLDER / "epcis" / "examples").rglob("*.jsonld"))
HASHES = sorted((FOLDER / "eventhash").glob("*.jsonld"))
needs_data = pytest.mark.skipif(not EXAMPLES, reason=f"no conformance data in {FOLDER}")
