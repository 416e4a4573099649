"""Simulated photos of stamps: what the chain must go on reading, and that the measurement is repeatable."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from temthat_scanner.decoding import _attempts, _zxing, decode
from temthat_scanner.flattening import SIDE, flattened

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # the measurements are no installed package

from bench.stamp_photos import COLUMNS, SHOTS, Shot, photograph  # noqa: E402


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
@pytest.mark.parametrize("pixels", [2.5, 4])
def test_reads_every_level_in_an_everyday_photo(level: str, pixels: float) -> None:
    shot = Shot(module=pixels)
    assert len(decode(photograph(shot, level, equal_label=False, rng=random.Random(f"{level}{pixels}")))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_flattens_a_label_on_a_bottle(seed: int) -> None:
    """41 modules have one alignment pattern, so a bowed symbol is found and read wrong until it is unbent."""
    picture = photograph(Shot(curve=0.4), "M", equal_label=True, rng=random.Random(seed))
    assert not _zxing(picture, picture)
    (symbol,) = decode(picture)
    assert symbol.text.startswith("HTTPS://TRUYXUAT.EXAMPLE.TEST/T/")
    assert len(symbol.text) == 154
    # The place is that in the photo, of which the label fills a little under half the width.
    across, down = zip(*symbol.corners, strict=True)
    assert 0.2 * picture.width < min(across) < max(across) < 0.8 * picture.width
    assert 0.2 * picture.height < min(down) < max(down) < 0.8 * picture.height


@pytest.mark.parametrize("seed", range(3))
def test_sharpens_a_blur_of_nearly_half_a_module(seed: int) -> None:
    picture = photograph(Shot(blur=0.47), "M", equal_label=True, rng=random.Random(f"blur {seed}"))
    assert not _zxing(picture, picture)
    assert len(decode(picture)) == 1


@pytest.mark.parametrize(
    "corners",
    [
        [(5.0, 5.0)] * 4,
        [(0.0, 0.0), (9.0, 9.0), (0.0, 9.0), (9.0, 0.0)],
        [(-1e6, 0.0), (1e6, 0.0), (1e6, 1e6), (-1e6, 1e6)],
    ],
    ids=["a point", "crossed", "far outside"],
)
def test_flattens_whatever_corners_are_given(corners: list[tuple[float, float]]) -> None:
    views = list(flattened(Image.new("L", (10, 10)), corners))
    assert len(views) == 13
    assert {view.size for view in views} == {(SIDE, SIDE)}


def test_the_same_seed_gives_the_same_photo() -> None:
    for flaw, steps in SHOTS.items():
        shot = next(iter(steps.values()))
        one, other = (photograph(shot, "M", True, random.Random(flaw)) for _ in range(2))
        assert one.tobytes() == other.tobytes(), flaw


def test_every_attempt_can_be_made_of_a_single_pixel() -> None:
    assert not any(_attempts(Image.new("L", (1, 1))))


def test_the_measurement_runs() -> None:
    command = [sys.executable, "-m", "bench.stamp_photos", "--small"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(SHOTS) + 1
    assert {row.count("|") for row in rows} == {len(COLUMNS) + 3}
