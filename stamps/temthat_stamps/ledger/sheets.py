"""From what a clerk holds in the hand to serials: sheet numbers of a print file, serials, printed numbers."""

import re

from temthat_stamps.code import SERIAL_MAX
from temthat_stamps.errors import Mistyped
from temthat_stamps.number import parse
from temthat_stamps.printing.layout import find_layout
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import PrintSettings
from temthat_trace import formats

SHEET_KINDS = frozenset({"pdf", "zpl", "tspl"})
"""Files that come out of a printer sheet by sheet; pictures and lists go to a print house and have none."""

MOST_PARTS = 50
"""Most sheets or stretches named at once: each becomes a signed notice of its own."""

_PART = re.compile(r"(\d{1,8})(?:\s*-\s*(\d{1,8}))?", re.ASCII)
_TO = re.compile(r"\s*(?:–|đến|den|to)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9A-Za-z](?:[ -]?[0-9A-Za-z]){11,}", re.ASCII)
"""What is meant as a printed number: too long for a serial or a stretch of serials."""


def sheet_count(settings: PrintSettings, job_first: int, job_last: int) -> int:
    """Sheets (rows, on a roll) of a print file; 0 for kinds without sheets. Raises `BadLayout`."""
    if settings.kind not in SHEET_KINDS:
        return 0
    capacity = find_layout(settings.layout).capacity
    labels = job_last - job_first + 1
    return -(-(labels + settings.start_position - 1) // capacity)


def sheet_serials(settings: PrintSettings, job_first: int, job_last: int, sheet: int) -> tuple[int, int]:
    """First and last serial on sheet `sheet` (from 1) of a print file with serials `job_first` to `job_last`.

    The first sheet begins at the start position; on a roll a sheet is one row of labels. The same numbers stand in the
    header of every A4 sheet. Raises `RunRefused`, `BadLayout`.
    """
    sheets = sheet_count(settings, job_first, job_last)
    if not sheets:
        raise RunRefused(
            "Tệp này giao cho nhà in nên không có số tờ. Hãy ghi theo số tem.",
            "This file went to a print house and has no sheets. Name the stamps instead.",
        )
    if not 1 <= sheet <= sheets:
        raise RunRefused(
            f"Tệp in này có tờ 1 đến {formats.number(sheets)}, không có tờ {formats.number(sheet)}.",
            f"This print file has sheets 1 to {sheets}, no sheet {sheet}.",
        )
    capacity = find_layout(settings.layout).capacity
    before = (sheet - 1) * capacity - (settings.start_position - 1)
    first, last = job_first + max(0, before), job_first + before + capacity - 1
    return first, min(last, job_last)


def parse_parts(text: str) -> list[tuple[int, int]]:
    """Numbers and stretches as people write them, `3, 5-7; 12 đến 14`, in order, touching ones joined.

    Raises `RunRefused` for anything else.
    """
    return _joined([_stretch(piece) for piece in _pieces(text)])


def sheets_to_serials(
    settings: PrintSettings, job_first: int, job_last: int, text: str
) -> list[tuple[int, int]]:
    """The serials on the sheets that `text` names, see `parse_parts`. Raises `RunRefused`, `BadLayout`."""
    serials = []
    for first, last in parse_parts(text):
        ends = [sheet_serials(settings, job_first, job_last, sheet) for sheet in (first, last)]
        serials.append((ends[0][0], ends[1][1]))
    return serials


def stamps_to_serials(run: int, count: int, text: str) -> list[tuple[int, int]]:
    """Serials of a run from serials (`25-48`) or numbers printed under the codes (`A đến B`), with commas or on lines.

    A printed number says its run, so that a stamp of another run is noticed. Raises `RunRefused`.
    """
    parts = []
    for piece in _pieces(text):
        ends = (
            [_serial(run, end) for end in _TO.split(piece)]
            if _names_numbers(piece)
            else list(_stretch(piece))
        )
        if len(ends) > 2 or ends[0] > ends[-1]:
            raise _not_understood(piece)
        parts.append((ends[0], ends[-1]))
    joined = _joined(parts)
    if joined[-1][1] > count:
        raise RunRefused(
            f"Đợt in {run} chỉ có tem 1 đến {formats.number(count)}.",
            f"Run {run} has stamps 1 to {formats.number(count, 'en')} only.",
        )
    return joined


def _pieces(text: str) -> list[str]:
    pieces = [piece.strip() for piece in re.split(r"[,;\n]", text) if piece.strip()]
    if not pieces:
        raise RunRefused("Chưa ghi số nào.", "No number was given.")
    return pieces


def _stretch(piece: str) -> tuple[int, int]:
    match = _PART.fullmatch(_TO.sub("-", piece))
    if match is None:
        raise _not_understood(piece)
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= SERIAL_MAX:
        raise _not_understood(piece)
    return first, last


def _not_understood(piece: str) -> RunRefused:
    return RunRefused(
        f"Không hiểu “{piece[:40]}”. Viết từ số nhỏ đến số lớn, cách nhau bằng dấu phẩy, ví dụ 3, 5-7.",
        f"“{piece[:40]}” is not understood. Write from the smaller to the larger, with commas, such as 3, 5-7.",
    )


def _names_numbers(piece: str) -> bool:
    return not _PART.fullmatch(piece) and any(_NUMBER.fullmatch(end) for end in _TO.split(piece))


def _serial(run: int, end: str) -> int:
    """The serial of a printed number, or a serial as it is."""
    if not _NUMBER.fullmatch(end):
        return _stretch(end)[0]
    try:
        number = parse(end)
    except Mistyped as error:
        raise RunRefused(
            f"Số tem “{end[:40]}” gõ nhầm đâu đó. Xem lại 16 ký tự in dưới mã.",
            f"The number “{end[:40]}” has a slip in it. Look at the 16 characters under the code again.",
        ) from error
    if number.run != run:
        raise RunRefused(
            f"Tem {end} thuộc đợt in {number.run}, không phải đợt {run}.",
            f"Stamp {end} is of run {number.run}, not of run {run}.",
        )
    return number.serial


def _joined(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, touching ones as one. Raises `RunRefused` when more are left than one page can mean."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    if len(joined) > MOST_PARTS:
        raise RunRefused(
            f"Mỗi lần ghi tối đa {MOST_PARTS} khoảng. Hãy ghi làm nhiều lần.",
            f"At most {MOST_PARTS} stretches at once. Record them in several goes.",
        )
    return joined
