"""`temthat signer` and `temthat own` as people type them: files in, files out, words for everything."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from temthat_stamps.custody import own_command, signer_command
from temthat_stamps.custody.masterkey import read_master_key
from temthat_stamps.custody.order import Order, Request, signed_from_json
from temthat_stamps.custody.state import Quota
from temthat_stamps.custody.vault import Vault
from temthat_stamps.manifest import Activated

if TYPE_CHECKING:
    from tests.stamps.custody.conftest import TinyLog

ISSUER = "00000000-0000-0000-0000-000000000001"
ORIGIN = "tem.example.vn/log"
PHRASE = "correct horse battery"


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def own(*arguments: object, typed: str = "", phrase: str | None = PHRASE) -> Result:
    environment = {"TEMTHAT_OWN_PASSPHRASE": phrase, "TEMTHAT_TOKEN_PIN": ""}
    return CliRunner().invoke(own_command.app, [str(a) for a in arguments], input=typed, env=environment)


def signer(*arguments: object) -> Result:
    return CliRunner().invoke(signer_command.app, [str(a) for a in arguments])


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second for each key would be the whole test."""
    monkeypatch.setattr(own_command, "SCRYPT_WORK", 16)


@pytest.fixture
def keys(tmp_path: Path, log: "TinyLog") -> Path:
    """A folder made by `temthat own new`."""
    trust = log.write_policy(tmp_path / "log.json")
    folder = tmp_path / "keys"
    done = own("new", folder, "--log", trust, "--issuer", ISSUER, "--province", "24")
    assert done.exit_code == 0, done.output
    assert "Liên minh" in done.output
    return folder


def test_own_from_order_to_closed_key(
    keys: Path, tmp_path: Path, log: "TinyLog", make_order: Callable[..., Order], now: dt.datetime
) -> None:
    """sign, (the log proves), print, close: each says what it did and what to do next."""
    order = make_order(count=3, made_on=now.date(), expires_on=None, sources=())
    (tmp_path / "order.json").write_bytes(order.to_json())
    done = own("sign", tmp_path / "order.json", "--keys", keys, typed="y\n")
    assert done.exit_code == 0, done.output
    assert "HTX Vải thiều Lục Ngạn" in done.output
    assert "2 văn bản" in done.output
    signed = signed_from_json((tmp_path / "order.signed.json").read_bytes())
    (tmp_path / "proof").write_bytes(log.add(*signed.statements))
    done = own("print", tmp_path / "order.json", tmp_path / "proof", "--keys", keys, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "dot-7-tem-1-3.pdf").read_bytes().startswith(b"%PDF")
    done = own("close", "--keys", keys, "--early", "--yes", "--out", tmp_path / "closed.json")
    assert done.exit_code == 0, done.output
    assert len(signed_from_json((tmp_path / "closed.json").read_bytes()).statements) == 1
    assert not list(keys.glob("stamp-*.key"))
    assert "Không có khóa tem nào" in own("close", "--keys", keys).output


def test_own_signs_nothing_without_a_yes(
    keys: Path, tmp_path: Path, make_order: Callable[..., Order]
) -> None:
    """Shown, declined: no statement, no stamp key."""
    (tmp_path / "order.json").write_bytes(make_order().to_json())
    done = own("sign", tmp_path / "order.json", "--keys", keys, typed="n\n")
    assert done.exit_code == 1
    assert "Không ký gì" in done.output
    assert not list(keys.glob("stamp-*"))
    assert not (tmp_path / "order.signed.json").exists()


def test_own_signs_a_request(keys: Path, tmp_path: Path, now: dt.datetime) -> None:
    """A statement that is no run travels the same way."""
    (tmp_path / "r.json").write_bytes(Request(Activated(ORIGIN, ISSUER, 7, now)).to_json())
    done = own("sign", tmp_path / "r.json", "--keys", keys, "--out", tmp_path / "s.json", "--yes")
    assert done.exit_code == 0, done.output
    assert "kích hoạt đợt in 7" in done.output
    assert len(signed_from_json((tmp_path / "s.json").read_bytes()).statements) == 1


def test_own_says_what_is_wrong(keys: Path, tmp_path: Path, make_order: Callable[..., Order]) -> None:
    """A wrong pass phrase, no folder, a file that is none, a missing file: words and exit code 1, no traceback."""
    (tmp_path / "order.json").write_bytes(make_order().to_json())
    (tmp_path / "none.json").write_text("{}")
    for done, says in (
        (
            own("sign", tmp_path / "order.json", "--keys", keys, "--yes", phrase="wrong pass phrase"),
            "Mật khẩu",
        ),
        (own("sign", tmp_path / "order.json", "--keys", tmp_path, "--yes"), "temthat own new"),
        (own("sign", tmp_path / "none.json", "--keys", keys, "--yes"), "Xin dịch vụ xuất lại"),
        (own("sign", tmp_path / "missing.json", "--keys", keys, "--yes"), "Không đọc"),
        (own("trust", tmp_path / "none.json", "--keys", keys), "log.json"),
        (
            own("new", keys, "--log", tmp_path / "log.json", "--issuer", ISSUER, "--province", "24"),
            "không ghi đè",
        ),
    ):
        assert done.exit_code == 1, done.output
        assert says in done.output
        assert PHRASE not in done.output


def test_own_asks_for_the_pass_phrase_unseen(keys: Path, tmp_path: Path, now: dt.datetime) -> None:
    """Not given in the environment, it is typed, and not echoed."""
    (tmp_path / "r.json").write_bytes(Request(Activated(ORIGIN, ISSUER, 7, now)).to_json())
    done = own("sign", tmp_path / "r.json", "--keys", keys, "--yes", typed=PHRASE + "\n", phrase=None)
    assert done.exit_code == 0, done.output
    assert PHRASE not in done.output


def test_signer_new_and_its_journal(tmp_path: Path, now: dt.datetime) -> None:
    """The folder is made once; the journal shows what was done for whom, and as JSON lines."""
    folder = tmp_path / "signer"
    done = signer("new", folder)
    assert done.exit_code == 0, done.output
    assert "Sao lưu ngay" in done.output
    assert signer("new", folder).exit_code == 1
    vault = Vault(read_master_key(folder), ORIGIN, None, folder, Quota())
    wrapped = vault.new_issuer_key(ISSUER)
    vault.sign_statement(ISSUER, wrapped, Activated(ORIGIN, ISSUER, 7, now).body())
    vault.state.close()
    shown = signer("journal", folder)
    assert "khóa đơn vị mới" in shown.output
    assert "ký văn bản" in shown.output
    lines = [json.loads(line) for line in signer("journal", folder, "--json").output.splitlines()]
    assert [line["act"] for line in lines] == ["issuer_key", "statement"]
    assert lines[1]["what"].startswith("activated ")
    assert signer("journal", folder, "--issuer", ISSUER.replace("1", "2")).output == ""
    assert signer("journal", tmp_path / "elsewhere").exit_code == 1


def test_signer_quota_counts_from_the_next_signature_on(tmp_path: Path) -> None:
    """What the command stores, the vault finds."""
    folder = tmp_path / "signer"
    signer("new", folder)
    done = signer("quota", folder, ISSUER, "--day", 10, "--month", 20)
    assert done.exit_code == 0, done.output
    vault = Vault(read_master_key(folder), ORIGIN, None, folder)
    assert vault.state.quota(ISSUER) == Quota(10, 20, Quota().statements_per_minute)
    vault.state.close()
