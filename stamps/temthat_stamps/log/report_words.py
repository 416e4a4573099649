"""An audit's report on a terminal: at a glance first, then each finding with its entry and whose fault it is."""

import datetime as dt
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from temthat_stamps.errors import Fault
from temthat_stamps.fields import instant
from temthat_stamps.log import dossier
from temthat_stamps.log.audit import Ledger, Report
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.fork import Fork
from temthat_stamps.texts import visible

SHOWN = 40
"""Findings shown one by one; `--json` has more."""

_WHOSE = {
    Fault.STAMP: ("con tem", "the stamp"),
    Fault.ISSUER: ("đơn vị phát hành", "the issuer"),
    Fault.OPERATOR: ("đơn vị vận hành sổ", "the log's operator"),
    Fault.STORE: ("nơi lưu bản đang đọc", "the copy that was read"),
    Fault.NETWORK: ("đường mạng", "the network"),
    Fault.CLOCK: ("đồng hồ", "a clock"),
}


def show(report: Report, console: Console) -> None:
    """Print it."""
    console.print(f"Sổ công khai {visible(report.origin)}: {_vi(report.size)} mục", style="bold")
    console.print(f"Public log of {report.size:,} entries, root {report.root.hex()}", style="dim")
    if report.newest is not None:
        console.print(f"Văn bản mới nhất ghi ngày / newest statement of: {instant(report.newest)}")
    console.print()
    _line(
        console,
        "✔",
        "green",
        "Mọi mã băm, mốc sổ và chữ ký của sổ đều đúng.",
        "Every hash and the checkpoint are right.",
    )
    show_cosigned(report.cosigned, console)
    if report.foreign:
        _line(
            console,
            "○",
            "cyan",
            "Sổ của phần mềm khác: các mục được băm, không đọc nội dung.",
            "A log of other software: its entries were hashed, not read.",
        )
    else:
        _show_ledger(report, report.ledger, console)
        _show_bundle(report, console)
    total = sum(report.by_code.values())
    if total == 0:
        _line(console, "✔", "bold green", "Không thấy điều gì sai.", "Nothing is wrong.")
    else:
        _line(console, "✖", "bold red", f"{_vi(total)} điều sai:", f"{total:,} findings:")
        _show_findings(report, total, console)
    console.print(f"{report.seconds:,.1f} s · {report.rate:,.0f} mục/s (entries/s)", style="dim")


def show_dossier(report: dossier.Report, console: Console) -> None:
    """Print what holds of a dossier, and what does not."""
    files = f"{_vi(report.files)} tệp", f"{report.files:,} files"
    _line(console, "·", "bold", f"Gói hồ sơ: {files[0]}", f"Dossier of {files[1]}.")
    for index, (vi, en) in sorted(report.entries.items()):
        _line(
            console, "✔", "green", f"Mục {index} có trong sổ: {visible(vi)}", f"Entry {index}: {visible(en)}"
        )
    for run, bound, of in report.runs:
        _line(
            console, "✔", "green",
            f"Đợt in {run}: tên và {bound} trên {of} sự kiện của lô đúng như lúc đăng ký.",
            f"Run {run}: names and {bound} of {of} events of its batch are as registered.",
        )  # fmt: skip
    if not report.runs:
        _line(
            console, "!", "yellow",
            "Không có đợt in nào trong sổ ràng buộc nội dung hồ sơ này.",
            "No run in the log binds what this dossier says.",
        )  # fmt: skip
    if report.closed:
        _line(
            console, "○", "cyan",
            f"{report.closed} sự kiện chỉ có dấu vết: đã xóa, rút lại, giao hàng, hoặc có tên bạn hàng.",
            f"{report.closed} events as a digest alone: erased, withdrawn, a shipment, or naming a partner.",
        )  # fmt: skip
    if report.unproved:
        _line(
            console, "!", "yellow",
            f"Trong đó {report.unproved} sự kiện vẫn được kể; không có gì chứng minh lời kể ấy.",
            f"Of these, {report.unproved} are told all the same; nothing proves what is told of them.",
        )  # fmt: skip
    for finding in report.findings[:SHOWN]:
        _line(console, "✖", "red", visible(finding.vi), visible(finding.en))
    if report.findings:
        _line(
            console, "✖", "bold red", f"{len(report.findings)} điều sai.", f"{len(report.findings)} findings."
        )
    else:
        _line(console, "✔", "bold green", "Không thấy điều gì sai.", "Nothing is wrong.")


