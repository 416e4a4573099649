"""`temthat night`: the nightly work at once, for machines that are off at night and for trying it out."""

import typer

from temthat_trace.database import make_engine, make_sessions
from temthat_verify_api.commands.session import REFUSED, console, in_words, tell
from temthat_verify_api.migrate import require_current
from temthat_verify_api.nightly.work import PAUSE, NightTaken, NightWork
from temthat_verify_api.settings import load_master_key
from temthat_verify_api.wiring import utc_now


def night() -> None:
    """Làm việc đêm ngay: xóa lượt kiểm tra đã cũ, cộng số, học thói quen. The nightly work now (docs/operations.md)."""
    with in_words() as settings:
        load_master_key(settings)  # whoever deletes in a house whose key is lost should know it
        require_current(settings.database_url)
        engine = make_engine(settings.database_url)
        try:
            done = NightWork(make_sessions(engine), settings.checks_kept_days, utc_now, pause=PAUSE).do()
        except NightTaken as taken:
            tell(
                "Việc đêm đang được làm ở tiến trình khác. Đợi xong, hoặc mười phút sau chạy lại.",
                "Another process is at the nightly work. Wait for it, or run this again in ten minutes.",
            )
            raise typer.Exit(REFUSED) from taken
        finally:
            engine.dispose()
    console.print(
        f"Đã xóa {done.deleted} sự kiện cũ, cộng số {done.runs} đợt tem, học thói quen {done.learned} lần. "
        f"Deleted {done.deleted} old events, counted {done.runs} runs, learned {done.learned} sets of habits.",
        soft_wrap=True,
    )
