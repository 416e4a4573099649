"""Hostile bodies: what is no question is refused in words with 4xx, whatever it is made of."""

import gzip
import json
import math
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.records import StampEvent
from temthat_trace.ids import uuid7
from temthat_verify_api.accounts import KeyRole

from .asking import BULK, EVENTS, VERIFY, Client, check_sound, examples
from .conftest import House

POSTS = (VERIFY, BULK, EVENTS)
DEEP = 100_000
MISSING = object()
TIMES = st.sampled_from(
    [
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30T00:00:00Z",
        "2026-11-22",
        "1e400",
        "-1",
        "",
        None,
    ]
)


def json_values() -> st.SearchStrategy[Any]:
    """Anything JSON or Python's `json` can write, numbers that are none among them."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from([10**400, -(2**64), math.nan]),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=12,
    )


def reports(codes: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Good reports of events, with up to two members left out, exchanged or added."""
    good = st.fixed_dictionaries(
        {
            "id": st.integers(0, (1 << 48) - 1).map(lambda ms: str(uuid7(ms))),
            "code": st.sampled_from(codes),
            "event": st.sampled_from(["check", "check", "sold", "applied", "spoiled", "returned", "pin"]),
            "kind": st.sampled_from(["consumer", "consumer", "till", "inspector", "packer", None]),
            "place": st.sampled_from(["01", "27", "99", "88415cb4e5fffff", "8" + "f" * 14, None]),
            "at": st.one_of(st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()), TIMES),
        }
    )
    members = st.sampled_from(["id", "code", "event", "kind", "place", "at", "pin", "more", ""])
    changes = st.dictionaries(members, st.one_of(st.just(MISSING), json_values(), TIMES), max_size=2)

    def change(report: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**report, **changed}.items() if value is not MISSING}

    return st.builds(change, good, changes)


@examples(80)
@given(data=st.data())
def test_property_reports_of_any_content(client: Client, house: House, data: st.DataObject) -> None:
    """Each is answered or refused as documented, under any key, alone and in a batch."""
    check_report(client, house, data)


@examples(50)
@given(data=st.data())
def test_property_reports_on_postgresql(
    postgres_client: Client, postgres_house: House, data: st.DataObject
) -> None:
    """Which is stricter about texts, numbers and times."""
    check_report(postgres_client, postgres_house, data)


def check_report(client: Client, house: House, data: st.DataObject) -> None:
    """One report under one key."""
    body = data.draw(reports(list(house.stamps)))
    if body.get("event") == "spoiled":
        body["code"] = house.fresh(40)  # nobody else asks about it: it is not for sale from then on
    token = data.draw(st.sampled_from(["", *house.tokens.values()]))
    client.forgive()
    reply = client.post(EVENTS, body, **({"authorization": f"Bearer {token}"} if token else {}))
    check_sound(reply)
    assert reply.status in (200, 400, 401, 403, 422, 429)
    if reply.status == 400:
        assert reply.json()["error"] == "impossible_event"
    batch = client.post(
        f"{EVENTS}/batch", [body, body], **({"authorization": f"Bearer {token}"} if token else {})
    )
    check_sound(batch)
    assert batch.status == 200
    refused = [line["outcome"] in ("refused", "later") for line in batch.json()["events"]]
    # What was taken back, applied or spoiled the first time is so no more the second.
    assert refused == [reply.status != 200] * 2 or body["event"] in ("returned", "applied", "spoiled", "pin")


@examples(80)
@given(data=st.data())
def test_property_bodies_of_any_bytes(client: Client, data: st.DataObject) -> None:
    """Random bytes, JSON of any shape, truncated or in another encoding, under any content type."""
    value = st.builds(json.dumps, json_values())
    encodings = st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-7", "cp1258", "latin-1"])
    body = data.draw(
        st.one_of(
            st.binary(max_size=200),
            value.map(str.encode),
            st.builds(lambda text, encoding: text.encode(encoding, "replace"), value, encodings),
            st.builds(lambda text, cut: text.encode()[:cut], value, st.integers(0, 30)),
        )
    )
    kind = data.draw(
        st.sampled_from(
            [
                "application/json",
                "application/json; charset=utf-16",
                "text/html",
                "multipart/form-data",
                "\xff",
                "",
            ]
        )
    )
    for path in POSTS:
        reply = client.ask("POST", path, body, {"content-type": kind})
        check_sound(reply)
        assert reply.status in (200, 422)
        if path == BULK:
            for line in reply.body.splitlines():
                assert {"verdict", "error"} & set(json.loads(line))