def show_cosigned(cosigned: Mapping[str, int], console: Console) -> None:
    """The witnesses whose cosignatures were checked, and when they signed."""
    if not cosigned:
        vi, en = (
            "Chưa kiểm tra bên chứng kiến nào: thêm --witness KHÓA.",
            "No witness was checked: add --witness VKEY.",
        )
        _line(console, "!", "yellow", vi, en)
        return
    names = ", ".join(f"{visible(name)} ({_when(at)})" for name, at in sorted(cosigned.items()))
    count = len(cosigned)
    _line(console, "✔", "green", f"{count} bên chứng kiến: {names}", f"Cosigned by {count} witnesses.")


def show_fork(fork: Fork, console: Console) -> None:
    """What two checkpoints prove of their log."""
    _line(
        console,
        "✖",
        "bold red",
        f"SỔ BỊ RẼ NHÁNH: khóa của sổ {visible(fork.known.origin)} đã ký hai mốc trái ngược nhau:",
        "THE LOG IS FORKED: its key has signed two checkpoints that contradict each other:",
    )
    for tree in (fork.known, fork.offered):
        console.print(f"  {_vi(tree.size)} mục / entries · {tree.root.hex()}")
    console.print(
        "  Gửi tệp này cho liên minh và các bên chứng kiến: ai có khóa của sổ cũng tự kiểm tra được."
    )
    console.print(
        "  Send this file to the alliance and the witnesses: anybody with the log's key can check it.",
        style="dim",
    )


def _show_ledger(report: Report, ledger: Ledger, console: Console) -> None:
    vi = f"{_vi(ledger.runs)} đợt in, {_vi(ledger.stamps)} tem"
    en = f"runs {ledger.runs:,}, stamps {ledger.stamps:,}"
    parts = (
        (ledger.replaced, "tem in thay", "replaced stamps"),
        (ledger.beyond, "đợt vượt lô có lý do", "runs beyond the batch with a reason"),
        (ledger.over_issued, "đợt vượt lô không lý do", "runs beyond it without a reason"),
        (ledger.backfilled, "đợt ghi bù", "back-filled runs"),
        (report.taken_back, "mục bị rút lại", "entries taken back"),
        (report.unknown, "mục không đọc được", "entries unreadable"),
    )
    for count, in_vi, in_en in parts:
        if count:
            vi, en = f"{vi}, {_vi(count)} {in_vi}", f"{en}, {in_en} {count:,}"
    _line(console, "·", "", f"Sổ tem: {vi}.", f"Stamp ledger: {en}.")


def _show_bundle(report: Report, console: Console) -> None:
    if report.bundle_size is None:
        _line(console, "·", "", "Chưa công bố gói dữ liệu nào.", "No bundle is published.")
        return
    files, size = report.bundle_files, report.bundle_size
    where = "—" if report.bundle_logged_at is None else report.bundle_logged_at
    wrong = any(code.value.startswith("bundle_") for code in report.by_code)
    _line(
        console,
        "✖" if wrong else "✔",
        "red" if wrong else "green",
        f"Gói dữ liệu đến mục {_vi(size)} (ghi ở mục {where}): dựng lại {files} tệp, "
        f"{'có tệp khác' if wrong else 'giống từng byte'}.",
        f"Bundle: {files} files rebuilt, {'some differ' if wrong else 'the same to the byte'}.",
    )


def _show_findings(report: Report, total: int, console: Console) -> None:
    for finding in report.findings[:SHOWN]:
        _show_finding(finding, console)
    console.print()
    if total > SHOWN:
        table = Table("điều sai / finding", "lần / times", box=None, header_style="dim")
        for code, count in report.by_code.most_common():
            table.add_row(code.value, f"{count:,}")
        console.print(
            f"Còn {_vi(total - SHOWN)} điều nữa; --json cho tất cả (đến 1.000 điều). --json has more."
        )
        console.print(table)


def _show_finding(finding: Finding, console: Console) -> None:
    where = (
        "cả sổ / the whole log" if finding.index is None else f"mục {finding.index} / entry {finding.index}"
    )
    vi, en = _WHOSE[finding.fault]
    stands = " · vẫn được tính / it stands" if finding.stands else ""
    console.print()
    console.print(f"  {where} · {finding.code.value} · lỗi: {vi} / fault: {en}{stands}", style="bold")
    console.print(f"    {visible(finding.vi)}")
    console.print(f"    {visible(finding.en)}", style="dim")


def _line(console: Console, sign: str, style: str, vi: str, en: str) -> None:
    console.print(f"{sign} {vi}", style=style)
    console.print(f"  {en}", style="dim")


def _when(at: int) -> str:
    try:
        return instant(dt.datetime.fromtimestamp(at, dt.UTC))
    except (ValueError, OverflowError, OSError):
        return str(at)  # a witness may sign any number


def _vi(number: int) -> str:
    return f"{number:,}".replace(",", ".")
