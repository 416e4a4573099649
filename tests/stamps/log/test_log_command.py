"""`temthat log` as an auditor meets it: exit codes, words in both languages, JSON, proofs that others can use."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from temthat_stamps.bundle.proof import enclosed_statement
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.log_command import BROKEN, FORKED, FOUND, WELL, WENT_BACK, app
from temthat_stamps.log.proof import TlogProof
from temthat_stamps.log.report_words import SHOWN

from .published import ForeignLog, publish
from .world import ORIGIN, Issuer, World, founded


@pytest.fixture
def world() -> World:
    """Open, with one province."""
    return founded("31")


@pytest.fixture
def issuer(world: World) -> Issuer:
    """A cooperative with one run."""
    issuer = world.enrol("31")
    issuer.run(issuer.open_key())
    return issuer


@pytest.fixture
def public(world: World, issuer: Issuer, tmp_path: Path) -> Path:
    """The folder it is published in."""
    return publish(world, tmp_path / "public")


def run(world: World, command: str, *arguments: object, origin: str = ORIGIN) -> Result:
    """The command with this world's name and key."""
    named = ["--origin", origin, "--key", world.log_signer.vkey]
    return CliRunner().invoke(app, [command, *map(str, arguments), *named])


def body(result: Result) -> dict[str, Any]:
    """Its JSON."""
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


# -- audit --


def test_a_clean_log_in_words(world: World, public: Path) -> None:
    result = run(world, "audit", public)
    assert result.exit_code == WELL
    for words in (
        f"Sổ công khai {ORIGIN}: 5 mục",
        "newest statement of: 2026-05-04T02:04:00Z",
        "Mọi mã băm, mốc sổ và chữ ký của sổ đều đúng.",
        "Chưa kiểm tra bên chứng kiến nào",
        "Sổ tem: 1 đợt in, 100 tem.",
        "Stamp ledger: runs 1, stamps 100.",
        "Chưa công bố gói dữ liệu nào.",
        "✔ Không thấy điều gì sai.",
        "Nothing is wrong.",
    ):
        assert words in result.stdout
    assert result.stderr == ""


def test_a_clean_log_as_json(world: World, public: Path) -> None:
    result = run(world, "audit", public, "--json")
    assert result.exit_code == WELL
    report = body(result)
    assert (report["size"], report["hashes"], report["findings"]) == (5, "ok", [])
    assert report["ledger"]["stamps"] == 100


def test_findings_name_the_entry_and_whose_fault_it_is(world: World, issuer: Issuer, tmp_path: Path) -> None:
    first = world.entries[-1]
    world.append(first)
    world.append(b"\x1b[2Jno statement")
    public = publish(world, tmp_path / "public")
    result = run(world, "audit", public)
    assert result.exit_code == FOUND
    assert "✖ 2 điều sai:" in result.stdout
    assert "mục 5 / entry 5 · run_taken · lỗi: đơn vị phát hành / fault: the issuer" in result.stdout
    assert (
        "mục 6 / entry 6 · unreadable · lỗi: đơn vị vận hành sổ / fault: the log's operator" in result.stdout
    )
    assert "Đợt in 1 đã được đăng ký ở mục 4" in result.stdout
    assert "\x1b" not in result.stdout
    report = body(run(world, "audit", public, "--json"))
    assert [(f["index"], f["code"], f["fault"]) for f in report["findings"]] == [
        (5, "run_taken", "issuer"),
        (6, "unreadable", "operator"),
    ]
    assert report["entries"]["unknown"] == 1


def test_many_findings_are_summed_up(world: World, issuer: Issuer, tmp_path: Path) -> None:
    for _ in range(SHOWN + 7):
        world.append(b"no statement")
    result = run(world, "audit", publish(world, tmp_path / "public"))
    assert result.exit_code == FOUND
    assert result.stdout.count("/ entry ") == SHOWN
    assert "Còn 7 điều nữa" in result.stdout
    assert re.search(rf"unreadable +{SHOWN + 7}\b", result.stdout)


def test_witnesses_asked_for(world: World, issuer: Issuer, cosigners: list[Cosigner], tmp_path: Path) -> None:
    here, away = cosigners[:2]
    public = publish(world, tmp_path / "public", here)
    good = run(world, "audit", public, "--witness", here.vkey)
    assert good.exit_code == WELL
    assert f"1 bên chứng kiến: {here.key.name} (2026-" in good.stdout
    missing = run(world, "audit", public, "--witness", here.vkey, "--witness", away.vkey)
    assert missing.exit_code == FOUND
    assert "cả sổ / the whole log · witnesses_missing" in missing.stdout
    assert f"“{away.key.name}” chưa xác nhận" in missing.stdout


