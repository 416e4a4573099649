"""The product dossier: what is in it, what never is, and that it can be checked against the log without a network."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from temthat_stamps.log.dossier import BadDossier, Report, check_dossier
from temthat_stamps.log.log_command import app
from temthat_stamps.log.policy import Policy
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import LineRole
from temthat_trace.papers import Paper

from .conftest import HOSTILE, PARTNER, PERSON, PHONE, Goods, unzipped

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from temthat_trace.products import Product


def checked(goods: Goods, data: bytes, folder: Path) -> Report:
    """What the check says under the world's own log keys."""
    path = folder / "ho-so.zip"
    path.write_bytes(data)
    return check_dossier(path, goods.world.services.book.policy)


def words_of(pdf: bytes) -> str:
    """All that can be read in a PDF, lines joined."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def altered(data: bytes, change: Callable[[dict[str, bytes]], None], *, stated: bool = True) -> bytes:
    """The same dossier with files changed; `stated`: with a list of files that fits again."""
    files = unzipped(data)
    change(files)
    if stated:
        digests = {n: hashlib.sha256(d).hexdigest() for n, d in files.items() if n != "manifest.json"}
        files["manifest.json"] = json.dumps({"files": digests}).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def edit(files: dict[str, bytes], name: str, act: Callable[[Any], object]) -> None:
    """Change a JSON file."""
    body = json.loads(files[name])
    act(body)
    files[name] = json.dumps(body).encode()


def put(files: dict[str, bytes], *, name: str, content: bytes) -> None:
    """Another file in its place."""
    files[name] = content


def test_everything_is_in_it_and_it_holds(goods: Goods, tmp_path: Path) -> None:
    """Document, data, scans, pictures, EPCIS, entries with proofs; the check proves entry, names and diary."""
    data = goods.dossier()
    files = unzipped(data)
    assert {"ho-so.pdf", "du-lieu.json", "giay-to/ocop1.webp", "anh/san-pham.webp", "anh/san-pham-lon-1.webp",
            "epcis/l01.jsonld", "so-cong-khai/mo-niem.json", "README.txt", "manifest.json"} <= files.keys()  # fmt: skip
    digests = json.loads(files["manifest.json"])["files"]
    assert digests == {n: hashlib.sha256(d).hexdigest() for n, d in files.items() if n != "manifest.json"}
    report = checked(goods, data, tmp_path)
    assert report.findings == []
    assert report.runs == [(goods.run, 1, 1)]
    assert (report.opened, report.closed) == (1, 0)
    assert len(report.entries) == 2


def test_both_databases_give_a_dossier_that_holds(any_goods: Goods, tmp_path: Path) -> None:
    """With a recall, so that notices are read as well."""
    any_goods.world.notify(any_goods.run, NoticeKind.RECALL)
    any_goods.world.services.book.publish()
    report = checked(any_goods, any_goods.dossier(), tmp_path)
    assert (report.findings, report.runs) == ([], [(any_goods.run, 1, 1)])


def test_the_document_reads_well(goods: Goods) -> None:
    """Names, papers with who vouches, the dated way, the run's entry, sellers, how to check."""
    said = words_of(goods.pdf())
    for text in ("Chè búp", "HTX Chè mẫu", "123/QĐ-UBND", "Lô L01", "Hái tay lúc sáng sớm", "Thu hoạch", "06/05/2026",
                 "Bán chính hãng tại", "vcamart.vn", "temthat log dossier", "DỮ LIỆU MẪU", "Hộ bà Tư"):  # fmt: skip
        assert text in said, text
    assert "4 sao theo lời khai" in said
    goods.world.confirm_paper()
    assert "4 sao\n" in words_of(goods.pdf())
    english = words_of(goods.pdf(lang="en"))
    assert "Product dossier" in english
    assert "Green tea" in english
    assert "Hái tay lúc sáng sớm (in Vietnamese)" in english.replace("\n", " ")


def test_a_recall_is_the_first_thing_said_of_a_batch(goods: Goods, tmp_path: Path) -> None:
    """And its signed notice is among the proofs."""
    goods.world.notify(goods.run, NoticeKind.RECALL)
    said = words_of(goods.pdf())
    assert "ĐANG THU HỒI" in said
    assert "“thu hồi” số 1 về lô L01" in said.replace("\n", " ")
    assert "batch:" not in said
    goods.world.services.book.publish()
    report = checked(goods, goods.dossier(), tmp_path)
    assert report.findings == []
    assert any("recall" in en for _, en in report.entries.values())


