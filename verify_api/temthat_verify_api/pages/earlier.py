"""Earlier checks of one stamp in words: days and provinces only, counts from three on."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.texts import TOLD_FROM, Lang, fill
from temthat_stamps.verdict import Mark
from temthat_trace import formats
from temthat_verify_api.pages.render import words
from temthat_verify_api.places import province_name
from temthat_verify_api.store import History


def provinces_of(session: Session, run: int, serial: int) -> int:
    """In how many provinces a stamp was checked, at least: of checks whose events are still kept and say where."""
    checks = (StampEvent.run == run, StampEvent.serial == serial, StampEvent.event == StampEventKind.CHECK)
    query = select(func.count(func.distinct(StampEvent.place))).where(
        *checks, func.length(StampEvent.place) == 2
    )
    return session.scalar(query) or 0


def earlier_checks(history: History | None, provinces: int, lang: Lang) -> list[str]:
    """Sentences about checks and sales before this view; none if there was nothing."""
    if history is None:
        return []
    said, lines = words(lang), []
    if history.checks and history.last:
        told = history.checks >= TOLD_FROM
        known = {
            "n": formats.number(history.checks, lang),
            "provinces": formats.number(provinces, lang) if provinces >= TOLD_FROM else "",
            **_mark("first", history.first or history.last, lang),
            **_mark("last", history.last, lang),
        }
        if known["last"] == known["first"] and told:
            known["last"] = known["last_province"] = ""
        lines.append(fill(said["history_many" if told else "history_few"], known))
    if history.sold:
        sold = _mark("sold", history.sold, lang)
        line = said["history_sold"].format(day=sold["sold"])
        where = sold["sold_province"]
        lines.append(line + said["in_province"].format(province=where) if where else line)
    return lines


def _mark(name: str, mark: Mark, lang: Lang) -> dict[str, str]:
    province = province_name(mark.province) if mark.province else ""
    return {name: formats.date(mark.on, lang), f"{name}_province": province}
