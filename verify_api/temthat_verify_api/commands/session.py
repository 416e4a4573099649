"""What operator commands share: settings from the environment, one session, refusals in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.console import Console
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from temthat_stamps.errors import SealBroken
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.texts import visible
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused
from temthat_verify_api.phones import BadPhone
from temthat_verify_api.settings import MissingMasterKeyError, Settings
from temthat_verify_api.wiring import Services, build_services

# No markup: what is told holds cells, codes and file names that others wrote, and "[/x]" in one is no mark.
console = Console(markup=False, highlight=False)
errors = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
REFUSED = 1
T = TypeVar("T")


def tell(*sentences: str) -> None:
    """What went wrong, the first sentence in red."""
    for sentence, style in zip(sentences, ("red", *[""] * len(sentences)), strict=False):
        errors.print("\n".join(map(visible, sentence.split("\n"))), style=style)


@contextmanager
def open_office() -> Iterator[tuple[Services, Session]]:
    """Services and a session; commits at the end, turns every refusal into words and exit code 1."""
    try:
        services = build_services(Settings())
        with services.sessions() as session:
            yield services, session
            session.commit()
    except (RunRefused, PrintingError, TraceRefused) as refusal:
        tell(refusal.vi, refusal.en)
        raise typer.Exit(REFUSED) from refusal
    except (MissingMasterKeyError, SealBroken, BadPhone) as refusal:
        tell(str(refusal))
        raise typer.Exit(REFUSED) from refusal


def find_party(session: Session, code: str) -> Party:
    """An organisation by its code. Raises `RunRefused`."""
    return find_one(session, Party, f"đơn vị {code}", Party.code == code)


def find_batch(session: Session, path: str) -> Batch:
    """A batch by PARTY/PRODUCT/LOT. Raises `RunRefused`."""
    parts = path.split("/")
    if len(parts) != 3:
        raise RunRefused("Viết lô là MÃ ĐƠN VỊ/MÃ SẢN PHẨM/SỐ LÔ.", "Write PARTY/PRODUCT/LOT.")
    party = find_party(session, parts[0])
    goods = find_one(
        session, Product, f"sản phẩm {parts[1]}", Product.party_id == party.id, Product.code == parts[1]
    )
    return find_one(session, Batch, f"lô {parts[2]}", Batch.product_id == goods.id, Batch.lot == parts[2])


def find_one(session: Session, kind: type[T], what: str, *where: ColumnElement[bool]) -> T:
    """The one record there is, or `RunRefused` naming what was looked for."""
    record = session.scalars(select(kind).where(*where)).first()
    if record is None:
        raise RunRefused(f"Không có {what}.", f"Not found: {what}.")
    return record