def test_the_batches_it_was_made_from_are_told(goods: Goods) -> None:
    """Each with its maker's place and day, as the public page tells them."""
    goods.world.run(lot="RAW-7")

    def tie(session: "Session", _: "Product") -> None:
        raw = session.query(Batch).filter_by(lot="RAW-7").one()
        made = session.query(Batch).filter_by(lot="L01").one()
        made.sources.append(BatchSource(source_id=raw.id, quantity=Decimal(40), unit="KGM"))

    goods.change(tie)
    said = words_of(goods.pdf(["L01"]))
    assert "Làm ra từ những lô nào" in said
    assert "lô RAW-7" in said
    assert "lấy 40 kg" in said
    files = unzipped(goods.dossier(["L01"]))
    [source] = json.loads(files["du-lieu.json"])["sources"]
    assert (source["source_lot"], source["quantity"], source["unit"]) == ("RAW-7", "40", "KGM")


def test_one_batch_alone(goods: Goods) -> None:
    """What was not asked for is not there."""
    goods.world.run(lot="L02")
    files = unzipped(goods.dossier(["L02"]))
    assert [b["lot"] for b in json.loads(files["du-lieu.json"])["batches"]] == ["L02"]
    assert "Lô L01" not in words_of(files["ho-so.pdf"])


def test_a_product_without_batches_has_a_dossier_too(goods: Goods, tmp_path: Path) -> None:
    assert "Chưa có lô nào." in words_of(goods.pdf([]))
    report = checked(goods, goods.dossier([]), tmp_path)
    assert (report.findings, report.runs) == ([], [])


def test_the_same_data_gives_the_same_bytes(goods: Goods) -> None:
    assert goods.dossier() == goods.dossier()
    assert goods.pdf(lang="en") == goods.pdf(lang="en")


def test_what_stays_at_home(goods: Goods) -> None:
    """No farmer's name or number, no trading partner, nothing of an erased event."""
    goods.add_event(partner=PARTNER)
    goods.add_event(text="Bí mật đã xóa")
    goods.add_event(text="Bí mật: giao cho đại lý", role=LineRole.SENT)

    def erase(session: "Session", _: "Product") -> None:
        next(e for e in session.query(Batch).one().events if e.text == "Bí mật đã xóa").erase()

    goods.change(erase)
    files = unzipped(goods.dossier())
    files["words.txt"] = words_of(files["ho-so.pdf"]).encode()
    for name, content in files.items():
        for secret in (PARTNER, PERSON, PHONE, "Bí mật"):
            assert secret.encode() not in content, (name, secret)


def test_later_erased_and_closed_events_do_not_break_the_check(goods: Goods, tmp_path: Path) -> None:
    """A run binds what the diary had by then; a partner's event and an erased one are told as digests."""
    goods.add_event(partner=PARTNER)
    goods.add_event()

    def erase(session: "Session", _: "Product") -> None:
        session.query(Batch).one().events[0].erase()

    goods.change(erase)
    report = checked(goods, goods.dossier(), tmp_path)
    assert report.findings == []
    assert report.runs == [(goods.run, 1, 3)]
    assert (report.opened, report.closed, report.unproved) == (1, 2, 1)


def _text(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["events"][0].update(text="Hữu cơ 100 %"))


def _sealed(files: dict[str, bytes]) -> None:
    _text(files)
    edit(
        files, "so-cong-khai/mo-niem.json", lambda b: b[0]["events"][0]["sealed"].update(text="Hữu cơ 100 %")
    )


def _digest(files: dict[str, bytes]) -> None:
    edit(
        files, "so-cong-khai/mo-niem.json", lambda b: b[0]["events"][0].update(sealed=None, digest="00" * 32)
    )


def _maker(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["parties"][0].update(name="HTX Khác"))


def _both_makers(files: dict[str, bytes]) -> None:
    _maker(files)
    edit(files, "so-cong-khai/mo-niem.json", lambda b: b[0]["runs"][0].update(issuer="HTX Khác"))


def _lot(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["batches"][0].update(lot="L99"))


def _more_events(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["events"].append({**body["events"][0], "id": "x"}))


def _twice(files: dict[str, bytes]) -> None:
    edit(
        files,
        "du-lieu.json",
        lambda body: body["events"].insert(0, {**body["events"][0], "text": "Hữu cơ 100 %"}),
    )


def _other_lot(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["events"][0].update(lot="L02"))


def _line(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["event_lines"][0].update(what="Phân hữu cơ"))


def _no_line(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["event_lines"].clear())


def _photo(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["events"][0].update(photos="ab" * 32))


def _longer_lasting(files: dict[str, bytes]) -> None:
    edit(files, "du-lieu.json", lambda body: body["batches"][0].update(expires_on="2030-01-01"))


def _second_name(files: dict[str, bytes]) -> None:
    edit(
        files, "du-lieu.json", lambda body: body["products"].insert(0, {**body["products"][0], "name": "Yến"})
    )


def _no_proof(files: dict[str, bytes]) -> None:
    for name in [n for n in files if n.endswith(".proof")]:
        del files[name]


def _swapped_proof(files: dict[str, bytes]) -> None:
    first, second = sorted(n for n in files if n.endswith(".proof"))
    files[first], files[second] = files[second], files[first]


