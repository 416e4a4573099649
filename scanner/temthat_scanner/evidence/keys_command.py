"""`temthat evidence keys`: the list in which an authority notes whose device has which key."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from temthat_scanner.evidence.form import BadEvidence
from temthat_scanner.evidence.keylist import KeyList, ListedKey, fingerprint_of, read_keys
from temthat_scanner.evidence.service import province_name
from temthat_stamps.texts import visible
from temthat_trace import formats

_UNUSABLE = 2
_LONGEST = 200


def keys(
    file: Annotated[Path, typer.Argument(help="Danh sách (.json). The list.")],
    add: Annotated[
        str | None, typer.Option(help="Dấu vân tay khóa máy sẽ ghi thêm. A fingerprint to note.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Dấu vân tay khóa thôi dùng sau --until. A key that ends with --until.")
    ] = None,
    label: Annotated[str, typer.Option(help="Máy của ai. Whose device.")] = "",
    province: Annotated[str, typer.Option(help="Mã tỉnh, hai chữ số. Province, two digits.")] = "",
    since: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Ngày đầu, nếu không phải hôm nay. First day, if not today."),
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Ngày cuối. Last day.")
    ] = None,
    authority: Annotated[
        str, typer.Option(help="Tên cơ quan lập danh sách mới. The authority, for a new list.")
    ] = "",
) -> None:
    """Xem, ghi thêm hoặc kết thúc khóa máy của cán bộ kiểm tra. Whose device has which key.

    Mã kết thúc / exit code: 0; 2 không đọc hoặc ghi được (could not be read or written).
    """
    console = Console(soft_wrap=True, markup=False, highlight=False)
    today = formats.today(dt.datetime.now(dt.UTC))
    try:
        known = _known(file, authority, is_new=add is not None and not file.exists())
        if add is not None or end is not None:
            if add is not None:
                first = since.date() if since else today
                known = known.add(_listed(add, label, province, first, until.date() if until else None))
            if end is not None:
                known = known.end(fingerprint_of(end), until.date() if until else today)
            known.write(file)
            known = read_keys(file)
    except BadEvidence as error:
        console.print(f"KHÔNG LÀM ĐƯỢC: {visible(error.vi)}\nREFUSED: {visible(error.en)}")
        raise typer.Exit(_UNUSABLE) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        console.print(f"Không ghi được {file}: {why}\nCannot write {file}: {why}")
        raise typer.Exit(_UNUSABLE) from error
    console.print(f"{visible(known.authority)}: {len(known.keys)} khóa / keys")
    for key in known.keys:
        mark = "" if key.counts_on(today) else " (không trong thời hạn hôm nay / not today)"
        console.print(f"  {grouped(key.fingerprint)}\n     {visible(describe(key))}{mark}")
    console.print(f"SHA-256: {known.sha256}")


def describe(key: ListedKey) -> str:
    """Whose it is, and when it counts."""
    until = formats.date(key.until) if key.until else "…"
    days = f"{formats.date(key.since)} – {until}"
    return ", ".join(filter(None, (key.label, province_name(key.province), days)))


def grouped(fingerprint: str) -> str:
    """A fingerprint as people compare it."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def _known(file: Path, authority: str, *, is_new: bool) -> KeyList:
    if not is_new:
        return read_keys(file)
    if not authority.strip():
        raise BadEvidence(
            "danh sách mới cần tên cơ quan: ghi --authority",
            "a new list needs its authority: say --authority",
        )
    return KeyList(authority.strip()[:_LONGEST])


def _listed(fingerprint: str, label: str, province: str, since: dt.date, until: dt.date | None) -> ListedKey:
    if not label.strip():
        raise BadEvidence("ghi máy của ai ở --label", "say whose device it is in --label")
    if province and province_name(province) == province:
        raise BadEvidence(f"không có tỉnh mã {province}", f"there is no province {province}")
    return ListedKey(fingerprint_of(fingerprint), label.strip()[:_LONGEST], province, since, until)
