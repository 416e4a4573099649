"""Makes `places.json.gz` from the data set inside the PyPI package vietnamadminunits 1.0.4 (MIT, see NOTICE).

Run once, by hand, outside the project's environment; the result is kept and the package is never a dependency:

    python3 -m venv elsewhere && elsewhere/bin/pip install --no-deps vietnamadminunits==1.0.4
    python3 trace/temthat_trace/places/make.py elsewhere/lib/python3.*/site-packages/vietnamadminunits/data

It keeps codes and names only: 34 provinces and 3,321 communes as of 1 July 2025, the 63 provinces, 696 districts and
10,040 wards before that day, and which communes each old ward went to. Of the 471 wards that were split, the commune
that took the larger part comes first. The join is checked: every old ward has a commune, every commune a source.
"""

import gzip
import json
import re
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("places.json.gz")
_NOTE = re.compile(r" \(.*\)$")
_NUMBERED = re.compile(r"^(Quận|Phường) (?=\d)")


def successors(converter: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Old ward key to the keys of its new communes (province, commune), the main one first."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for commune, wards in communes.items():
            for ward in wards:
                found[ward].append((province, commune))
    for province, wards in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for ward, parts in wards.items():
            for part in sorted(parts, key=lambda p: not p["isDefaultNewWard"]):
                found[ward].append((province, part["newWardKey"]))
    return found


def aliases(text: str | None, own: str) -> list[str]:
    """Earlier names of a district or ward, as keys without their type and blanks."""
    names = json.loads(text) if text else []
    short = (re.sub(r"^(huyen|thixa|thanhpho|quan|phuong|thitran|xa)", "", n) for n in names)
    return sorted({s for s in short if s and not s.startswith(("tx", "tp"))} - {own})


def extract(data: Path) -> dict[str, Any]:
    """The compact form; lists instead of records keep it small."""
    db = sqlite3.connect(data / "dataset.db")
    converter = json.loads((data / "converter_2025.json").read_text(encoding="utf-8"))
    new = db.execute(
        "SELECT provinceCode, province, provinceShort, provinceKey, wardCode, wardType, wardShort, wardKey"
        " FROM admin_units ORDER BY provinceCode, wardCode"
    ).fetchall()
    code_of_province = {r[3]: r[0] for r in new}
    code_of_commune = {(r[3], r[7]): r[4] for r in new}
    new_of_old = {
        old: code_of_province[new_key] for new_key, olds in converter["DICT_PROVINCE"].items() for old in olds
    }
    provinces = {r[0]: [r[0], kind(r[1], r[2]), r[2]] for r in new}
    communes: dict[str, list[list[str]]] = defaultdict(list)
    for r in new:
        communes[r[0]].append([r[4], r[5], r[6]])

    old_provinces: dict[str, list[str]] = {}
    old: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    next_communes = successors(converter)
    rows = db.execute(
        "SELECT provinceCode, province, provinceShort, provinceKey, districtCode, districtType, districtShort,"
        " districtAlias, districtShortKey, wardType, wardShort, wardAlias, wardShortKey, districtKey, wardKey"
        " FROM admin_units_legacy ORDER BY provinceCode, districtCode, wardCode"
    )
    for (
        p,
        full,
        short,
        p_key,
        d,
        d_type,
        d_short,
        d_alias,
        d_key,
        w_type,
        w_short,
        w_alias,
        w_key,
        dk,
        wk,
    ) in rows:
        old_provinces[p] = [p, kind(full, short), short, new_of_old[p_key]]
        district = old[p].setdefault(d, [d_type, bare(d_short), aliases(d_alias, d_key), []])
        codes = [code_of_commune[k] for k in next_communes[f"{p_key}_{dk}_{wk or ''}"]]
        if not codes:
            raise SystemExit(f"no successor for {full} / {d_short} / {w_short}")
        district[3].append([w_type or "", bare(w_short or ""), codes, aliases(w_alias, w_key or "")])
    covered = {c for ds in old.values() for d in ds.values() for w in d[3] for c in w[2]}
    if covered != set(code_of_commune.values()):
        raise SystemExit("a commune has no source")
    return {
        "source": "vietnamadminunits 1.0.4, MIT, Copyright (c) 2025 Tran Ngoc Minh Hieu",
        "as_of": "2025-07-01",
        "provinces": list(provinces.values()),
        "communes": communes,
        "old_provinces": list(old_provinces.values()),
        "old": {p: list(ds.values()) for p, ds in old.items()},
    }


def bare(name: str) -> str:
    """A name without its type and without remarks such as `(Thành phố)`: `Quận 1` is the 1 of type Quận."""
    return _NUMBERED.sub("", _NOTE.sub("", name))


def kind(full: str, short: str) -> str:
    """`Tỉnh` or `Thành phố`: what stands before the name."""
    return full.removesuffix(short).strip()


if __name__ == "__main__":
    text = json.dumps(extract(Path(sys.argv[1])), ensure_ascii=False, separators=(",", ":"))
    # No time stamp inside, so that the same source gives the same bytes.
    OUT.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    sys.stdout.write(f"{OUT}: {len(text):,} characters, {OUT.stat().st_size:,} bytes\n")
