"""Our ZPL as somebody else understands it: zpl-renderer-js (MIT), which shares no code with us.

TSPL has no kept renderer under a licence we can use; there our own interpreter is the only reader.
Set-up: `npm ci --prefix tests/stamps/printing/zpl-renderer`.
"""

import base64
import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from temthat_stamps.printing import Level, Printer, PrintJob, find_layout, render
from temthat_stamps.printing.pictures import ZplPictures
from temthat_stamps.printing.readback import read_symbols
from temthat_stamps.printing.roll import canvas_size

from .conftest import HOST, MakeLabels

FOLDER = Path(__file__).parent / "zpl-renderer"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules" / "zpl-renderer-js").is_dir(),
    reason="needs node and `npm ci --prefix tests/stamps/printing/zpl-renderer`",
)


def rendered(zpl: bytes, width_mm: float, height_mm: float, dots_per_mm: int) -> list[Image.Image]:
    """Every label format of the file as the other program draws it."""
    request = {"zpl": zpl.decode("ascii"), "width": width_mm, "height": height_mm, "dpmm": dots_per_mm}
    answer = subprocess.run(
        [str(NODE), str(FOLDER / "render.mjs")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [Image.open(BytesIO(base64.b64decode(png))).convert("L") for png in json.loads(answer.stdout)]


@pytest.mark.parametrize(
    ("layout", "dpi", "dots_per_mm", "level"),
    [("roll-35x22-2", 203, 8, "M"), ("roll-50x30-1", 300, 12, "Q"), ("roll-25x25-3", 203, 8, "M")],
)
def test_an_independent_renderer_draws_what_we_meant(
    make_labels: MakeLabels, layout: str, dpi: int, dots_per_mm: int, level: Level
) -> None:
    """Dot for dot the picture our own interpreter sees, and every symbol reads."""
    job = PrintJob("zpl", find_layout(layout), Printer(dpi), level, HOST)
    labels = make_labels(2 * job.layout.cols)
    out = BytesIO()
    render(labels, job, out)
    # The renderer centres a print width on its paper; paper of just that width leaves nothing to centre.
    width, height = canvas_size(job)
    pictures = rendered(out.getvalue(), width / dots_per_mm, height / dots_per_mm, dots_per_mm)
    assert len(pictures) == 2
    ours = ZplPictures(out)
    read: list[str] = []
    for i, picture in enumerate(pictures):
        mine = ours.picture(i).convert("L")
        shared = (0, 0, min(mine.width, picture.width), min(mine.height, picture.height))
        assert shared[2] >= mine.width - 4
        assert shared[3] >= mine.height - 4
        difference = ImageChops.difference(mine.crop(shared), picture.crop(shared))
        assert difference.getbbox() is None
        read += [found.text for found in sorted(read_symbols(picture), key=lambda found: found.x)]
    assert read == [one.url for one in labels]
