"""A cooperative with its own key by the commands: `order`, `notice`, `trust accept` at the service, `own` at home."""

import datetime as dt
import json
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from temthat.main import app
from temthat_stamps.custody import own_command
from temthat_stamps.custody.own_folder import ENROLMENT
from temthat_stamps.log.records import LogEntry
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE
from temthat_stamps.runs.enrolment import record_request
from temthat_stamps.runs.records import IssuerKey, NoticeRecord, Run
from temthat_stamps.trust.logtrust import LogTrust
from temthat_trace.parties import Party
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import Services, build_services

from ...neighbours import delegate, neighbours

WORKBOOK = Path(__file__).parents[3] / "demo" / "htx-mau.xlsx"
HOLDER = "HTX-MATONG"

runner = CliRunner()


def temthat(*arguments: object, expect: int = 0) -> Result:
    result = runner.invoke(app, [str(a) for a in arguments])
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), (
        result.exception
    )
    assert result.exit_code == expect, result.output
    return result


def said(result: Result) -> str:
    """What a person reads, its lines joined."""
    return re.sub(r"\s+", " ", result.output)


class House:
    """The service, asked directly for what its commands have done."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.folder = folder
        self.services = services

    def count(self, kind: type[Run] | type[NoticeRecord] | type[LogEntry]) -> int:
        with self.services.sessions() as session:
            return session.scalar(select(func.count()).select_from(kind)) or 0

    def run(self, number: int = 1) -> Run:
        with self.services.sessions() as session:
            return session.get_one(Run, number)


@pytest.fixture(scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house with the sample workbook and its hosted keys approved; made once and copied for each test."""
    data = tmp_path_factory.mktemp("house") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMTHAT_DATA_DIR", str(data))
        patch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{data / 'temthat.db'}")
        patch.setenv("TEMTHAT_HOST", "tem.example.vn")
        temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")
        temthat("import", WORKBOOK)
        delegate(data)
    return data


