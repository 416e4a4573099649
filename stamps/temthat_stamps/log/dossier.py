"""Checking a zipped product dossier without a network: files, entries of the log, names and diary bound to them.

What a dossier says is worth as much as this finds: the list of files is not signed, so that only what an entry of the
log binds is proved. The document to read (PDF) is a rendering; where it matters, compare it with the data beside it.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import rfc8785

from temthat_stamps.bundle.proof import enclosed_statement
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import PROOF_LIMIT, verify_proof
from temthat_stamps.log.told import in_words
from temthat_stamps.logged import Stated, read_body
from temthat_stamps.manifest import Names, RunManifest
from temthat_stamps.statement import open_envelope
from temthat_trace.sealed import batch_digest, digest_of
from temthat_trace.zips import DAMAGED, open_zip

MANIFEST, DATA, OPENINGS = "manifest.json", "du-lieu.json", "so-cong-khai/mo-niem.json"
MOST_FILES = 20_000
MOST_BYTES = 4_000_000_000
JSON_LIMIT = 100_000_000
MOST_EVENTS = 2_000
"""Of one batch; its diary is tried against a run's entry from the last event back to the first."""

_PROOF = re.compile(r"so-cong-khai/muc-(0|[1-9][0-9]{0,17})\.proof")
_SEALED = {"text": "text", "step": "step", "actor": "actor", "place": "address"}
"""Fields of an event in the data, and what they are called in its sealed record."""

_LINE = ("role", "what", "lot", "quantity", "unit")
"""Fields of an event's line, in the data as in the sealed record; where they say nothing, they are not sealed."""

_CHUNK = 1 << 16


class BadDossier(TrustError):
    """Not a dossier, or too damaged to say anything of it."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            Fault.STORE, f"Không đọc được gói hồ sơ: {vi}.", f"The dossier cannot be read: {en}."
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold, in both languages."""

    vi: str
    en: str