def _torn_proof(files: dict[str, bytes]) -> None:
    name = sorted(n for n in files if n.endswith(".proof"))[-1]
    files[name] = files[name][: len(files[name]) // 2]


LIES = (
    _text,
    _sealed,
    _digest,
    _maker,
    _both_makers,
    _lot,
    _more_events,
    _twice,
    _other_lot,
    _line,
    _no_line,
    _photo,
    _longer_lasting,
    _second_name,
    _no_proof,
    _swapped_proof,
    _torn_proof,
)


def test_a_lie_is_found_though_the_list_of_files_fits(goods: Goods, tmp_path: Path) -> None:
    """Each changes one thing and makes the list fit again."""
    goods.add_event()
    data = goods.dossier()
    for lie in LIES:
        assert checked(goods, altered(data, lie), tmp_path).findings, lie.__name__


def test_files_that_were_changed_added_or_taken_away_are_named(goods: Goods, tmp_path: Path) -> None:
    data = goods.dossier()

    def touch(files: dict[str, bytes]) -> None:
        files["ho-so.pdf"] += b"x"
        files["them.txt"] = b""
        del files["README.txt"]

    found = " ".join(f.en for f in checked(goods, altered(data, touch, stated=False), tmp_path).findings)
    for name in ("ho-so.pdf was altered", "them.txt is not in the list", "README.txt is missing"):
        assert name in found


def test_another_log_proves_nothing(goods: Goods, tmp_path: Path) -> None:
    """Under other keys no entry counts, and so no run binds anything."""
    policy = goods.world.services.book.policy
    other = Policy("kho.example/log", policy.log_key, policy.witnesses, policy.quorum)
    path = tmp_path / "ho-so.zip"
    path.write_bytes(goods.dossier())
    report = check_dossier(path, other)
    assert report.entries == {}
    assert report.runs == []
    assert report.findings


def test_what_is_no_dossier_is_refused_in_words(goods: Goods, tmp_path: Path) -> None:
    """Other files, torn files, and dossiers with a malformed part: refused, not crashed on."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.json", b'{"files": {}}' * 100)
    lzma = bytearray(out.getvalue())
    lzma[60:80] = bytes(20)
    for data in (b"", b"PK\x03\x04", b"not a zip at all" * 100, bytes(lzma)):
        with pytest.raises(BadDossier, match="dossier"):
            checked(goods, data, tmp_path)
    whole = goods.dossier()
    for name in ("manifest.json", "du-lieu.json", "so-cong-khai/mo-niem.json"):
        for content in (b"{", b"[1]", b'{"files": 1}', b"null", b"[" * 100_000):
            torn = altered(whole, partial(put, name=name, content=content), stated=name != "manifest.json")
            with pytest.raises(BadDossier):
                checked(goods, torn, tmp_path)


def test_the_command_says_it_in_both_languages(goods: Goods, tmp_path: Path) -> None:
    """Exit code 0 where all holds, 1 with findings, 2 for what cannot be read; JSON on demand."""
    policy = goods.world.services.book.policy
    keys = ["--origin", policy.origin, "--key", str(policy.log_key)]
    keys += [part for key in policy.witnesses for part in ("--witness", str(key))]
    path = tmp_path / "ho-so.zip"
    path.write_bytes(goods.dossier())
    run = CliRunner().invoke
    well = run(app, ["dossier", str(path), *keys])
    assert well.exit_code == 0, well.output
    assert "Nothing is wrong" in well.output
    path.write_bytes(altered(goods.dossier(), _text))
    found = run(app, ["dossier", str(path), *keys, "--json"])
    assert found.exit_code == 1
    assert json.loads(found.stdout)["findings"]
    path.write_bytes(b"x")
    assert run(app, ["dossier", str(path), *keys]).exit_code == 2


def test_hostile_names_stay_text(hostile: Goods, tmp_path: Path) -> None:
    """In file names, in the PDF, in the data; and the check finds that they are not those of the run."""
    data = hostile.dossier()
    files = unzipped(data)
    assert all(name.isascii() and ".." not in name and not name.startswith("/") for name in files)
    assert json.loads(files["du-lieu.json"])["products"][0]["name"] == HOSTILE
    assert "alert(1)" in words_of(files["ho-so.pdf"])
    assert checked(hostile, data, tmp_path).findings


def test_a_refused_or_lapsed_paper_is_not_passed_off(goods: Goods) -> None:
    """A paper out of its dates says so."""
    goods.world.confirm_paper()

    def lapse(session: "Session", _: "Product") -> None:
        session.query(Paper).one().valid_until = goods.world.now.date().replace(year=2025, month=6)

    goods.change(lapse)
    said = words_of(goods.pdf())
    assert "HẾT HẠN" in said
    assert "4 sao theo lời khai" in said
