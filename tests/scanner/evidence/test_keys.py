"""Whose device signed: the list an authority keeps, and what verifying says by it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from temthat.main import app
from temthat_stamps.keys import key_id, public_bytes

from .making import KEY, body_of, check, enclose

runner = CliRunner()
OURS = key_id(public_bytes(KEY))
GROUPED = " ".join(OURS[at : at + 4] for at in range(0, 64, 4)).upper()


def keys(file: Path, *arguments: str) -> Result:
    return runner.invoke(app, ["evidence", "keys", str(file), *arguments])


def note(file: Path, *arguments: str, fingerprint: str = GROUPED) -> Result:
    common = ("--label", "Máy 3, chị Lan", "--province", "24", "--authority", "Liên minh HTX Bắc Ninh")
    return keys(file, "--add", fingerprint, *common, *arguments)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Signed by a device on 20 May 2026, from 10:00 to 11:00 in Vietnam."""
    file = tmp_path / "evidence.json"
    file.write_bytes(
        enclose(
            body_of(check("x", "2026-05-20T03:01:00Z", "not_ours", how="unaided", data=None), photos=[]),
            photos={},
        )
    )
    return file


def verify(evidence: Path, listed: Path) -> Result:
    return runner.invoke(app, ["evidence", "verify", str(evidence), "--keys", str(listed)])


def test_a_device_on_the_list(tmp_path: Path, evidence: Path) -> None:
    """Who, where and for which days; the list by its hash; both days are included. Pages say it too."""
    listed = tmp_path / "keys.json"
    noted = note(listed, "--since", "2026-05-20", "--until", "2026-05-20")
    assert noted.exit_code == 0, noted.output
    assert "Máy 3, chị Lan, Bắc Ninh, 20/05/2026 – 20/05/2026" in noted.output
    result = verify(evidence, listed)
    assert result.exit_code == 0, result.output
    for said in ("Liên minh HTX Bắc Ninh, SHA-256", "Máy 3, chị Lan, Bắc Ninh", "NGUYÊN VẸN"):
        assert said in result.output
    assert "ask the authority" not in result.output
    hashed = noted.output.rpartition("SHA-256: ")[2].strip()
    assert hashed in result.output
    pdf = tmp_path / "evidence.pdf"
    shown = runner.invoke(app, ["evidence", "show", str(evidence), "--pdf", str(pdf), "--keys", str(listed)])
    assert (shown.exit_code, pdf.exists()) == (0, True)


@pytest.mark.parametrize(
    ("days", "fingerprint", "said"),
    [
        (("--since", "2026-05-21"), GROUPED, "did not count"),
        (("--since", "2026-01-01", "--until", "2026-05-19"), GROUPED, "did not count"),
        (("--since", "2026-01-01"), "ab" * 32, "not on the authority's list"),
    ],
    ids=["too early", "too late", "another device"],
)
def test_a_device_that_is_not(
    days: tuple[str, ...], fingerprint: str, said: str, tmp_path: Path, evidence: Path
) -> None:
    """Wrong, exit code 1; the signature may be as good as it likes."""
    listed = tmp_path / "keys.json"
    assert note(listed, *days, fingerprint=fingerprint).exit_code == 0
    result = verify(evidence, listed)
    assert result.exit_code == 1, result.output
    assert said in result.output
    assert "WHOLE" not in result.output


def test_a_device_that_was_lost_and_one_that_moved(tmp_path: Path, evidence: Path) -> None:
    """A period ends; another may begin after it, never within it."""
    listed = tmp_path / "keys.json"
    assert note(listed, "--since", "2026-01-01").exit_code == 0
    again = note(listed, "--since", "2026-06-01")
    assert again.exit_code == 2
    assert "is listed already" in again.output
    assert keys(listed, "--end", OURS, "--until", "2026-05-19").exit_code == 0
    assert verify(evidence, listed).exit_code == 1
    assert note(listed, "--since", "2026-05-20", "--label", "Máy 3, anh Hùng").exit_code == 0
    result = verify(evidence, listed)
    assert result.exit_code == 0, result.output
    assert "Máy 3, anh Hùng" in result.output
    assert keys(listed).output.count("Bắc Ninh, ") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--add", "12 34", "--label", "Máy"),
        ("--add", "zz" * 32, "--label", "Máy"),
        ("--add", GROUPED),
        ("--add", GROUPED, "--label", "Máy", "--province", "99"),
        ("--add", GROUPED, "--label", "Máy", "--since", "2026-05-02", "--until", "2026-05-01"),
        ("--end", GROUPED),
    ],
    ids=["too short", "no digits", "whose", "no province", "backwards", "not listed"],
)
def test_what_cannot_be_noted(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A sentence in both languages, and the list stays as it was."""
    listed = tmp_path / "keys.json"
    assert note(listed, fingerprint="ab" * 32).exit_code == 0
    before = listed.read_bytes()
    result = keys(listed, *arguments)
    assert result.exit_code == 2, result.output
    assert "KHÔNG LÀM ĐƯỢC" in result.output
    assert "REFUSED" in result.output
    assert listed.read_bytes() == before


def test_a_new_list_names_its_authority(tmp_path: Path) -> None:
    """Nothing is written without, nor where it cannot be."""
    result = keys(tmp_path / "keys.json", "--add", GROUPED, "--label", "Máy")
    assert result.exit_code == 2
    assert not (tmp_path / "keys.json").exists()
    assert note(tmp_path / "nowhere" / "keys.json").exit_code == 2
    assert keys(tmp_path / "none.json").exit_code == 2


def _broken() -> dict[str, bytes]:
    key = {"fingerprint": OURS, "label": "Máy", "province": "24", "since": "2026-01-01"}

    def listed(*found: object, **more: object) -> bytes:
        return json.dumps(
            {"v": 1, "type": "inspector-keys", "authority": "LM", "keys": found} | more
        ).encode()

    return {
        "empty": b"",
        "torn": listed(key)[:-9],
        "a list": b"[]",
        "evidence": b'{"envelope":{},"photos":{}}',
        "newer": listed(key, v=2),
        "no keys": listed(keys={}),
        "a word": listed("key"),
        "no fingerprint": listed({**key, "fingerprint": OURS.upper()}),
        "no day": listed({**key, "since": "2026-02-30"}),
        "no province": listed({**key, "province": "x"}),
        "twice": listed(key).replace(b'"authority"', b'"v": 1, "authority"'),
    }


@pytest.mark.parametrize("name", sorted(_broken()))
def test_what_is_no_list(name: str, tmp_path: Path, evidence: Path) -> None:
    """Unusable, not wrong: nothing is said of the evidence by half a list."""
    listed = tmp_path / "keys.json"
    listed.write_bytes(_broken()[name])
    for result in (keys(listed), verify(evidence, listed)):
        assert result.exit_code == 2, result.output
        assert "is no list of keys" in result.output


def test_a_list_that_is_full_stays_one_that_can_be_read(tmp_path: Path) -> None:
    listed = tmp_path / "keys.json"
    note(listed)
    body = json.loads(listed.read_text("utf-8"))
    [key] = body["keys"]
    body["keys"] = [key | {"fingerprint": f"{number:064x}"} for number in range(10_000)]
    listed.write_text(json.dumps(body), "utf-8")
    before = listed.read_bytes()
    result = note(listed)
    assert (result.exit_code, "begin another one" in result.output) == (2, True)
    assert listed.read_bytes() == before
