"""Makes `ai.json` from the GS1 Barcode Syntax Dictionary (Apache-2.0, see NOTICE).

Run by hand when GS1 publishes a new release; the result is kept:

    python3 trace/temthat_trace/gs1/make.py gs1-syntax-dictionary.txt

One row per line of the dictionary: [first AI, last AI, flags, format, associations, title]. The format and the
associations keep the dictionary's own short notation, which `table.py` reads.
"""

import json
import re
import sys
from pathlib import Path

OUT = Path(__file__).with_name("ai.json")
_LINE = re.compile(r"^(\d+)(?:-(\d+))?\s+([*?]*)\s*(.*?)\s*(?:#\s*(.*))?$")
_ASSOCIATION = re.compile(r"^(?:req=|ex=|dlpkey)")


def rows(text: str) -> list[list[str]]:
    """The rows of the dictionary; raises SystemExit for a line it cannot read."""
    found = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match:
            raise SystemExit(f"cannot read: {line}")
        first, last, flags, body, title = match.groups()
        words = body.split()
        form = " ".join(w for w in words if not _ASSOCIATION.match(w))
        links = " ".join(w for w in words if _ASSOCIATION.match(w))
        found.append([first, last or first, flags, form, links, (title or "").strip()])
    return found


def release(text: str) -> str:
    """The dictionary's own date."""
    match = re.search(r"^# Release: (\S+)", text, re.M)
    if not match:
        raise SystemExit("no release date")
    return match.group(1)


if __name__ == "__main__":
    source = Path(sys.argv[1]).read_text("utf-8")
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(source))
    OUT.write_text(f'{{"release": "{release(source)}", "rows": [\n{body}\n]}}\n', "utf-8")
    sys.stdout.write(f"{OUT}: {len(rows(source))} rows\n")
