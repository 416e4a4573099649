"""What issuers state of runs and keys: no names, one commitment, times to the second."""

import base64
import datetime as dt
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import instant
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, Names, RunManifest, Sources

PUBLIC = bytes(range(32))
NAMES = Names("HTX Mẫu", "Mật ong", "Chai 500 ml", "L1")
MANIFEST = RunManifest(
    origin="tem.example.vn/log",
    run=7,
    count=244,
    stamp_key=key_id(PUBLIC),
    issuer="0196e4a0-0000-7000-8000-000000000001",
    pack_form="0196e4a0-0000-7000-8000-000000000002",
    batch="0196e4a0-0000-7000-8000-000000000003",
    gtin=None,
    gs1=False,
    made_on=dt.date(2026, 5, 1),
    expires_on=None,
    needs_activation=False,
    packs=244,
    beyond=False,
    replaces=None,
    commitment=NAMES.commitment(b"s" * 16),
    events="00" * 32,
    registered_at=dt.datetime(2026, 5, 26, 10, 0, 0, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=7))),
)


def test_a_manifest_says_which_serials_by_which_key_of_what() -> None:
    """The body is canonical JSON of plain values; the range and the key are in it."""
    body = MANIFEST.body()
    assert json.loads(rfc8785.dumps(body)) == body
    assert (body["run"], body["first"], body["last"]) == (7, 1, 244)
    assert body["stamp_key"] == key_id(PUBLIC)
    assert body["registered_at"] == "2026-05-26T03:00:00Z"


def test_a_manifest_holds_no_names() -> None:
    """The log is for ever: issuer, product, pack form and lot are only committed to."""
    public = rfc8785.dumps(MANIFEST.body()).decode()
    for name in (NAMES.issuer, NAMES.product, NAMES.pack_form):
        assert name not in public


@given(st.builds(Names, *[st.text(max_size=10)] * 4), st.builds(Names, *[st.text(max_size=10)] * 4))
def test_property_a_commitment_opens_to_one_set_of_names(one: Names, two: Names) -> None:
    """Other names or another salt give another commitment; moving a letter between fields too."""
    salt = b"0123456789abcdef"
    assert (one.commitment(salt) == two.commitment(salt)) is (one == two)
    assert one.commitment(salt) != one.commitment(b"another 16 bytes")


OPENS = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
OPENED = KeyOpened(
    "tem.example.vn/log", MANIFEST.issuer, PUBLIC, OPENS, OPENS + dt.timedelta(days=31), Custody.OWN
)


def test_a_key_announcement_names_the_key_and_its_period() -> None:
    """Raw public key in base64, hint in hex, both ends of the period, and who keeps the private half."""
    body = OPENED.body()
    assert base64.b64decode(body["public_key"]) == PUBLIC
    assert body["hint"] == key_hint(PUBLIC).hex()
    assert (body["opens"], body["closes"]) == ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")
    assert body["custody"] == "own"


def test_a_key_announcement_with_another_keys_hint_is_refused() -> None:
    """The hint is only there to be read by people; two readers must find the same key."""
    with pytest.raises(BadStatement, match="hint"):
        KeyOpened.parse(OPENED.body() | {"hint": "00000000"})


@pytest.mark.parametrize(
    "stated",
    [
        OPENED,
        KeyClosed(OPENED.origin, OPENED.issuer, key_id(PUBLIC), OPENS),
        Sources(OPENED.origin, OPENED.issuer, MANIFEST.batch, (MANIFEST.pack_form,), 1, 2, OPENS),
        Activated(OPENED.origin, OPENED.issuer, 7, OPENS),
    ],
)
def test_what_is_stated_is_read_again(stated: KeyOpened | KeyClosed | Sources | Activated) -> None:
    """And without any one of its members it is refused (older statements told no custody)."""
    body = stated.body()
    assert type(stated).parse(body) == stated
    for name in set(body) - {"v", "type", "custody"}:
        with pytest.raises(BadStatement):
            type(stated).parse({k: v for k, v in body.items() if k != name})


def test_a_manifest_is_read_again() -> None:
    """To the second."""
    assert RunManifest.parse(MANIFEST.body()).body() == MANIFEST.body()


@pytest.mark.parametrize(
    "zone", [dt.UTC, dt.timezone(dt.timedelta(hours=7)), dt.timezone(-dt.timedelta(hours=3))]
)
def test_instants_are_utc(zone: dt.timezone) -> None:
    """Whatever zone the clock has, statements say the same."""
    at = dt.datetime(2026, 1, 1, 0, 0, 1, tzinfo=dt.UTC).astimezone(zone)
    assert instant(at) == "2026-01-01T00:00:01Z"