@dataclass(slots=True)
class Report:
    """What holds, and what does not. `runs`: number, how many events of the diary it binds, and of how many.

    `opened`: events that say what was sealed. `closed`: those of which the digest alone is here. `unproved`: those of
    the closed that are told all the same, so that nothing shows whether it was written so.
    """

    files: int = 0
    entries: dict[int, tuple[str, str]] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    unproved: int = 0
    runs: list[tuple[int, int, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def found(self, vi: str, en: str) -> None:
        """Something does not hold."""
        self.findings.append(Finding(vi, en))

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "files": self.files,
            "entries": {str(index): said[1] for index, said in self.entries.items()},
            "events": {"opened": self.opened, "closed": self.closed, "unproved": self.unproved},
            "runs": [{"run": run, "bound": bound, "events": of} for run, bound, of in self.runs],
            "findings": [{"vi": finding.vi, "en": finding.en} for finding in self.findings],
        }


class Told:
    """What the data say, by what they say it of: a code or id told twice has two of them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.batches = _by((_batch_of(batch), batch) for batch in data["batches"])
        self.parties = _by((party["code"], party["name"]) for party in data["parties"])
        self.products = _by(((item["party"], item["code"]), item["name"]) for item in data["products"])
        self.events = _by((event["id"], event) for event in data["events"])
        self._lines = _by((line["event"], line) for line in data["event_lines"])

    def lines_of(self, event: object) -> list[dict[str, Any]]:
        """The lines of an event, as they would be sealed."""
        return [{name: line[name] for name in _LINE if line[name]} for line in self._lines.get(event, [])]


def check_dossier(path: Path, policy: Policy) -> Report:
    """Everything that can be checked of it under that policy. Raises `BadDossier`, `OSError`."""
    with path.open("rb") as file:
        try:
            return _check(file, policy)
        except (KeyError, TypeError, AttributeError, *DAMAGED) as error:
            raise BadDossier("hỏng, thiếu phần hoặc sai dạng", "damaged, incomplete or malformed") from error


def _check(file: BinaryIO, policy: Policy) -> Report:
    report = Report()
    with open_zip(file) as archive:
        _check_files(archive, report)
        stated = _check_entries(archive, policy, report)
        openings, data = _json(archive, OPENINGS), _json(archive, DATA)
        told = Told(data)
        for batch in openings:
            _check_batch(batch, stated, told, report)
        _check_told(told, openings, report)
    return report


def _check_files(archive: zipfile.ZipFile, report: Report) -> None:
    infos = archive.infolist()
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
        raise BadDossier("quá lớn", "too large")
    stated: dict[str, str] = _json(archive, MANIFEST)["files"]
    names = [info.filename for info in infos if info.filename != MANIFEST]
    for name in sorted(set(stated) - set(names)):
        report.found(f"Thiếu tệp {name}.", f"The file {name} is missing.")
    if len(names) != len(set(names)):
        report.found("Có hai tệp cùng tên.", "Two files have one name.")
    for name in names:
        if name not in stated:
            report.found(f"Tệp {name} không có trong danh sách.", f"The file {name} is not in the list.")
        elif _sha256(archive, name) != stated[name]:
            report.found(f"Tệp {name} đã bị sửa.", f"The file {name} was altered.")
    report.files = len(names)


def _check_entries(archive: zipfile.ZipFile, policy: Policy, report: Report) -> dict[int, Stated]:
    """Entries that are proved, by their place in the log."""
    stated: dict[int, Stated] = {}
    for name in archive.namelist():
        if not (match := _PROOF.fullmatch(name)):
            continue
        try:
            data = _bytes(archive, name, PROOF_LIMIT)
            entry = enclosed_statement(data)
            included = verify_proof(data, entry, policy)
            said = read_body(open_envelope(entry).body)
        except BadStatement:
            report.found(f"{name}: không phải văn bản của sổ này.", f"{name}: no statement of this log.")
        except TrustError as error:
            report.found(f"{name}: {error.vi}", f"{name}: {error.en}")
        else:
            if included.index != int(match[1]):
                report.found(f"{name} chứng minh mục khác.", f"{name} proves another entry.")
                continue
            stated[included.index] = said
            report.entries[included.index] = in_words(said)
    return stated


def _check_batch(batch: Mapping[str, Any], stated: Mapping[int, Stated], told: Told, report: Report) -> None:
    """The openings of one batch against what is proved, and the facts beside it against the openings."""
    events = batch["events"]
    if len(events) > MOST_EVENTS:
        raise BadDossier("nhật ký quá dài", "too long a diary")
    for event in events:
        _check_event(_batch_of(batch), event, told, report)
    digests = [bytes.fromhex(event["digest"]) for event in events]
    for opening in batch["runs"]:
        manifest = stated.get(opening["entry"])
        run = int(opening["run"])
        if not isinstance(manifest, RunManifest) or manifest.run != run:
            report.found(f"Đợt in {run} chưa có bằng chứng trong sổ.", f"Run {run} has no proof in the log.")
            continue
        names = Names(opening["issuer"], opening["product"], opening["pack_form"], opening["lot"])
        if (
            names.commitment(bytes.fromhex(opening["salt"])) != manifest.commitment
            or names.lot != batch["lot"]
        ):
            report.found(
                f"Đợt in {run}: tên đơn vị, sản phẩm, quy cách hay số lô không phải tên lúc đăng ký.",
                f"Run {run}: producer, product, pack form or lot are not those it was registered with.",
            )
        days = [(said["made_on"], said["expires_on"]) for said in told.batches.get(_batch_of(batch), [])]
        if days != [(manifest.made_on.isoformat(), manifest.expires_on and manifest.expires_on.isoformat())]:
            report.found(
                f"Đợt in {run}: ngày sản xuất hay hạn dùng không phải ngày lúc đăng ký.",
                f"Run {run}: the day of production or the use-by day is not what it was registered with.",
            )
        bound = _bound(digests, manifest.events)
        if bound is None:
            report.found(
                f"Đợt in {run}: nhật ký không khớp dấu vết trong sổ.",
                f"Run {run}: the diary does not fit its trace in the log.",
            )
        else:
            report.runs.append((run, bound, len(digests)))


def _check_told(told: Told, openings: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Nothing may be told that the openings do not have: no other batch, event, producer or product."""
    opened = set(map(_batch_of, openings))
    for party, product, lot in told.batches:
        if (party, product, lot) not in opened:
            report.found(f"Lô {lot} không có phần mở.", f"Batch {lot} has no openings.")
    known = {event["id"] for batch in openings for event in batch["events"]}
    for number in sorted(told.events.keys() - known):
        report.found(f"Sự kiện {number} không có dấu vết.", f"Event {number} has no digest.")
    for batch in openings:
        party, product, _ = _batch_of(batch)
        names = told.parties.get(party), told.products.get((party, product))
        for opening in batch["runs"]:
            if names != ([opening["issuer"]], [opening["product"]]):
                report.found(
                    f"Đợt in {opening['run']}: tên trong hồ sơ khác tên đã gắn với đợt in.",
                    f"Run {opening['run']}: the dossier has other names than the run.",
                )


def _bound(digests: list[bytes], events: str) -> int | None:
    """How many of the diary's events, in the order they were written down, a run's statement binds."""
    tries = range(len(digests), -1, -1)
    return next((count for count in tries if batch_digest(digests[:count]) == events), None)


def _batch_of(record: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return record["party"], record["product"], record["lot"]


def _by(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _check_event(batch: tuple[Any, Any, Any], event: Mapping[str, Any], told: Told, report: Report) -> None:
    sealed, said = event["sealed"], told.events.get(event["id"], [])
    if sealed is None:
        report.closed += 1
        report.unproved += bool(said)
        return
    lines = told.lines_of(event["id"])
    if (
        digest_of(sealed).hex() != event["digest"]
        or len(said) != 1
        or _batch_of(said[0]) != batch
        or not _says(said[0], lines, sealed)
    ):
        report.found(
            f"Sự kiện {event['id']}: nội dung không phải điều đã ghi.",
            f"Event {event['id']}: it does not say what was written down.",
        )
        return
    report.opened += 1


def _says(event: Mapping[str, Any], lines: list[dict[str, Any]], sealed: Mapping[str, Any]) -> bool:
    """Whether an event of the data says what was sealed: its fields, time, materials and goods, and photos."""
    kept = [{name: line[name] for name in _LINE if name in line} for line in sealed.get("lines", [])]
    return (
        all(event[name] == sealed[of] for name, of in _SEALED.items())
        and event["at"].replace("Z", "+00:00") == sealed["at"]
        and sorted(lines, key=rfc8785.dumps) == sorted(kept, key=rfc8785.dumps)
        and sorted(event["photos"].split()) == sealed.get("photos", [])
    )


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(_bytes(archive, name, JSON_LIMIT))


def _bytes(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as part:
        data = part.read(limit + 1)
    if len(data) > limit:
        raise BadDossier(f"{name} quá lớn", f"{name} is too large")
    return data


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as part:
        for chunk in _chunks(part):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(part: Any) -> Iterator[bytes]:
    return iter(lambda: part.read(_CHUNK), b"")
