"""`--trust`, `--update`, `--province`, `--root`: where trust data comes from, and what is said when it cannot be used.

Old, missing or foreign data is never a reason to call a stamp genuine.
"""

import datetime as dt
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from temthat.main import app
from temthat_stamps.trust.accepted import fingerprint

from ..stamps.bundle.serving import Site
from .conftest import World, new_world

runner = CliRunner()


def scan(text: str, *arguments: object) -> tuple[Result, list[dict[str, Any]]]:
    result = runner.invoke(app, ["scan", "--json", *map(str, arguments)], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def word(lines: list[dict[str, Any]]) -> tuple[str, list[str]]:
    [line] = lines
    return line["verdict"], [reason["key"] for reason in line["reasons"]]


def check_refused(result: Result, vi: str, en: str) -> None:
    """Nothing was judged: exit code 4, and words in both languages that say what it is."""
    assert result.exit_code == 4, result.output
    assert result.stdout == ""
    told = " ".join(result.stderr.split())
    assert vi in told
    assert en in told


# -- where it comes from --


def test_first_use_pins_the_root_and_says_so(world: World, tmp_path: Path) -> None:
    """Once, with the fingerprint to compare, in both languages; another service's pack is refused from then on."""
    root = world.root.read_bytes()
    result, lines = scan(world.stamp(1, 1), "--trust", world.folder)
    assert word(lines)[0] == "genuine_offline"
    assert result.stderr.count(fingerprint(root)) == 2
    assert "Lần đầu dùng" in result.stderr
    assert "First use" in result.stderr
    assert (world.folder / "root.json").read_bytes() == root
    again, _ = scan(world.stamp(1, 1), "--trust", world.folder)
    assert again.stderr == ""
    other = new_world(tmp_path / "other")
    other.pack(world.folder)
    foreign, lines = scan(world.stamp(1, 1), "--trust", world.folder)
    assert "Chưa cập nhật được" in foreign.stderr
    assert "The trust data was not updated" in foreign.stderr
    assert word(lines)[0] == "genuine_offline"
    assert word(scan(other.stamp(1, 1), "--trust", world.folder)[1])[0] == "forged"


def test_a_root_brought_along_is_used_without_a_remark(
    world: World, published: World, tmp_path: Path
) -> None:
    """`--root` is what somebody trusted handed over; a pack of another root is refused, and nothing is pinned by it."""
    result, lines = scan(world.stamp(1, 1), "--trust", world.folder, "--root", world.root)
    assert (word(lines)[0], result.stderr) == ("genuine_offline", "")
    other = new_world(tmp_path / "other")
    folder = tmp_path / "new"
    other.pack(folder)
    result, _ = scan(world.stamp(1, 1), "--trust", folder, "--root", world.root)
    assert result.exit_code == 4
    assert not (folder / "root.json").exists()
    assert not (folder / "installed.json").exists()


def test_a_pack_may_be_named_itself(world: World) -> None:
    """`--trust trust.json`: what is kept lies beside it."""
    _, lines = scan(world.stamp(1, 1), "--trust", world.folder / "trust.json")
    assert word(lines)[0] == "genuine_offline"
    assert (world.folder / "installed.json").exists()


def test_a_newer_pack_in_the_folder_is_taken(own_world: World) -> None:
    """A new file over the old one is enough; so is an older one no harm."""
    own_world.pack()
    old = (own_world.folder / "trust.json").read_bytes()
    scan(own_world.stamp(1, 1), "--trust", own_world.folder)
    own_world.house.run(own_world.by)
    own_world.house.publish()
    text = own_world.stamp(3, 1)
    assert word(scan(text, "--trust", own_world.folder)[1]) == ("cannot_tell", ["newer_than_data", "data_of"])
    own_world.pack()
    assert word(scan(text, "--trust", own_world.folder)[1])[0] == "genuine_offline"
    (own_world.folder / "trust.json").write_bytes(old)
    result, lines = scan(text, "--trust", own_world.folder)
    assert word(lines)[0] == "genuine_offline"
    assert "Chưa cập nhật được" in result.stderr


@pytest.mark.parametrize("way", ["folder", "pack", "http", "http without ranges"])
def test_update_from_anywhere(own_world: World, tmp_path: Path, way: str) -> None:
    """A public folder on a stick, a pack, a web address: the same data; then only what grew is fetched again."""
    folder = tmp_path / "till"
    with Site(own_world.house.public, ranges=way == "http") as site:

        def where() -> object:
            if way == "folder":
                return own_world.house.public
            return own_world.pack(tmp_path / "stick") if way == "pack" else site.url

        first, lines = scan(own_world.stamp(1, 1), "--trust", folder, "--update", where())
        assert word(lines)[0] == "genuine_offline"
        assert "Lần đầu dùng" in first.stderr
        own_world.house.run(own_world.by)
        own_world.house.publish()
        site.requests.clear()
        result, lines = scan(own_world.stamp(3, 1), "--trust", folder, "--update", where())
        assert (word(lines)[0], result.stderr) == ("genuine_offline", "")
        if way.startswith("http"):
            assert "/bundle/issuers" not in site.requests


def test_only_the_provinces_asked_for(own_world: World, tmp_path: Path) -> None:
    """`--province` fetches that province alone and is remembered; elsewhere's stamps are `cannot_tell`."""
    away = own_world.house.producer("96")
    own_world.house.run(away)
    own_world.house.publish()
    folder = tmp_path / "till"
    with Site(own_world.house.public) as site:
        scan("x", "--trust", folder, "--update", site.url, "--province", "24")
        assert not [path for path in site.requests if path.startswith("/bundle/96-")]
        site.requests.clear()
        scan("x", "--trust", folder, "--update", site.url)
        assert not [path for path in site.requests if path.startswith("/bundle/96-")]
    there = World(folder, own_world.house, away)
    assert word(scan(there.stamp(3, 1), "--trust", folder)[1]) == (
        "cannot_tell",
        ["unknown_key", "no_shard", "data_of"],
    )
    assert word(scan(own_world.stamp(1, 1), "--trust", folder)[1])[0] == "genuine_offline"


# -- what goes wrong --


def test_an_interrupted_update_leaves_the_last_good_data(own_world: World, tmp_path: Path) -> None:
    """Whichever file the line goes down at, the stamp is judged by what was there; the next update finishes."""
    folder = tmp_path / "till"
    text = own_world.stamp(1, 1)
    with Site(own_world.house.public) as site:
        scan(text, "--trust", folder, "--update", site.url)
        own_world.house.run(own_world.by)
        own_world.house.publish()
        broken = 0
        for path in ("/trust/timestamp.json", "/bundle/bundle.proof", "/bundle/bundle.json", "/bundle/24-"):
            site.fault = lambda asked, data, path=path: None if asked.startswith(path) else data  # type: ignore[misc]
            result, lines = scan(text, "--trust", folder, "--update", site.url)
            assert word(lines)[0] == "genuine_offline"
            assert "dùng dữ liệu đang có" in result.stderr
            assert "what is here is used" in result.stderr
            broken += 1
        assert broken == 4
        assert word(scan(own_world.stamp(3, 1), "--trust", folder)[1])[0] == "cannot_tell"
        site.fault = lambda _, data: data
        assert word(scan(own_world.stamp(3, 1), "--trust", folder, "--update", site.url)[1])[0] == (
            "genuine_offline"
        )


def test_a_refused_update_leaves_the_last_good_data(own_world: World, tmp_path: Path) -> None:
    """A file that is not the one on the list, however it came to be so."""
    folder = tmp_path / "till"
    with Site(own_world.house.public) as site:
        scan("x", "--trust", folder, "--update", site.url)
        own_world.house.run(own_world.by)
        own_world.house.publish()
        bad = own_world.house.public / "bundle" / "notices"
        bad.write_bytes(bad.read_bytes() + b"\0")
        shard = next(bad.parent.glob("24-*[0-9]"))
        shard.write_bytes(shard.read_bytes()[:-1] + b"\x7f")
        result, lines = scan(own_world.stamp(1, 1), "--trust", folder, "--update", site.url)
    assert word(lines)[0] == "genuine_offline"
    assert "is not the one on the list" in result.stderr


def test_no_data_at_all(tmp_path: Path, world: World) -> None:
    check_refused(
        scan(world.stamp(1, 1), "--trust", tmp_path / "none")[0],
        "chưa có dữ liệu tin cậy. Tải từ máy chủ (/api/v1/trust), hoặc chạy với --update.",
        "has no trust data yet. Fetch it (/api/v1/trust), or run with --update.",
    )


def test_a_public_folder_is_no_folder_of_a_scanner(world: World) -> None:
    check_refused(
        scan(world.stamp(1, 1), "--trust", world.house.public)[0],
        "là bản sao thư mục công khai của máy chủ",
        "is a copy of a service's public folder",
    )


@pytest.mark.parametrize("spoil", ["torn", "not JSON", "another file"])
def test_a_damaged_pack(world: World, spoil: str) -> None:
    pack = world.folder / "trust.json"
    data = {"torn": pack.read_bytes()[:5_000], "not JSON": b"\xff\x00", "another file": b'{"type":"x","v":1}'}
    pack.write_bytes(data[spoil])
    check_refused(
        scan(world.stamp(1, 1), "--trust", world.folder)[0],
        "tệp không phải dữ liệu tin cậy của TemThật",
        "the file is no trust pack",
    )


def test_expired_trust_data_at_first_use(tmp_path: Path) -> None:
    """A pack from three weeks ago proves nothing about today; what was installed in time answers by its age."""
    old = new_world(tmp_path, dt.timedelta(days=20))
    old.pack()
    check_refused(scan(old.stamp(1, 1), "--trust", old.folder)[0], "hết hạn", "expired")
    assert not (old.folder / "root.json").exists()


def test_an_unreachable_source(world: World, tmp_path: Path) -> None:
    check_refused(
        scan(world.stamp(1, 1), "--trust", tmp_path / "none", "--update", "http://127.0.0.1:9")[0],
        "Kiểm tra mạng",
        "Check the network",
    )


def test_a_path_that_cannot_be_looked_at(world: World, tmp_path: Path) -> None:
    """A name no disk takes stands here for a folder that is somebody else's. As a source it is told, and no more."""
    strange = tmp_path / ("x" * 300)
    assert scan(world.stamp(1, 1), "--trust", strange)[0].exit_code == 4
    result, lines = scan(world.stamp(1, 7), "--trust", world.folder, "--update", strange)
    assert word(lines)[0] == "genuine_offline"
    assert "was not updated" in " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["installed.json", "bundle.json", "24", "notices"])
def test_damage_on_this_device_is_told_and_mended_by_the_pack(world: World, name: str) -> None:
    """Never judged with; and the pack that lies there puts it right at the next start."""
    scan("x", "--trust", world.folder)
    pack = (world.folder / "trust.json").read_bytes()
    (world.folder / "trust.json").unlink()
    listing = json.loads((world.house.public / "bundle" / "bundle.json").read_bytes())
    installed = json.loads((world.folder / "installed.json").read_bytes())
    files = {
        re.split(r"-2", key)[0]: entry["sha256"] for key, entry in sorted(listing["files"].items())[::-1]
    }
    path = world.folder / "data" / files.get(name, installed["listing"])
    path = world.folder / name if name == "installed.json" else path
    path.write_bytes(path.read_bytes()[:-2] + b"\x00\x00")
    result, lines = scan(world.stamp(1, 1), "--trust", world.folder)
    assert result.exit_code == 4
    assert [line["verdict"] for line in lines] in ([], [None])
    assert "Dữ liệu tin cậy trên máy bị hỏng" in result.stderr
    assert "is damaged" in result.stderr
    (world.folder / "trust.json").write_bytes(pack)
    assert word(scan(world.stamp(1, 1), "--trust", world.folder)[1])[0] == "genuine_offline"


def test_options_without_a_folder(world: World) -> None:
    for option in (["--update", "x"], ["--province", "24"], ["--root", world.root]):
        check_refused(scan("x", *option)[0], "cần --trust THƯ_MỤC", "need --trust FOLDER")


def test_a_province_that_is_none(world: World) -> None:
    check_refused(
        scan("x", "--trust", world.folder, "--province", "Hà Giang")[0],
        "Mã tỉnh “Hà Giang” không đúng",
        "is no province code",
    )


def test_a_root_that_is_not_there(world: World, tmp_path: Path) -> None:
    check_refused(
        scan("x", "--trust", world.folder, "--root", tmp_path / "no")[0], "Không đọc được", "cannot read"
    )


# -- old and missing data --


@pytest.mark.parametrize(
    ("days", "verdict", "reason", "exit_code"),
    [
        (6, "genuine_offline", "data_of", 0),
        (8, "genuine_offline", "data_old", 0),
        (31, "cannot_tell", "data_too_old", 3),
    ],
)
def test_the_age_bands(own_world: World, days: int, verdict: str, reason: str, exit_code: int) -> None:
    """7 days without remark, 30 with a warning, older data settles only what signature and notices settle."""
    own_world.house.publish(at=own_world.house.now - dt.timedelta(days=days))
    own_world.pack()
    result, lines = scan(own_world.stamp(1, 1), "--trust", own_world.folder)
    assert (word(lines), result.exit_code) == ((verdict, [reason]), exit_code)
    assert word(scan(own_world.stamp(1, 12), "--trust", own_world.folder)[1])[0] == "revoked"
    assert word(scan(own_world.forge(1, 1), "--trust", own_world.folder)[1])[0] == "forged"


def test_never_genuine_online_words_from_old_or_missing_data(own_world: World, tmp_path: Path) -> None:
    """Nothing on this device ever says `genuine`; without data even a good stamp is `cannot_tell`."""
    own_world.house.publish(at=own_world.house.now - dt.timedelta(days=40))
    own_world.pack()
    texts = [own_world.stamp(1, 1), own_world.stamp(1, 12), own_world.stamp(2, 1), own_world.forge(1, 1)]
    for arguments in ([], ["--trust", own_world.folder]):
        _, lines = scan("\n".join(texts), *arguments)
        assert len(lines) == len(texts)
        assert {line["verdict"] for line in lines} <= {"cannot_tell", "revoked", "forged"}
    shutil.rmtree(own_world.folder / "data")
    result, lines = scan(own_world.stamp(1, 1), "--trust", own_world.folder, "--province", "24")
    assert not [line for line in lines if str(line["verdict"]).startswith("genuine")]
    assert result.exit_code != 0