def test_a_root_from_elsewhere(world: World, public: Path, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_bytes(world.files["trust/1.root.json"])
    wrong.write_bytes(founded("31", seed=8).files["trust/1.root.json"])
    assert run(world, "audit", public, "--root", right).exit_code == WELL
    assert run(world, "audit", public, "--root", wrong).exit_code == FOUND


def test_a_broken_log_is_exit_code_2_in_words_and_json(world: World, public: Path) -> None:
    (public / "tile/0/000.p/5").write_bytes(bytes(160))
    result = run(world, "audit", public)
    assert result.exit_code == BROKEN
    assert result.stdout == ""
    assert "bị hỏng hoặc bị sửa" in result.stderr
    assert "another copy" in result.stderr
    result = run(world, "audit", public, "--json")
    assert result.exit_code == BROKEN
    error = body(result)["error"]
    assert (error["code"], error["fault"]) == ("bad_tile", "operator")
    assert {"vi", "en"} <= error.keys()


def test_what_cannot_be_read_is_exit_code_2(world: World, public: Path, tmp_path: Path) -> None:
    for arguments, code in (
        (["audit", tmp_path / "nowhere"], "not_in_log"),
        (["audit", "http://127.0.0.1:1/log"], "unreachable"),
        (["audit", public, "--witness", "no key"], "bad_note"),
        (["audit", public, "--root", tmp_path / "nowhere"], "trust_error"),
    ):
        result = run(world, *map(str, arguments), "--json")
        assert (result.exit_code, body(result)["error"]["code"]) == (BROKEN, code)
    other = run(world, "audit", public, "--json", origin="other.example/log")
    assert (other.exit_code, body(other)["error"]["code"]) == (BROKEN, "bad_note")


def test_a_log_of_other_software(tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [b"%d" % number for number in range(300)])
    named = ["--origin", log.name, "--key", log.vkey]
    result = CliRunner().invoke(app, ["audit", str(tmp_path), *named, "--json"])
    assert result.exit_code == WELL
    report = body(result)
    assert (report["size"], report["entries"]) == (300, "unknown")
    assert report["root"] == base64.b64encode(log.root).decode()
    words = CliRunner().invoke(app, ["audit", str(tmp_path), *named])
    assert "Sổ của phần mềm khác" in words.stdout
    assert "Sổ tem" not in words.stdout


# -- watch --


def test_watching_a_name(world: World, issuer: Issuer, public: Path, tmp_path: Path) -> None:
    options = [public, "--state", tmp_path / "state", "--issuer", issuer.id]
    first = run(world, "watch", *options)
    assert first.exit_code == WELL
    assert "mục 4 · 2026-05-04T02:04:00Z" in first.stdout
    assert "đợt in 1: 100 tem" in first.stdout
    assert "run 1: 100 stamps" in first.stdout
    again = run(world, "watch", *options)
    assert "đợt in" not in again.stdout
    assert "Đã xem mục 5 đến 5" in again.stdout
    issuer.close_key(issuer.open_key())
    publish(world, public)
    lines = [json.loads(line) for line in run(world, "watch", *options, "--json").stdout.splitlines()]
    assert [line["told"]["type"] for line in lines[:-1]] == ["key_opened", "key_closed"]
    assert lines[-1] == {"looked": {"from": 5, "size": 7}}


@pytest.mark.parametrize("options", [["--issuer", "HTX-MAU"], ["--province", "1"], ["--province", "Hà Nội"]])
def test_a_name_that_nothing_could_ever_match_is_refused(
    world: World, public: Path, tmp_path: Path, options: list[str]
) -> None:
    result = run(world, "watch", public, "--state", tmp_path / "state", *options)
    assert result.exit_code == BROKEN
    assert not (tmp_path / "state").exists()


def test_an_id_is_known_in_any_spelling(world: World, issuer: Issuer, public: Path, tmp_path: Path) -> None:
    result = run(world, "watch", public, "--state", tmp_path / "state", "--issuer", issuer.id.upper())
    assert "đợt in 1" in result.stdout


def test_two_faces_and_an_older_log_have_exit_codes_of_their_own(
    world: World, public: Path, tmp_path: Path
) -> None:
    state = ["--state", tmp_path / "state"]
    run(world, "watch", public, *state)
    twin = founded("31")
    for _ in range(4):
        twin.enrol("31")
    result = run(twin, "watch", publish(twin, tmp_path / "twin"), *state, "--every", "1")
    assert result.exit_code == FORKED
    assert "SỔ BỊ RẼ NHÁNH" in result.stderr
    assert run(world, "fork", tmp_path / "state.fork").exit_code == FORKED
    short = founded("31")
    result = run(short, "watch", publish(short, tmp_path / "short"), *state, "--json")
    assert result.exit_code == WENT_BACK
    assert body(result)["error"]["code"] == "went_back"


def test_a_watcher_looks_again_and_again(world: World, public: Path, tmp_path: Path) -> None:
    """A log that is away for a while is told of and asked again; Ctrl-C ends it."""
    command = [sys.executable, "-c", "from temthat.main import main; main()", "log", "watch", str(public)]
    options = ["--origin", ORIGIN, "--key", world.log_signer.vkey, "--state", str(tmp_path / "state")]
    hidden = public.rename(tmp_path / "away")
    with subprocess.Popen(
        [*command, *options, "--every", "1", "--json"], stdout=subprocess.PIPE, text=True
    ) as watching:
        try:
            assert watching.stdout is not None
            assert json.loads(watching.stdout.readline())["error"]["code"] == "not_in_log"
            hidden.rename(public)
            while "looked" not in (line := json.loads(watching.stdout.readline())):
                assert "told" in line or line["error"]["code"] == "not_in_log"
            assert line["looked"] == {"from": 0, "size": 5}
            assert json.loads(watching.stdout.readline())["looked"] == {"from": 5, "size": 5}
        finally:
            watching.terminate()


# -- proofs --


def test_an_entry_is_proved_and_the_proof_checked_without_the_log(
    world: World, issuer: Issuer, cosigners: list[Cosigner], tmp_path: Path
) -> None:
    public = publish(world, tmp_path / "public", *cosigners[:2])
    out = tmp_path / "entry-4.proof"
    made = run(world, "prove", public, "4", "--out", out)
    assert made.exit_code == WELL
    assert "mục 4" in made.stdout
    assert enclosed_statement(out.read_bytes()) == world.entries[4]
    witnesses = ["--witness", cosigners[0].vkey, "--witness", cosigners[1].vkey]
    checked = run(world, "check", out, *witnesses)
    assert checked.exit_code == WELL
    for words in ("✔ Mục 4 có trong sổ", "(5 mục)", "2 bên chứng kiến", "đợt in 1: 100 tem", "Entry 4 is in"):
        assert words in checked.stdout
    told = body(run(world, "check", out, *witnesses, "--json"))
    assert (told["index"], told["size"], told["entry"]["run"]) == (4, 5, 1)
    assert set(told["cosigned"]) == {cosigner.key.name for cosigner in cosigners[:2]}


def test_a_proof_without_its_entry_takes_one_from_a_file(world: World, public: Path, tmp_path: Path) -> None:
    """As the entry's page gives them: a bare proof and the envelope."""
    proof, entry = tmp_path / "entry-4.proof", tmp_path / "entry-4.json"
    run(world, "prove", public, "4", "--out", proof)
    bare = TlogProof.parse(proof.read_bytes())
    proof.write_bytes(TlogProof(bare.index, bare.hashes, bare.checkpoint).format())
    entry.write_bytes(world.entries[4])
    assert run(world, "check", proof, "--entry", entry).exit_code == WELL
    nothing = run(world, "check", proof)
    assert nothing.exit_code == FOUND
    assert "--entry TỆP" in nothing.stderr


def test_a_proof_that_proves_nothing_is_exit_code_1(
    world: World, public: Path, cosigners: list[Cosigner], tmp_path: Path
) -> None:
    out, other = tmp_path / "proof", tmp_path / "other"
    run(world, "prove", public, "4", "--out", out)
    other.write_bytes(world.entries[3])
    for arguments, code in (
        ([out, "--entry", other], "bad_proof"),
        ([out, "--witness", cosigners[0].vkey], "too_few_witnesses"),
        ([other], "bad_note"),
    ):
        result = run(world, "check", *arguments, "--json")
        assert (result.exit_code, body(result)["error"]["code"]) == (FOUND, code)
    assert run(world, "check", tmp_path / "nowhere").exit_code == BROKEN
    assert run(world, "check", out, "--witness", "no key").exit_code == BROKEN
    assert run(founded("31", seed=9), "check", out).exit_code == FOUND


def test_a_proof_on_standard_output_is_the_bytes(world: World, public: Path) -> None:
    result = run(world, "prove", public, "0")
    assert TlogProof.parse(result.stdout_bytes).index == 0


def test_there_is_no_proof_of_what_is_not_there(world: World, public: Path) -> None:
    result = run(world, "prove", public, "5")
    assert result.exit_code == BROKEN
    assert "no entry 5" in result.stderr


def test_a_proof_from_a_log_of_other_software(tmp_path: Path) -> None:
    log = ForeignLog(tmp_path / "log", [b"\xff%d" % number for number in range(300)])
    named, out = ["--origin", log.name, "--key", log.vkey], str(tmp_path / "proof")
    invoke = CliRunner().invoke
    assert invoke(app, ["prove", str(log.folder), "299", *named, "--out", out]).exit_code == WELL
    assert invoke(app, ["check", out, *named]).exit_code == WELL
    assert json.loads(invoke(app, ["check", out, *named, "--json"]).stdout)["entry"] is None


def test_it_loads_nothing_of_the_server() -> None:
    """Nor, before they are needed, the HTTP client and TUF."""
    check = (
        "import sys, temthat_stamps.log.log_command as _\n"
        "print({'sqlalchemy', 'alembic', 'fastapi', 'starlette', 'httpx', 'tuf', 'nacl'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "set()"


def test_a_part_that_is_not_installed_is_named(public: Path, world: World) -> None:
    """Without tuf: what to install, not a traceback."""
    check = (
        "import sys; sys.modules['tuf'] = None\n"
        "from temthat_stamps.log.log_command import app; app(sys.argv[1:])"
    )
    named = ["--origin", ORIGIN, "--key", world.log_signer.vkey]
    done = subprocess.run(
        [sys.executable, "-c", check, "audit", str(public), *named],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == BROKEN
    assert 'pip install "temthat[scanner]"' in done.stderr
    assert "Traceback" not in done.stderr
