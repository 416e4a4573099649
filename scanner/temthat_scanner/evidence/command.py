"""`temthat evidence verify`: whether an evidence file is whole, who signed it, and what it says."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from temthat_scanner.evidence.form import FILE_LIMIT, BadEvidence, Evidence, parse_evidence
from temthat_scanner.evidence.keylist import read_keys
from temthat_scanner.evidence.keys_command import describe, grouped, keys
from temthat_scanner.evidence.proving import Finding, prove
from temthat_scanner.evidence.rejudging import SAID, Difference, Why, rejudge
from temthat_scanner.evidence.service import province_name
from temthat_scanner.trustdata import open_trust
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.errors import TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.texts import say, visible
from temthat_stamps.verdict import HANOI, Verdict
from temthat_trace import formats

WHOLE, WRONG, UNUSABLE = range(3)
"""Exit codes: signed and unchanged; something in it is wrong; it, or the trust data, could not be read."""

_KEYS = typer.Option(
    help="Danh sách khóa máy của cơ quan, xem `keys`. The authority's list of device keys, see `keys`."
)
_WHOSE = (
    " Khóa của ai: hỏi cơ quan đã ghi dấu vân tay.",
    " Whose key it is: ask the authority that wrote it down.",
)

app = typer.Typer(
    no_args_is_help=True, help="Tệp bằng chứng của buổi kiểm tra kệ. Evidence of a shelf check."
)


@app.callback()
def main() -> None:
    """Tệp bằng chứng của buổi kiểm tra kệ. Evidence files of a shelf check."""


app.command()(keys)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="Tệp bằng chứng (.json). The evidence file.")],
    trust: Annotated[
        Path | None,
        typer.Option(help="Xét lại từng mã bằng dữ liệu này. Judge each code again by this trust data."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Dấu vân tay khóa mà cơ quan đã ghi. The fingerprint the authority wrote down."),
    ] = None,
    keys: Annotated[Path | None, _KEYS] = None,
) -> None:
    """Kiểm một tệp bằng chứng: chữ ký, ảnh, số liệu. Verify an evidence file.

    Mã kết thúc / exit code: 0 nguyên vẹn (whole); 1 có chỗ sai (wrong); 2 không đọc được (unusable).
    """
    console = Console(soft_wrap=True, markup=False, highlight=False)
    try:
        data = _read(file)
        evidence = parse_evidence(data)
        owner, unlisted = _owner(evidence, keys)
        findings = [*prove(evidence), *_key(evidence, key), *unlisted]
        differences = _differences(evidence, trust, console) if trust else []
    except (BadEvidence, TrustError) as error:
        console.print(f"KHÔNG DÙNG ĐƯỢC: {visible(error.vi)}\nUNUSABLE: {visible(error.en)}")
        raise typer.Exit(UNUSABLE) from error
    findings += [_unexplained(one) for one in differences if one.why is Why.NONE]
    console.print(f"SHA-256: {hashlib.sha256(data).hexdigest()}")
    _tell_about(evidence, owner, console)
    _tell_differences(differences, trust is not None, console)
    if findings:
        console.print(f"CÓ {len(findings)} CHỖ SAI / {len(findings)} THINGS WRONG")
        for one in findings:
            at = f"{one.check}. " if one.check else ""
            console.print(f"  {at}{one.vi}\n     {one.en}")
        raise typer.Exit(WRONG)
    whose = ("", "") if owner else _WHOSE
    console.print(
        f"NGUYÊN VẸN: do khóa trên ký, không đổi từ khi ký.{whose[0]}\n"
        f"WHOLE: signed by the key above, unchanged since.{whose[1]}\n"
        "Tệp nói về mã trên tem, không kết luận về hàng trong gói.\n"
        "The file speaks of codes on stamps; it concludes nothing about the goods."
    )


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="Tệp bằng chứng (.json). The evidence file.")],
    pdf: Annotated[Path, typer.Option(help="Tệp PDF sẽ ghi. The PDF to write.")],
    keys: Annotated[Path | None, _KEYS] = None,
) -> None:
    """Ghi một tệp bằng chứng thành PDF để đọc và in. Write an evidence file as PDF.

    Mã kết thúc / exit code: như verify (as of verify).
    """
    from temthat_scanner.evidence.sheet import write_sheet

    console = Console(soft_wrap=True, markup=False, highlight=False)
    try:
        data = _read(file)
        evidence = parse_evidence(data)
        owner, unlisted = _owner(evidence, keys)
        findings = [*prove(evidence), *unlisted]
        stated = {"SHA-256": hashlib.sha256(data).hexdigest(), **owner, **_facts(evidence)}
        write_sheet(evidence, findings, stated, pdf)
    except BadEvidence as error:
        console.print(f"KHÔNG DÙNG ĐƯỢC: {visible(error.vi)}\nUNUSABLE: {visible(error.en)}")
        raise typer.Exit(UNUSABLE) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        console.print(f"Không ghi được {pdf}: {why}\nCannot write {pdf}: {why}")
        raise typer.Exit(UNUSABLE) from error
    console.print(f"Đã ghi {pdf}. Written.")
    raise typer.Exit(WRONG if findings else WHOLE)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > FILE_LIMIT:
            raise BadEvidence("tệp quá lớn", "the file is too large")
        return file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadEvidence(f"không mở được {file}: {why}", f"cannot open {file}: {why}") from error


def _key(evidence: Evidence, expected: str | None) -> list[Finding]:
    if expected is None or "".join(expected.split()).lower() == key_id(evidence.public_key):
        return []
    return [
        Finding(
            0,
            "Không phải khóa đã hỏi: dấu vân tay khác.",
            "Not the key asked for: its fingerprint is another one.",
        )
    ]


def _owner(evidence: Evidence, file: Path | None) -> tuple[dict[str, str], list[Finding]]:
    """Whose device signed by an authority's list, name to value; findings where the list does not have it then.

    Raises `BadEvidence`.
    """
    if file is None:
        return {}, []
    known = read_keys(file)
    listed = known.find(key_id(evidence.public_key))
    days = (formats.today(evidence.begun), formats.today(evidence.ended))
    now = next((key for key in listed if all(map(key.counts_on, days))), None)
    told = {"Danh sách / list": f"{known.authority}, SHA-256 {known.sha256}"}
    if (key := now or (listed[-1] if listed else None)) is not None:
        told["Máy của / device of"] = describe(key)
    if now is not None:
        return told, []
    vi, en = (
        (
            "Khóa ngoài thời hạn ghi trong danh sách vào ngày kiểm tra.",
            "The key did not count, by the list, on the day of the check.",
        )
        if listed
        else ("Khóa không có trong danh sách của cơ quan.", "The key is not on the authority's list.")
    )
    return told, [Finding(0, vi, en)]


def _differences(evidence: Evidence, trust: Path, console: Console) -> list[Difference]:
    def tell(vi: str, en: str) -> None:
        console.print(f"{visible(vi)}\n{visible(en)}")

    view = open_trust(trust, None, None, None, tell)
    folder = trust.parent if trust.is_file() else trust
    return list(rejudge(evidence, view, TrustStore(folder).installed().listing))


def _unexplained(one: Difference) -> Finding:
    return Finding(
        one.check,
        f"Cùng dữ liệu nhưng kết quả khác: trong tệp là {one.there}, xét lại là {one.here}.",
        f"By the same data the verdict is another: {one.there} in the file, {one.here} when judged again.",
    )


def _facts(evidence: Evidence) -> dict[str, str]:
    """What stands above everything, name to value."""
    purpose = evidence.purpose
    place = ", ".join(filter(None, (evidence.place_words, province_name(evidence.place_province))))
    wanted = purpose.name or purpose.producer or province_name(purpose.province)
    rows = [
        ("Khóa / key", grouped(key_id(evidence.public_key))),
        ("Máy tự ghi / label", evidence.label),
        ("Tìm / looked for", wanted),
        ("Nơi / place", place),
        ("Từ / from", f"{evidence.begun.astimezone(HANOI):%d/%m/%Y %H:%M}"),
        ("Đến / to", f"{evidence.ended.astimezone(HANOI):%d/%m/%Y %H:%M}"),
        ("Chương trình / program", evidence.program),
        ("Sổ công khai / log", evidence.origin),
        *(
            (
                f"Dữ liệu / data {place}",
                f"{one.at.astimezone(HANOI):%d/%m/%Y}, mục/entry {one.index}, cây/tree {one.tree_size}, {one.sha256}",
            )
            for place, one in enumerate(evidence.data)
        ),
    ]
    return {name: value for name, value in rows if value}


def _tell_about(evidence: Evidence, owner: dict[str, str], console: Console) -> None:
    for name, value in {**owner, **_facts(evidence)}.items():
        console.print(f"{name}: {visible(value)}")
    total = len(evidence.checks)
    console.print(f"{total} gói / packs, {len(evidence.photos)} ảnh / photos")
    for word, count in Counter(check.verdict.word for check in evidence.checks).most_common():
        vi, en = (say(Verdict(word), lang).title for lang in ("vi", "en"))
        console.print(f"  {count:>5}  {vi} / {en}")
    marks = [
        ("trùng / duplicates", sum(check.duplicate_of is not None for check in evidence.checks)),
        ("nơi khác / strangers", sum(check.stranger for check in evidence.checks)),
    ]
    for name, count in marks:
        if count:
            console.print(f"  {count:>5}  {name}")
    for place, check in enumerate(evidence.checks, 1):
        if check.note:
            console.print(f"  {place}. {visible(check.note)}")
    _tell_service(evidence, console)


def _tell_service(evidence: Evidence, console: Console) -> None:
    """How many packs the service told of, and each thing it said that does not add up, once."""
    told = [(place, one.service) for place, one in enumerate(evidence.checks, 1) if one.service]
    if told:
        console.print(
            f"  {len(told):>5}  có trả lời của máy chủ về sổ tem, hồ sơ / with what the service told"
        )
    first: dict[tuple[str, str, str], int] = {}
    for place, service in told:
        for question in service.questions:
            first.setdefault(question, place)
    for (_, vi, en), place in first.items():
        console.print(f"  {place}. {visible(vi)}\n     {visible(en)}")


def _tell_differences(differences: list[Difference], was_asked: bool, console: Console) -> None:
    if was_asked and not differences:
        console.print("Xét lại: mọi mã cho cùng kết quả.\nJudged again: every code gives the same.")
    for one in differences:
        vi, en = SAID[one.why]
        console.print(f"  {one.check}. {one.there} → {one.here}: {vi}\n     {en}")
