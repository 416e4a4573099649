"""Every kind of entry in a sentence, in both languages, with the numbers that matter."""

import datetime as dt
from typing import get_args

import pytest

from temthat_stamps.log.told import in_words
from temthat_stamps.logged import (
    AppPublished,
    Block,
    BundlePublished,
    Delegation,
    LogOpened,
    PublishedFile,
    Stated,
)
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, Replaced, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, Notice, batch_target, key_target, run_target, stamps_target
from temthat_stamps.verdict import NoticeKind

ORIGIN = "tem.example.vn/log"
AT = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
BATCH, ISSUER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def a_run(*, replaces: Replaced | None = None, beyond: bool = False) -> RunManifest:
    """A run of 500 stamps."""
    return RunManifest(
        origin=ORIGIN,
        run=7,
        count=500,
        stamp_key="ab" * 32,
        issuer=ISSUER,
        pack_form=BATCH,
        batch=BATCH,
        gtin=None,
        gs1=False,
        made_on=AT.date(),
        expires_on=None,
        needs_activation=False,
        packs=500,
        beyond=beyond,
        replaces=replaces,
        commitment="0" * 64,
        events="0" * 64,
        registered_at=AT,
    )


CASES: list[tuple[Stated, list[str], list[str]]] = [
    (a_run(), ["đợt in 7", "500 tem", BATCH], ["run 7", "500 stamps"]),
    (
        a_run(replaces=Replaced(3, 10, 20)),
        ["thay tem 10–20 của đợt 3"],
        ["in place of stamps 10 to 20 of run 3"],
    ),
    (a_run(beyond=True), ["nhiều hơn lô đóng được"], ["more than the batch fills"]),
    (
        KeyOpened(ORIGIN, ISSUER, b"\x09" * 32, AT, AT + dt.timedelta(days=20), Custody.HOSTED),
        ["mở khóa tem", "2026-05-24"],
        ["opened until 2026-05-24"],
    ),
    (KeyClosed(ORIGIN, ISSUER, "ab" * 32, AT), ["đóng khóa tem abababab"], ["stamp key abababab closed"]),
    (Sources(ORIGIN, ISSUER, BATCH, (ISSUER, BATCH), 1, 2, AT), ["2 nguồn", "1/2"], ["2 sources", "1/2"]),
    (Activated(ORIGIN, ISSUER, 7, AT), ["kích hoạt đợt in 7"], ["run 7 activated"]),
    (
        IssuedNotice(
            ORIGIN, ISSUER, Notice(stamps_target(7, 1, 9), 2, NoticeKind.VOID, "misprint", AT, 7, 1, 9)
        ),
        ["“hủy” số 2 về tem 1–9 của đợt 7"],
        ["“void” number 2 on stamps 1 to 9 of run 7"],
    ),
    (Block(ORIGIN, ISSUER, 100, 199, AT), ["100–199"], ["100–199 reserved"]),
    (
        AppPublished(ORIGIN, "0123456789abcdef" * 4, AT),
        ["ứng dụng quét 0123456789abcdef"],
        ["scanning app 0123456789abcdef"],
    ),
    (BundlePublished(ORIGIN, 40, "0" * 64, 7, AT), ["gói dữ liệu đến mục 40"], ["bundle of 40 entries"]),
    (
        Delegation(ORIGIN, {"31-issuers": PublishedFile(4, 10, "0" * 64)}, AT),
        ["giao quyền: 31-issuers v4"],
        ["delegation published: 31-issuers v4"],
    ),
    (LogOpened(ORIGIN, b"\x09" * 32, 3, AT), ["mở sổ, 3 mục"], ["log opened, 3 entries"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case[0]).__name__)
def test_an_entry_is_a_sentence_in_both_languages(case: tuple[Stated, list[str], list[str]]) -> None:
    stated, vi, en = case
    said_vi, said_en = in_words(stated)
    assert [part for part in vi if part not in said_vi] == []
    assert [part for part in en if part not in said_en] == []
    assert "\n" not in said_vi + said_en


@pytest.mark.parametrize(
    ("target", "vi", "en"),
    [
        (run_target(7), "về đợt in 7:", "on run 7:"),
        (batch_target(BATCH), f"về lô {BATCH}:", f"on batch {BATCH}:"),
        (key_target("ab" * 32), "về khóa tem abababab:", "on stamp key abababab:"),
    ],
    ids=["run", "batch", "key"],
)
def test_what_a_notice_is_about_is_said_in_words(target: str, vi: str, en: str) -> None:
    said = in_words(IssuedNotice(ORIGIN, ISSUER, Notice(target, 1, NoticeKind.HOLD, "complaint", AT, 7)))
    assert vi in said[0]
    assert en in said[1]


def test_no_kind_of_entry_is_left_out() -> None:
    assert {type(stated) for stated, *_ in CASES} == set(get_args(Stated))


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_of_notice_has_a_word(kind: NoticeKind) -> None:
    notice = Notice(stamps_target(7, 1, 9), 1, kind, "complaint", AT)
    vi, en = in_words(IssuedNotice(ORIGIN, ISSUER, notice))
    assert kind.value in en
    assert vi != en
