"""What operator commands share: settings from the environment, one session, refusals in words."""

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.errors import SealBroken, TrustError
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.texts import visible
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.emitting.touched import pending
from temthat_trace.epcis.problems import EpcisError
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused
from temthat_verify_api import emitter
from temthat_verify_api.archive import KeepingError
from temthat_verify_api.migrate import SchemaError, require_current
from temthat_verify_api.phones import BadPhone
from temthat_verify_api.settings import MissingMasterKeyError, Settings, load_master_key
from temthat_verify_api.wiring import Services, build_services, require_own_key, utc_now

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
def in_words() -> Iterator[Settings]:
    """The settings; every refusal of the house, its database or its disk becomes words and exit code 1."""
    settings = read_settings()
    try:
        yield settings
    except (RunRefused, PrintingError, TraceRefused, KeepingError, SchemaError, TrustError) as refusal:
        tell(refusal.vi, refusal.en)
        raise typer.Exit(REFUSED) from refusal
    except EpcisError as refusal:
        tell(refusal.vi, str(refusal))
        raise typer.Exit(REFUSED) from refusal
    except (MissingMasterKeyError, SealBroken, BadPhone) as refusal:
        tell(str(refusal))
        raise typer.Exit(REFUSED) from refusal
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__).strip()
        tell(
            f"Cơ sở dữ liệu báo lỗi: {reason}. Xem TEMTHAT_DATABASE_URL; nếu tệp đã hỏng thì chạy temthat restore.",
            f"The database reported: {reason}. Look at TEMTHAT_DATABASE_URL; if it is damaged, run temthat restore.",
        )
        raise typer.Exit(REFUSED) from error
    except OSError as error:
        what = f"{error.filename or ''} ({error.strerror})".strip()
        tell(f"Không đọc hoặc ghi được {what}.", f"Cannot read or write {what}.")
        raise typer.Exit(REFUSED) from error


def read_settings() -> Settings:
    """From the environment; what is wrong with it is told, setting by setting."""
    try:
        return Settings()
    except ValidationError as error:
        tell("Cài đặt TEMTHAT_… không đúng:", "The settings are not right:")
        for problem in error.errors(include_url=False, include_input=False):
            name = "".join(f"TEMTHAT_{part}".upper() for part in problem["loc"])
            tell("", f"{name} {problem['msg']}".strip())
        raise typer.Exit(REFUSED) from error
    except SettingsError as error:
        tell("Cài đặt TEMTHAT_… không đúng:", f"The settings are not right: {error}")
        raise typer.Exit(REFUSED) from error


@contextmanager
def open_records() -> Iterator[tuple[Session, dt.datetime]]:
    """A session and the time, for what needs neither log nor signer; commits at the end, refuses in words."""
    with in_words() as settings:
        load_master_key(settings)  # whoever writes into a house whose key is lost should know it
        require_current(settings.database_url)
        engine = make_engine(settings.database_url)
        try:
            with _telling(make_sessions(engine), settings) as session:
                yield session, utc_now()
        finally:
            engine.dispose()


@contextmanager
def open_office() -> Iterator[tuple[Services, Session]]:
    """Services and a session; commits at the end, turns every refusal into words and exit code 1."""
    with in_words() as settings:
        require_current(settings.database_url)
        services = build_services(settings)
        try:
            require_own_key(services)
            services.book.open()  # after a restore, what was published since comes first
            with _telling(services.sessions, settings) as session:
                yield services, session
        finally:
            services.close()


@contextmanager
def _telling(sessions: sessionmaker[Session], settings: Settings) -> Iterator[Session]:
    """A session that also tells as EPCIS events what it recorded, in the same transaction, and commits."""
    touched: set[uuid.UUID] = set()
    emitter.watch_all(sessions, touched.update)
    with sessions() as session:
        yield session
        session.flush()
        try:
            with session.begin_nested():
                emitted = emitter.tell_in(session, touched | pending(session), settings, utc_now())
        except Exception:  # noqa: BLE001 - `epcis emit` shows it, whatever it is; the records are not lost by it
            emitted = None
        if emitted is None or emitted.refused:  # what was recorded counts, whether it is told or not
            tell(
                "Đã ghi, nhưng chưa thành sự kiện EPCIS. Chạy để biết vì sao: temthat epcis emit",
                "Recorded, but not told as EPCIS events. Run this to learn why: temthat epcis emit",
            )
        session.commit()


def check_writable(folder: Path) -> None:
    """Whether files can be put there: told before anything is registered or logged. Raises `RunRefused`."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise RunRefused(
            f"Không ghi được vào thư mục {folder} ({error.strerror}). Tạo thư mục hoặc chọn thư mục khác rồi chạy lại; "
            "chưa có gì được ghi.",
            f"Nothing can be written to the folder {folder} ({error.strerror}). Make it or name another, then run this "
            "again; nothing was registered.",
        ) from error


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
