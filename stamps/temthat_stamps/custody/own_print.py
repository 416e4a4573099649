"""Print files made where the keys are: the same labels, layouts and read-back as the service's press."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from temthat_stamps.code import Gs1Path, Header, encode, gs1_url, stamp_url
from temthat_stamps.custody.order import Order
from temthat_stamps.custody.own import OwnCustody, Stamps
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.readback import Sample, read_back
from temthat_stamps.printing.render import render
from temthat_stamps.private import private_file
from temthat_stamps.signing import RunSecrets

FILE_SERIALS = 20_000
"""Most stamps of one file, as in the service."""
_ENDINGS = {"pdf": "pdf", "zpl": "zpl", "tspl": "tspl", "svg": "zip", "png": "zip", "csv": "csv"}


def print_order(
    custody: OwnCustody,
    order: Order,
    proof: bytes,
    folder: Path,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Path]:
    """Make an order's print files one after the other, each read back before it has its name.

    `progress` is told each serial laid out. Raises `TrustError`, `PrintingError`; then no unread file is left.
    """
    for first in range(1, order.count + 1, FILE_SERIALS):
        last = min(first + FILE_SERIALS - 1, order.count)
        choice = order.printing if first == 1 else replace(order.printing, start_position=1)
        job = choice.job(order.host)
        path = folder / f"dot-{order.run}-tem-{first}-{last}.{_ENDINGS[job.kind]}"
        fresh, expected = path.with_name(f".{path.name}.part"), list[str]()

        def told(labels: Iterator[Label], texts: list[str] = expected) -> Iterator[Label]:
            for label in labels:
                texts.append(label.url)
                yield label
                if progress:
                    progress(label.serial)

        stamps = custody.stamps(order, proof, first, last)
        try:
            with private_file(fresh) as out:
                render(told(labels_of(order, stamps)), job, out)
                read_back(out, job, expected, Sample(seed=order.run))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        yield path


def labels_of(order: Order, stamps: Stamps) -> Iterator[Label]:
    """The stamps of an order as they go on paper."""
    secrets = RunSecrets(order.secret)
    for serial, header, signature in stamps:
        text = encode(header, signature)
        number = secrets.number(Header(header[1:5], order.run, serial))
        if order.gs1:
            url = gs1_url(
                order.host, Gs1Path(order.gtin or "", order.names.lot, str(number)), text, order.scheme
            )
        else:
            url = stamp_url(order.host, text, order.scheme)
        yield Label(url, number.grouped, serial, order.lines)
