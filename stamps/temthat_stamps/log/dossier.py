"""Checking a zipped product dossier without a network: files, entries of the log, names and diary bound to them.

What a dossier says is worth as much as this finds: the list of files is not signed, so that only what an entry of the
log binds is proved. The document to read (PDF) is a rendering; where it matters, compare it with the data beside it.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temthat_stamps.bundle.proof import enclosed_statement
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import PROOF_LIMIT, verify_proof
from temthat_stamps.log.told import in_words
from temthat_stamps.logged import Stated, read_body
from temthat_stamps.manifest import Names, RunManifest
from temthat_stamps.statement import open_envelope
from temthat_trace.sealed import batch_digest, digest_of

MANIFEST, DATA, OPENINGS = "manifest.json", "du-lieu.json", "so-cong-khai/mo-niem.json"
MOST_FILES = 20_000
MOST_BYTES = 4_000_000_000
JSON_LIMIT = 100_000_000
MOST_EVENTS = 2_000
"""Of one batch; its diary is tried against a run's entry from the last event back to the first."""

_PROOF = re.compile(r"so-cong-khai/muc-(0|[1-9][0-9]{0,17})\.proof")
_SEALED = {"text": "text", "step": "step", "actor": "actor", "place": "address"}
"""Fields of an event in the data, and what they are called in its sealed record."""

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
    """What holds, and what does not. `runs`: number, how many events of the diary it binds, and of how many."""

    files: int = 0
    entries: dict[int, tuple[str, str]] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
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
            "events": {"opened": self.opened, "closed": self.closed},
            "runs": [{"run": run, "bound": bound, "events": of} for run, bound, of in self.runs],
            "findings": [{"vi": finding.vi, "en": finding.en} for finding in self.findings],
        }


def check_dossier(path: Path, policy: Policy) -> Report:
    """Everything that can be checked of it under that policy. Raises `BadDossier`, `OSError`."""
    report = Report()
    try:
        with zipfile.ZipFile(path) as archive:
            _check_files(archive, report)
            stated = _check_entries(archive, policy, report)
            openings = _json(archive, OPENINGS)
            data = _json(archive, DATA)
            texts = {event["id"]: event for event in data["events"]}
            for batch in openings:
                _check_batch(batch, stated, texts, report)
            _check_told(data, openings, report)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadDossier("tệp zip hỏng", "a damaged zip") from error
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise BadDossier("thiếu phần hoặc sai dạng", "a part is missing or malformed") from error
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


def _check_batch(
    batch: Mapping[str, Any], stated: Mapping[int, Stated], texts: Mapping[Any, Any], report: Report
) -> None:
    """The openings of one batch against what is proved, and the facts beside it against the openings."""
    events = batch["events"]
    if len(events) > MOST_EVENTS:
        raise BadDossier("nhật ký quá dài", "too long a diary")
    for event in events:
        _check_event(event, texts, report)
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
        bound = _bound(digests, manifest.events)
        if bound is None:
            report.found(
                f"Đợt in {run}: nhật ký không khớp dấu vết trong sổ.",
                f"Run {run}: the diary does not fit its trace in the log.",
            )
        else:
            report.runs.append((run, bound, len(digests)))


def _check_told(data: Mapping[str, Any], openings: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Nothing may be told that the openings do not have: no other batch, event, producer or product."""
    lots = {(batch["party"], batch["product"], batch["lot"]) for batch in openings}
    for batch in data["batches"]:
        if (batch["party"], batch["product"], batch["lot"]) not in lots:
            report.found(f"Lô {batch['lot']} không có phần mở.", f"Batch {batch['lot']} has no openings.")
    known = {event["id"] for batch in openings for event in batch["events"]}
    for number in sorted({event["id"] for event in data["events"]} - known):
        report.found(f"Sự kiện {number} không có dấu vết.", f"Event {number} has no digest.")
    parties, products = ({item["name"] for item in data[name]} for name in ("parties", "products"))
    for batch in openings:
        for opening in batch["runs"]:
            if opening["issuer"] not in parties or opening["product"] not in products:
                report.found(
                    f"Đợt in {opening['run']}: tên trong hồ sơ khác tên đã gắn với đợt in.",
                    f"Run {opening['run']}: the dossier has other names than the run.",
                )


def _bound(digests: list[bytes], events: str) -> int | None:
    """How many of the diary's events, in the order they were written down, a run's statement binds."""
    tries = range(len(digests), -1, -1)
    return next((count for count in tries if batch_digest(digests[:count]) == events), None)


def _check_event(event: Mapping[str, Any], texts: Mapping[Any, Any], report: Report) -> None:
    sealed = event["sealed"]
    if sealed is None:
        report.closed += 1
        return
    told = texts.get(event["id"], {})
    same = all(told.get(name) == sealed[of] for name, of in _SEALED.items())
    at = str(told.get("at", "")).replace("Z", "+00:00")
    if digest_of(sealed).hex() != event["digest"] or not same or at != sealed["at"]:
        report.found(
            f"Sự kiện {event['id']}: nội dung không phải điều đã ghi.",
            f"Event {event['id']}: it does not say what was written down.",
        )
        return
    report.opened += 1


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