BOMBS = {
    "deep lists": b"[" * DEEP,
    "deep lists closed": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"code":' * DEEP + b"1" + b"}" * DEEP,
    "a deep member": b'{"code":"x","place":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "a long number": b'{"code":' + b"9" * 900_000 + b"}",
    "a long exponent": b'{"code":1e' + b"9" * 900_000 + b"}",
    "a long name": b'{"' + b"a" * 900_000 + b'":1}',
    "many names": b"{" + b",".join(b'"%d":1' % n for n in range(70_000)) + b"}",
    "one name often": b"{" + b'"code":"x",' * 70_000 + b'"code":"y"}',
    "escapes": b'{"code":"' + b"\\u0000" * 150_000 + b'"}',
    "half pairs": b'{"code":"' + b"\\ud800" * 10 + b'"}',
    "broken UTF-8": b'{"code":"\xff\xfe\xed\xa0\x80"}',
    "NaN": b'{"code":NaN}',
    "infinity": b'{"code":"x","at":Infinity}',
    "a BOM": b'\xef\xbb\xbf{"code":"x"}',
    "zeros": bytes(900_000),
    "blanks": b" " * 900_000,
    "compressed": gzip.compress(b'{"code":"x"}'),
    "a bomb": zlib.compress(bytes(50_000_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name: str, client: Client) -> None:
    """Deep, long, repeated, compressed: 422 on the spot, or "not ours" where the code is all that is strange."""
    for path in POSTS:
        reply = client.ask(
            "POST", path, BOMBS[name], {"content-type": "application/json", "content-encoding": "gzip"}
        )
        check_sound(reply)
        assert len(reply.body) < 3_000
        if path == BULK:
            assert reply.status == 200
        else:
            assert reply.status == 422 or reply.json()["verdict"] == "not_ours"


def test_the_last_of_two_members_of_one_name_counts_everywhere(client: Client, house: House) -> None:
    """As everywhere in the JSON world; single, bulk and event agree on which one they read."""
    genuine, forged = house.fresh(20), house.world.forged(house.runs["plain"])
    body = f'{{"code":"{genuine}","code":"{forged}"}}'.encode()
    assert client.ask("POST", VERIFY, body).json()["verdict"] == "forged"
    assert json.loads(client.ask("POST", BULK, body).body)["verdict"] == "forged"
    event = body[:-1] + f',"id":"{uuid7()}","event":"check"}}'.encode()
    assert client.ask("POST", EVENTS, event).json()["verdict"] == "forged"


@pytest.mark.parametrize("path", POSTS)
def test_endless_bodies_are_cut_off(path: str, client: Client) -> None:
    """Read to the limit and no further, whatever length was announced."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    for headers in ({}, {"content-length": "10"}, {"content-length": "-5"}, {"content-length": "1" * 400}):
        sent = 0
        reply = client.ask("POST", path, endless(), headers)
        check_sound(reply)
        assert (reply.status, reply.json()["error"]) == (413, "too_large")
        assert sent < 6_000_000


def test_ids_and_times_far_away_are_kept_within_bounds(client: Client, house: House) -> None:
    """Times before and after all there is are refused; without one, an id of the year 10889 or of 1970 counts once."""
    code = house.fresh(21)
    for id_time in (0, (1 << 48) - 1):
        event_id = uuid.UUID(int=(id_time << 80) | (7 << 76) | (2 << 62) | uuid.uuid4().int % (1 << 60))
        body = {"id": str(event_id), "code": code, "event": "check"}
        for at in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"):
            assert client.post(EVENTS, body | {"at": at}).status == 400
        told = [client.post(EVENTS, body).json()["recorded"] for _ in range(2)]
        assert told == [True, False]
    with house.world.services.sessions() as session:
        found = session.query(StampEvent).filter_by(run=house.runs["plain"], serial=21).all()
    assert len(found) == 2
    for event in found:
        assert house.world.now - event.at < event.at.resolution * 10**12
        assert event.at <= house.world.now


def test_what_others_sent_shows_in_no_answer(client: Client, house: House) -> None:
    """A refusal names the member at fault and never repeats what was in it."""
    secret = "s3cret-" + "x" * 30
    for body in (
        {"code": [secret]}, {"code": "x", "place": secret}, {"code": "x", secret: 1}, {"code": "x", "kind": secret},
        {"id": secret, "code": "x", "event": secret, "at": secret},
    ):  # fmt: skip
        for path in POSTS:
            values = [v for v in body.values() if v in (secret, [secret])]
            reply = client.post(path, body, authorization=f"Bearer {house.tokens[KeyRole.TILL]}")
            check_sound(reply)
            assert not values or secret not in reply.text
