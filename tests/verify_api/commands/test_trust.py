"""`temthat trust` from nothing to an accepted stamp, and from there to a revocation: by the commands alone."""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from temthat.main import app
from temthat_stamps.bundle.pack import PACK_FILE
from temthat_verify_api.commands import trust_holders
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import build_services

from ...neighbours import WITNESSES, neighbours

ROOT = Path(__file__).parents[3]
PASSPHRASE = "năm sáu từ không liên quan"
HOLDERS = {
    "root": ("chu-tich", "pho-chu-tich", "kiem-soat"),
    "targets": ("van-phong", "ke-hoach", "phap-che"),
    "24-issuers": ("bac-ninh-1", "bac-ninh-2", "bac-ninh-3"),
}

runner = CliRunner()


def temthat(*arguments: object, expect: int = 0, stdin: str | None = None) -> Result:
    result = runner.invoke(app, [str(a) for a in arguments], input=stdin)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), (
        result.exception
    )
    assert result.exit_code == expect, result.output
    return result


def said(result: Result) -> str:
    """What a person reads, its lines joined."""
    return re.sub(r"\s+", " ", result.output)


class Table:
    """The holders' sticks in one folder, and the one file that goes round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "passphrase"
        self.secret.write_text(PASSPHRASE + "\n")

    def key(self, role: str, holder: str, expect: int = 0) -> Result:
        return temthat(
            "trust", "key", role, "--holder", holder, "--out", self.folder / holder,
            "--passphrase-file", self.secret, expect=expect,
        )  # fmt: skip

    def file(self, holder: str, kind: str) -> Path:
        [path] = (self.folder / holder).glob(f"*.{kind}")
        return path

    def sign(self, handover: Path, holder: str, expect: int = 0, stdin: str = "y\n") -> Result:
        return temthat(
            "trust", "sign", handover, "--key", self.file(holder, "key"), "--passphrase-file", self.secret,
            expect=expect, stdin=stdin,
        )  # fmt: skip


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A new service in production with one workbook, its witnesses and its signer; nothing founded."""
    monkeypatch.setattr(trust_holders, "SCRYPT_WORK", 2**4)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    monkeypatch.setenv("TEMTHAT_HOST", "tem.example.vn")
    monkeypatch.chdir(tmp_path)
    temthat("init", "--alliance", "Liên minh HTX Việt Nam", "--phone", "0912345678")
    temthat("import", ROOT / "demo" / "htx-mau.xlsx")
    with neighbours(tmp_path / "data") as around:
        for name, value in around.items():
            monkeypatch.setenv(f"TEMTHAT_{name.upper()}", value)
        yield Table(tmp_path)


def publish() -> None:
    """What the running service does every few seconds."""
    services = build_services(Settings())
    services.record.publish(bundle_now=True)
    services.close()


def order(table: Table, expect: int = 0) -> Result:
    return temthat(
        "order", "HTX-MATONG", "MATONG", "MO261025", "CHAI500", "--count", 24, "--kind", "png", "--out", table.folder,
        expect=expect,
    )  # fmt: skip


def found(table: Table) -> Result:
    """Keys, cards, the table, six signatures, published; the answer of the last step."""
    for role, holders in HOLDERS.items():
        for holder in holders:
            table.key(role, holder)
    temthat("trust", "operator", "operator.json")
    cards = [table.file(holder, "card") for holders in HOLDERS.values() for holder in holders]
    temthat("trust", "found", *cards, "--operator", "operator.json", "--out", "khai-khoa.zip")
    for holders in HOLDERS.values():
        for holder in holders[:2]:
            table.sign(Path("khai-khoa.zip"), holder)
    return temthat("trust", "publish", "khai-khoa.zip")


def approve(table: Table, out: str = "duyet.zip") -> Result:
    """Every key that waits, signed by two officers of the province."""
    made = temthat("trust", "approve", "--province", "24", "--out", out)
    for holder in ("bac-ninh-1", "bac-ninh-3"):
        table.sign(Path(out), holder)
    temthat("trust", "publish", out)
    return made


def judged(table: Table, expect: int = 0) -> list[str]:
    """The printed stamps, judged without a network by what a scanner is given."""
    publish()
    (table.folder / "trust").mkdir(exist_ok=True)
    temthat("trust", "pack", table.folder / "trust" / PACK_FILE)
    scan = temthat(
        "scan", "--json", "--trust", table.folder / "trust", table.folder / "stamps", expect=expect
    )
    return [json.loads(line)["verdict"] for line in scan.stdout.splitlines() if line.startswith("{")]


