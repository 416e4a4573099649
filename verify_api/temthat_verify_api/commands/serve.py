"""`temthat serve`: the service on one port. Refuses to start on a bad secret or an outdated database."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from temthat_stamps.errors import TrustError
from temthat_stamps.runs.enrolment import request_for_old_keys
from temthat_verify_api.app import create_app
from temthat_verify_api.commands.session import REFUSED, read_settings, tell
from temthat_verify_api.connections import BoundedProtocol
from temthat_verify_api.demo.certificate import Certificate
from temthat_verify_api.migrate import SchemaError, require_current
from temthat_verify_api.pages.app import app_digest
from temthat_verify_api.settings import MissingMasterKeyError, Settings
from temthat_verify_api.wiring import build_services, require_own_key

_CONNECTIONS = 2_000
_FAREWELL_SECONDS = 10
"""How long a stop waits for answers under way: whoever dawdles must not keep a new version from starting."""


class MissingSignerError(Exception):
    """In production keys are kept by a process of their own."""


def serve(
    host: Annotated[str, typer.Option(help="Địa chỉ lắng nghe. Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Cổng. Port.", min=1, max=65535)] = 8000,
    forwarded_allow_ips: Annotated[
        str, typer.Option(help="Máy chủ trung gian được tin về địa chỉ khách. Proxies to trust.")
    ] = "127.0.0.1",
) -> None:
    """Chạy dịch vụ: trang kiểm tra, API, bàn làm việc. Run the service (settings: TEMTHAT_... variables)."""
    run_server(read_settings(), host=host, port=port, forwarded_allow_ips=forwarded_allow_ips)


def run_server(
    settings: Settings,
    *,
    host: str,
    port: int,
    forwarded_allow_ips: str = "127.0.0.1",
    certificate: Certificate | None = None,
) -> None:
    """Serve until interrupted. Exits with 1 and words instead of starting half.

    `certificate`: over TLS, for a demo; in production a proxy does that.
    """
    try:
        require_current(settings.database_url)
        services = build_services(settings)
        require_own_key(services)
        if settings.mode == "production" and settings.signer is None:
            raise MissingSignerError  # noqa: TRY301 - told like the rest
        services.book.open()
        with services.sessions() as session:
            request_for_old_keys(session, services.registry)
            session.commit()
    except SchemaError as error:
        tell(error.vi, error.en)
        raise typer.Exit(REFUSED) from error
    except MissingMasterKeyError as error:
        tell("Khóa chủ có vấn đề.", str(error))
        raise typer.Exit(REFUSED) from error
    except MissingSignerError as error:
        tell(
            "Chưa có bộ ký: chạy temthat signer serve rồi đặt TEMTHAT_SIGNER là đường dẫn socket của nó.",
            "There is no signer: run temthat signer serve and set TEMTHAT_SIGNER to its socket.",
        )
        raise typer.Exit(REFUSED) from error
    except TrustError as error:
        tell(error.vi, error.en)
        raise typer.Exit(REFUSED) from error
    except SQLAlchemyError as error:
        tell(
            "Không mở được cơ sở dữ liệu: xem TEMTHAT_DATABASE_URL, máy chủ và quyền truy cập.",
            "The database cannot be opened: look at TEMTHAT_DATABASE_URL, its server and access rights.",
        )
        raise typer.Exit(REFUSED) from error
    services.record.app = app_digest()
    app = create_app(services)
    with settled_memory():
        uvicorn.run(
            app,
            host=host,
            port=port,
            ssl_keyfile=certificate.key if certificate else None,
            ssl_certfile=certificate.certificate if certificate else None,
            http=BoundedProtocol,
            ws="none",
            # Addresses of visitors are nobody's business: there is no access log to leak them.
            access_log=False,
            log_level="warning",
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_FAREWELL_SECONDS,
            forwarded_allow_ips=forwarded_allow_ips,
        )
    services.close()


@contextmanager
def settled_memory() -> Iterator[None]:
    """What the program consists of stays for ever: the garbage collector need not walk through it again and again.

    A full walk takes some 60 ms, during which nobody is answered; without this, one comes every few hundred requests.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
