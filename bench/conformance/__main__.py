"""`make conformance`: run the data others made through the service, and write what was found to docs/conformance.md.

The data lies beside the project (`../shared/conformance`); without it nothing can be said, and nothing is written.
"""

import argparse
import datetime as dt
import sys
from pathlib import Path

from bench.conformance.findings import ROOT, Findings
from bench.conformance.run import find

PAGE = ROOT / "docs" / "conformance.md"
_PAGE = """\
# Conformance

What others made to try such a service, and what came of it. One command runs it all through the real application, with
an empty SQLite database, and writes this page: `make conformance`. Last run: {day}.

| what | met | of |
|---|---|---|
{counts}

The data is GS1's own (EPCIS 2.0 examples, JSON schema, OpenAPI document, query schema, linkset schemas, resolver test
suite) and the published event-hash vectors. It is not part of the project; tests that need it skip, saying so, where it
is absent.
{misses}
Each example goes into a repository of its own: the examples use some event ids twice for different events, which a
repository refuses. Of a spoilt example one member of its first event is missing, misnamed or of another type.

## What is refused, and in what words

Each of these documents was sent to `POST /epcis/v2/capture`, and nothing of it was stored. The same in English stands
beside the Vietnamese in the answer.

| what is wrong | where | rule | what the answer says |
|---|---|---|---|
{refusals}
"""


def write_page(found: Findings, day: dt.date) -> str:
    """The page as Markdown."""
    counts = "\n".join(f"| {c.what} | {c.met} | {c.of} |" for c in found.counts)
    missed = [f"- {c.what}: {', '.join(c.misses)}" for c in found.counts if c.misses]
    misses = (
        f"\nNot met, and why: [queries](epcis-queries.md#not-served).\n\n{chr(10).join(missed)}\n"
        if missed
        else ""
    )
    refusals = "\n".join(
        f"| {r.change} | `{r.pointer}` | `{r.rule}` | {r.said.replace('|', chr(92) + '|')} |"
        for r in found.refusals
    )
    return _PAGE.format(day=day.isoformat(), counts=counts, misses=misses, refusals=refusals)


def main() -> int:
    """Write the page. Exit code 1 when the data is not there."""
    arguments = argparse.ArgumentParser(prog="python -m bench.conformance", description=__doc__)
    arguments.add_argument("--out", type=Path, default=PAGE, help="where the page goes")
    arguments.add_argument("--day", type=dt.date.fromisoformat, default=dt.datetime.now(dt.UTC).date())
    given = arguments.parse_args()
    try:
        found = find()
    except FileNotFoundError as error:
        print(f"no conformance data in {error}: nothing was run")
        return 1
    for count in found.counts:
        missed = f": not {', '.join(count.misses)[:300]}" if count.misses else ""
        print(f"{count.met:4} of {count.of:4}  {count.what}{missed}")
    given.out.write_text(write_page(found, given.day), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
