"""What a shopper reads in each case, for docs/answers.md: `python -m vectors.answers` writes it from the texts."""

from collections.abc import Iterator
from pathlib import Path

from temthat_stamps.texts import Lang, guide, say
from temthat_stamps.verdict import Reason, Verdict, Word

PAGE = Path(__file__).parents[2] / "docs" / "answers.md"
BEGIN, END = "<!-- vectors.answers: begin -->\n", "<!-- vectors.answers: end -->\n"
_SOLD = Reason("rung_up", "2026-10-03 14")
_CASES: tuple[tuple[str, Verdict], ...] = (
    ("first check", Verdict(Word.GENUINE)),
    ("checked once or twice before", Verdict(Word.GENUINE, (Reason("checked_before", "1"),))),
    ("checked seven times before", Verdict(Word.GENUINE, (Reason("checked_before", "7"),))),
    ("rung up at a till", Verdict(Word.GENUINE, (_SOLD,))),
    (
        "history fits copying",
        Verdict(
            Word.SUSPECT_COPY,
            (
                Reason("copying", "0.97"), Reason("copy_places", "5"), Reason("copy_groups", "9"),
                Reason("copy_days", "6"),
            ),
        ),
    ),
    ("one photo of it online", Verdict(Word.SUSPECT_COPY, (Reason("copying", "0.66"), Reason("copy_groups", "7")))),
    ("the PIN was entered by somebody else", Verdict(Word.CLAIMED, (Reason("pin_entered", "2026-10-03 14"),))),
    ("a till asks, rung up before", Verdict(Word.SOLD, (_SOLD,))),
    ("past its date", Verdict(Word.EXPIRED, (Reason("expired", "2026-10-03"),))),
    ("recorded as returned", Verdict(Word.NOT_APPLIED, (Reason("returned", "2026-10-03 returned"),))),
    ("recalled", Verdict(Word.RECALLED, (Reason("recall", "2026-10-03 contamination"),))),
    ("made void", Verdict(Word.REVOKED, (Reason("void", "2026-10-03 misprint"),))),
    ("wrong seal", Verdict(Word.FORGED, (Reason("bad_signature"),))),
    ("GS1 address that does not fit", Verdict(Word.FORGED, (Reason("path_mismatch"),))),
    ("no network", Verdict(Word.GENUINE_OFFLINE, (Reason("data_of", "2026-10-03"),))),
    ("data does not reach it", Verdict(Word.CANNOT_TELL, (Reason("no_shard"),))),
    ("newer kind of stamp", Verdict(Word.CANNOT_TELL, (Reason("newer_format"),))),
    ("not this system's", Verdict(Word.NOT_OURS)),
)  # fmt: skip
_PROVINCES = {"14": "Sơn La", "01": "Hà Nội"}


def table() -> str:
    """The part between the marks."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    for case, verdict in _CASES:
        yield f"\n### {case}: `{verdict.word}`\n\n"
        for lang in ("vi", "en"):
            yield from _said(verdict, lang)


def _said(verdict: Verdict, lang: Lang) -> Iterator[str]:
    saying = say(
        verdict, lang, province=lambda code: _PROVINCES.get(code, code), issuer="HTX Đồi Chè",
        hotline="0900 111 222", day="2026-10-03", place="14", text="https://vi-du.example/abc",
    )  # fmt: skip
    yield f"**{saying.title}** {saying.sentence} *{saying.action}*\n\n"
    guidance = guide(
        verdict, lang, has=("call", "pin", "report", "where"), content="100 g", hotline="0900 111 222"
    )
    yield "".join(f"{n}. {step}\n" for n, (_, step) in enumerate(guidance.steps, 1))
    yield f"\n> {guidance.limit}\n\n"


def written() -> str:
    """What stands in the page now."""
    text = PAGE.read_text("utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main() -> None:
    """Write it."""
    text = PAGE.read_text("utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:start] + table() + text[end:], "utf-8")


if __name__ == "__main__":
    main()