@pytest.fixture
def house(_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The sample house with its neighbours; the cooperative keeps its own key in `keys`, approved as if long ago."""
    data = shutil.copytree(_sample, tmp_path / "data")
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(data))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{data / 'temthat.db'}")
    monkeypatch.setenv("TEMTHAT_HOST", "tem.example.vn")
    monkeypatch.setenv("TEMTHAT_OWN_PASSPHRASE", "correct horse battery")
    monkeypatch.setenv("TEMTHAT_OWN_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(own_command, "SCRYPT_WORK", 16)
    monkeypatch.chdir(tmp_path)
    with neighbours(data) as around:
        for name, value in around.items():
            monkeypatch.setenv(f"TEMTHAT_{name.upper()}", value)
        services = build_services(Settings())
        keep_own_key(services, tmp_path)
        yield House(tmp_path, services)
        services.close()


def keep_own_key(services: Services, folder: Path) -> None:
    """What `own new`, `trust enrol`, `approve` and `publish` come to, without a ceremony."""
    policy = services.book.policy
    log = LogTrust(
        services.settings.origin,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (services.registry.operator.public_key,),
        ("tem.example.vn",),
    )
    (folder / "log.json").write_bytes(log.format())
    with services.sessions() as session:
        party = session.scalars(select(Party).where(Party.code == HOLDER)).one()
        temthat("own", "new", "keys", "--log", "log.json", "--issuer", party.id, "--province", "24")
        now = dt.datetime.now(dt.UTC)
        for hosted in session.scalars(select(IssuerKey).where(IssuerKey.party_id == party.id)):
            hosted.retired_at = now
        key = record_request(session, services.registry, party, (folder / "keys" / ENROLMENT).read_bytes())
        key.delegated_from, key.valid_until = 0, now + ISSUER_KEY_LIFE
        session.commit()


def order(*more: object, expect: int = 0) -> Result:
    return temthat("order", HOLDER, "MATONG", "MO261025", "CHAI500", "--count", 12, *more, expect=expect)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def signed_run() -> None:
    """An order signed at home and taken by the service."""
    order()
    temthat("own", "sign", "don-1.json", "--yes")
    temthat("trust", "accept", "don-1.signed.json")


def test_from_order_to_paper(house: House) -> None:
    """Each command names the next one and its file; nothing that carries stamps is for others to read."""
    told = said(order())
    assert "temthat own sign don-1.json" in told
    assert "temthat trust accept don-1.signed.json" in told
    assert not house.run().is_logged
    signed = said(temthat("own", "sign", "don-1.json", "--yes"))
    assert "Ký đợt in 1: 12 tem" in signed
    accepted = said(temthat("trust", "accept", "don-1.signed.json"))
    assert "don-1.proof" in accepted
    assert house.run().is_logged
    temthat("own", "print", "don-1.json", "don-1.proof")
    [paper] = house.folder.glob("dot-1-tem-1-12.pdf")
    assert paper.read_bytes().startswith(b"%PDF")
    assert (mode(paper), mode(house.folder / "don-1.json")) == (0o600, 0o600)
    assert not list(house.folder.glob(".*"))


def test_a_notice_is_a_request_that_counts_once_it_is_accepted(house: House) -> None:
    """`notice` writes the file and says what to do; `trust accept` logs it, and twice does no harm."""
    signed_run()
    told = said(
        temthat("notice", "void", "--by", HOLDER, "--reason", "misprint", "--run", 1, "--serials", "1-2")
    )
    assert "temthat own sign thong-bao-void-stamps-1-1-2.json" in told
    assert house.count(NoticeRecord) == 0
    shown = said(temthat("own", "sign", "thong-bao-void-stamps-1-1-2.json", "--yes"))
    assert "hủy tem" in shown
    for _ in range(2):
        temthat("trust", "accept", "thong-bao-void-stamps-1-1-2.signed.json")
        assert house.count(NoticeRecord) == 1
    for wrong in (("--run", 1, "--serials", "12-13"), ("--run", 7), ()):
        temthat("notice", "void", "--by", HOLDER, "--reason", "misprint", *wrong, expect=1)


def test_no_notice_on_an_order_that_is_not_signed(house: House) -> None:
    """Neither by its issuer nor by the alliance, whose key the service keeps: the refusal says what to do."""
    order()
    for by, words in ((HOLDER, "Không có run:1"), ("LMHTX-BN", "Order 1 is not signed")):
        refused = temthat("notice", "hold", "--by", by, "--reason", "complaint", "--run", 1, expect=1)
        assert words in said(refused)
    assert house.count(NoticeRecord) == 0


def test_what_is_not_to_be_accepted(house: House) -> None:
    """The order itself, another key's signature, an unknown issuer, no file: in words, and nothing is logged."""
    order()
    temthat("own", "sign", "don-1.json", "--yes")
    before = house.count(LogEntry)
    body = json.loads(Path("don-1.signed.json").read_bytes())
    Path("stranger.json").write_text(json.dumps({**body, "issuer": "0" * 8 + "-0000-4000-8000-" + "0" * 12}))
    Path("empty.json").write_text("{}")
    Path("log-2.json").write_text(json.dumps({**body, "origin": "other.example/log"}))
    for name, words in (
        ("don-1.json", "không phải tệp loại"),
        ("empty.json", "không phải tệp loại"),
        ("stranger.json", "Không có đơn vị"),
        ("log-2.json", "of the log “other.example/log”"),
        ("missing.json", "missing.json"),
    ):
        refused = temthat("trust", "accept", name, expect=1)
        assert words in said(refused), name
        assert "Traceback" not in refused.output
    assert house.count(LogEntry) == before
    assert not house.run().is_logged


def test_what_cannot_be_written_or_printed_is_told_first(house: House) -> None:
    """A folder that is missing or a file, a paper too small: no order, no number used, no entry in the log."""
    (house.folder / "file").write_text("x")
    for folder in ("not-there", "file"):
        refused = order("--out", folder, expect=1)
        assert f"Không ghi được vào thư mục {folder}" in said(refused)
    assert house.count(Run) == 0
    tiny = ("--kind", "zpl", "--layout", "roll-25x25-1", "--dpi", 203, "--level", "Q")
    assert "Tem nhỏ quá" in said(order(*tiny, expect=1))
    assert (house.count(Run), list(house.folder.glob("don-*"))) == (0, [])
    order()
    temthat("own", "sign", "don-1.json", "--yes")
    before = house.count(LogEntry)
    refused = temthat("trust", "accept", "don-1.signed.json", "--out", "not-there", expect=1)
    assert "Không ghi được" in said(refused)
    assert house.count(LogEntry) == before