def test_the_whole_life(table: Table) -> None:
    """Founding, enrolment, approval, the first accepted stamp, status, the second key, revocation: 26 commands."""
    refused = temthat("trust", "status", expect=1)
    assert "lễ khai khóa" in said(refused)
    assert "docs/ceremony.md" in said(refused)
    published = found(table)
    assert "24-issuers 1" in said(published)
    assert "temthat trust status" in said(published)

    refused = order(table, expect=1)
    assert "chưa có khóa phát hành" in said(refused)
    waiting = temthat("trust", "enrol", "HTX-MATONG", "--out", "matong.request")
    assert "đang chờ tỉnh duyệt" in said(waiting)
    assert "Chờ duyệt" in said(temthat("trust", "status"))
    made = approve(table)
    assert "GIAO QUYỀN cho" in said(made)
    assert "còn thiếu 2 chữ ký" in said(made)

    order(table)
    [archive] = table.folder.glob("dot-1-tem-1-24.*")
    with zipfile.ZipFile(archive) as files:
        files.extractall(table.folder / "stamps")
    assert judged(table) == ["genuine_offline"] * 24

    listed = said(temthat("trust", "keys", "24"))
    assert _key() in listed
    temthat("trust", "root", "root.json")
    paper = re.search(
        r"VIẾT RA GIẤY[^:]*: ((?:[0-9a-f]{4} ?)+)", said(temthat("trust", "show", "khai-khoa.zip"))
    )
    assert paper is not None
    assert paper[1].strip() in said(temthat("trust", "root", "root.json"))

    revoked = temthat(
        "trust", "revoke", _key(), "--reason", "key_compromised", "--last-good", 0, "--out", "thu-hoi.zip"
    )
    assert "THU HỒI" in said(revoked)
    assert "sau mục 0" in said(revoked)
    for holder in ("bac-ninh-2", "bac-ninh-3"):
        table.sign(Path("thu-hoi.zip"), holder)
    temthat("trust", "publish", "thu-hoi.zip")
    assert judged(table, expect=2) == ["revoked"] * 24
    assert "đã thu hồi" in said(temthat("trust", "status"))
    assert "chưa có khóa phát hành" in said(order(table, expect=1))


def test_renewing_rotating_and_retiring(table: Table) -> None:
    """A year's work: a new expiry, an officer who leaves, the operator's change, an old key's end."""
    found(table)
    temthat("trust", "enrol", "HTX-MATONG")
    approve(table)
    for step, (command, signers) in {
        "gia-han": (
            ("renew", "24-issuers", "targets"),
            ("bac-ninh-1", "bac-ninh-2", "van-phong", "ke-hoach"),
        ),
        "ket-thuc": (("retire", _key(), "--until", "2027-06-01"), ("bac-ninh-2", "bac-ninh-3")),
    }.items():
        temthat("trust", *command, "--out", f"{step}.zip")
        for holder in signers:
            table.sign(Path(f"{step}.zip"), holder)
        temthat("trust", "publish", f"{step}.zip")
    table.key("24-issuers", "bac-ninh-4")
    shown = said(temthat("trust", "show", "khai-khoa.zip"))
    leaving = re.search(r"“24-issuers”: thêm người ký bac-ninh-1, khóa ([0-9a-f ]{19})", shown)
    assert leaving is not None
    rotated = temthat(
        "trust", "rotate", "24-issuers", "--add", table.file("bac-ninh-4", "card"), "--remove", leaving[1],
        "--out", "thay.zip",
    )  # fmt: skip
    assert "BỎ người ký bac-ninh-1" in said(rotated)
    assert "thêm người ký bac-ninh-4" in said(rotated)
    for holder in ("van-phong", "phap-che"):
        table.sign(Path("thay.zip"), holder)
    temthat("trust", "publish", "thay.zip")
    status = json.loads(temthat("trust", "status", "--json").stdout)
    versions = {role["role"]: role["version"] for role in status["roles"]}
    assert versions["targets"] == 3
    assert versions["root"] == 1


def _key() -> str:
    found_ = re.search(r"[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4}", said(temthat("trust", "keys")))
    assert found_ is not None
    return found_[0]


