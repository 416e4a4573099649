"""What a recall found, to take along: as CSV for Excel and as a document to print."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from temthat_stamps.printing.document import Document
from temthat_stamps.printing.listing import harmless
from temthat_verify_api.desk.words import Words
from temthat_verify_api.recall.naming import thing_words
from temthat_verify_api.recall.reach import Affected, Reach

MOST_PRINTED = 2_000
"""Batches a printed list holds; the CSV holds all."""

Said = list[tuple[str, str]]
"""What was asked, as label and text."""


def batches_csv(words: Words, reach: Reach) -> bytes:
    """A line a run, one for each batch without any, and one for each thing that only EPCIS events tell of.

    UTF-8 with BOM, comma, CRLF (RFC 4180); no field that a spreadsheet would compute.
    """
    heads = ("maker", "hotline", "product", "lot", "made_on", "quantity", "steps", "notice", "run", "stamps",
             "checked", "sold")  # fmt: skip
    rows = [row for line in reach.affected for row in _rows(words, line)]
    rows += [["", "", "", thing_words(thing.name), "", "", str(steps)] for thing, steps in reach.things]
    if reach.unseen:
        rows.append([words("recall.unseen", n=reach.unseen)])
    if reach.cut:
        rows.append([words("recall.cut")])
    return _csv([words(f"recall.col.{head}") for head in heads], rows)


def customers_csv(words: Words, reach: Reach) -> bytes:
    """Whom to call: the makers first, then everybody who got goods, one line each."""
    heads = [
        words(f"recall.col.{head}") for head in ("who", "name", "hotline", "goods", "amount", "times", "last")
    ]
    rows = [
        [
            words("recall.maker"),
            c.name,
            c.hotline,
            words("recall.contact", batches=c.batches, stamps=c.stamps),
        ]
        for c in reach.contacts
    ]
    rows += [
        [
            words("recall.customer"), c.name or words("recall.no_name"), c.hotline, "; ".join(c.goods),
            "; ".join(words.quantity(n, unit) for n, unit in c.amounts), str(c.deliveries), words.time(c.last),
        ]
        for c in reach.customers
    ]  # fmt: skip
    return _csv(heads, rows)


def document(words: Words, reach: Reach, said: Said, *, now: dt.datetime, by: str, host: str) -> bytes:
    """The drill on paper: what was asked, what was found and how fast, whom to call, every batch. A PDF."""
    out = io.BytesIO()
    title = words("recall.paper_title")
    paper = Document(out, title, footer=host, lang="en-GB" if words.lang == "en" else "vi-VN")
    paper.heading(title, 16)
    paper.facts([(words("recall.paper_at"), words.time(now)), (words("recall.paper_by"), by), *said])
    paper.heading(words("recall.found"))
    found = f"{words.number(len(reach.affected))} {words('recall.batches')}, "
    paper.paragraph(f"{found}{words.number(reach.stamps)} {words('recall.stamps')}", 12)
    paper.paragraph(
        words("recall.stamps_text", checked=words.number(reach.checked), sold=words.number(reach.sold))
    )
    paper.paragraph(words("recall.seconds", seconds=seconds(words, reach)), tone="soft")
    if reach.unseen:
        paper.paragraph(words("recall.unseen", n=words.number(reach.unseen)), tone="warn")
    if reach.cut:
        paper.paragraph(words("recall.cut"), tone="warn")
    _whom_to_call(paper, words, reach)
    _batches(paper, words, reach)
    _signatures(paper, words)
    paper.close()
    return out.getvalue()


def seconds(words: Words, reach: Reach) -> str:
    """How long finding took, in tenths of a second, never less than one."""
    return words.number(Decimal(max(ceil(reach.seconds * 10), 1)) / 10)


def _whom_to_call(paper: Document, words: Words, reach: Reach) -> None:
    paper.heading(words("recall.contacts"))
    heads = [words(f"recall.col.{head}") for head in ("name", "hotline", "goods", "called")]
    rows = [
        [
            c.name,
            c.hotline,
            words("recall.contact", batches=words.number(c.batches), stamps=words.number(c.stamps)),
            "",
        ]
        for c in reach.contacts
    ]
    for customer in reach.customers:
        amounts = [words.quantity(n, unit) for n, unit in customer.amounts]
        goods = [*customer.goods[:5], *(["…"] if len(customer.goods) > 5 else []), *amounts]
        rows.append([customer.name or words("recall.no_name"), customer.hotline, "; ".join(goods), ""])
    paper.table(heads, rows, (5, 3, 6, 3))


def _batches(paper: Document, words: Words, reach: Reach) -> None:
    paper.heading(words("recall.list"))
    heads = [words(f"recall.col.{head}") for head in ("lot", "maker", "steps", "run", "stamps", "sold")]
    rows = []
    for line in reach.affected[:MOST_PRINTED]:
        runs = ", ".join(str(run.run) for run in line.runs) or "–"
        stamps, sold = sum(run.stamps for run in line.runs), sum(run.sold for run in line.runs)
        standing = f" ({words(f'recall.standing.{line.standing}')})" if line.standing else ""
        rows.append(
            [f"{line.facts.product} · {line.facts.lot}{standing}", line.facts.party, str(line.steps), runs,
             words.number(stamps), words.number(sold)]
        )  # fmt: skip
    rows += [
        [thing_words(thing.name), "", str(steps), "–", "", ""] for thing, steps in reach.things[:MOST_PRINTED]
    ]
    paper.table(heads, rows, (6, 4, 2, 2, 2, 2))
    if len(reach.affected) > MOST_PRINTED:
        paper.paragraph(words("recall.first", n=words.number(MOST_PRINTED)), tone="warn")


def _signatures(paper: Document, words: Words) -> None:
    paper.heading(words("recall.paper_done"))
    for label in ("recall.paper_found", "recall.paper_called", "recall.paper_kept", "recall.paper_signed"):
        paper.space(6)
        paper.paragraph(f"{words(label)}  {'.' * 60}")


def _rows(words: Words, line: Affected) -> Iterator[list[str]]:
    facts = line.facts
    about = [facts.party, facts.hotline, facts.product, facts.lot, facts.made_on.isoformat()]
    about += [words.quantity(facts.quantity, facts.unit), str(line.steps)]
    about.append(words(f"recall.standing.{line.standing}") if line.standing else "")
    for run in line.runs:
        yield [*about, *map(str, (run.run, run.stamps, run.checked, run.sold))]
    if not line.runs:
        yield [*about, "", "0", "0", "0"]


def _csv(heads: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([harmless(field) for field in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()