def test_status_reads_in_one_glance(table: Table) -> None:
    """In 80 columns every role is one line: what, which version, until when, how many signatures."""
    found(table)
    lines = temthat("trust", "status").output.splitlines()
    assert all(len(line) <= 80 for line in lines)
    for role in ("root", "targets", "24-issuers", "snapshot", "timestamp"):
        [line] = [line for line in lines if f" {role} " in line and "│" in line]
        assert re.search(r"\d\d/\d\d/\d{4}", line), line
        assert "tốt" in line, line
    assert len(lines) < 20


def test_a_holder_reads_before_signing_and_may_say_no(table: Table) -> None:
    """The founding's fingerprint and every holder are shown; “no” leaves the file as it was."""
    for role, holders in HOLDERS.items():
        for holder in holders:
            table.key(role, holder)
    temthat("trust", "operator", "operator.json")
    cards = [table.file(holder, "card") for holders in HOLDERS.values() for holder in holders]
    temthat("trust", "found", *cards, "--operator", "operator.json")
    handover = Path("khai-khoa.zip")
    before = handover.read_bytes()
    shown = said(table.sign(handover, "chu-tich", expect=1, stdin="n\n"))
    for words in (
        "VIẾT RA GIẤY",
        "WRITE IT DOWN",
        "tem.example.vn",
        "thêm người ký kiem-soat",
        "Bên chứng kiến",
    ):
        assert words in shown
    assert all(name in shown for name in WITNESSES)
    assert handover.read_bytes() == before


def test_what_is_wrong_is_told_in_words(table: Table) -> None:
    """Exit code 1, Vietnamese with what to do, no traceback."""
    Path("operator.txt").write_text("xin chào")
    secret = ("--passphrase-file", table.secret)
    for arguments, words in (
        (("key", "everything", "--holder", "An", *secret), "không có vai trò"),
        (("key", "timestamp", "--holder", "An", *secret), "không có vai trò"),
        (("key", "root", "--holder", "A", *secret), "2 đến 60 ký tự"),
        (("key", "root", "--holder", "An", "--passphrase-file", "operator.txt"), "ít nhất 12 ký tự"),
        (("show", "operator.txt"), "không phải gói bàn giao"),
        (("show", "not-there.zip"), "not-there.zip"),
        (("sign", "operator.txt", "--yes"), "không phải gói bàn giao"),
        (("found", "operator.txt", "--operator", "operator.txt"), "không phải thẻ khóa"),
        (("publish", "operator.txt"), "không phải gói bàn giao"),
        (("enrol", "HTX-KHONG-CO"), "Không có đơn vị"),
        (("keys",), "lễ khai khóa"),
        (("root",), "Chưa có root"),
        (("status", "--trust", "nowhere"), "lễ khai khóa"),
        (("renew", "root"), "lễ khai khóa"),
        (("approve",), "lễ khai khóa"),
    ):
        refused = temthat("trust", *arguments, expect=1)
        assert words in said(refused), arguments
        assert "Traceback" not in refused.output


def test_a_copy_of_the_trust_folder_is_enough_to_prepare_a_revocation(table: Table) -> None:
    """An alliance without the operator's help: from the public folder, with the log's size named."""
    found(table)
    temthat("trust", "enrol", "HTX-MATONG")
    approve(table)
    copy = shutil.copytree(table.folder / "data" / "public" / "trust", table.folder / "ban-sao")
    refused = temthat("trust", "revoke", _key(), "--reason", "key_compromised", "--trust", copy, expect=1)
    assert "--log-size" in said(refused) or "--last-good" in said(refused)
    made = temthat(
        "trust", "revoke", _key(), "--reason", "key_compromised", "--last-good", 3, "--trust", copy
    )
    assert "sau mục 3" in said(made)


def test_every_command_of_the_ceremonys_script_exists() -> None:
    """Each `temthat trust X` of docs/ceremony.md and its options; and each command is in the script."""
    from typer.main import get_command

    from temthat_verify_api.commands.trust import app as trust

    commands = get_command(trust).commands  # type: ignore[attr-defined]
    text = (ROOT / "docs" / "ceremony.md").read_text("utf-8")
    for name, rest in re.findall(r"temthat trust ([a-z]+)([^\n`]*)", text):
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest.partition("#")[0])) <= known, (name, rest)
    assert set(commands) == set(re.findall(r"temthat trust ([a-z]+)", text))
