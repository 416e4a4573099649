"""The file of issuers: numbers in order of appearance, of each key what was delegated last."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.issuers import DELEGATED, ISSUER, Issuers, IssuersWriter
from temthat_stamps.bundle.notices import REASON_CODES
from temthat_stamps.manifest import Custody
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind

AT = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
IDS = [str(uuid.UUID(int=number)) for number in range(1, 5)]

delegated = st.builds(
    DelegatedKey,
    st.sampled_from(IDS),
    st.sampled_from(IssuerKind),
    st.sampled_from(["01", "31", "96", "national"]),
    st.sampled_from([bytes([number]) * 32 for number in range(6)]),
    st.sampled_from(Custody),
    st.integers(0, 2**40),
    st.integers(0, 2**30).map(lambda seconds: AT + dt.timedelta(seconds=seconds)),
    st.none() | st.integers(-1, 2**40),
    st.sampled_from(REASON_CODES),
    st.just("0" * 64),
)


@given(st.lists(delegated, max_size=12))
def test_property_of_each_key_the_last_delegation_is_read(keys: list[DelegatedKey]) -> None:
    writer = IssuersWriter()
    newest: dict[str, str] = {}
    for key in keys:
        if writer.write(key, AT):
            newest[key.issuer] = key.province
    issuers = Issuers(writer.stream.data)
    issuers.check()
    assert [issuers.id_of(number) for number in range(len(issuers))] == list(
        dict.fromkeys(key.issuer for key in keys)
    )
    last = {key.public_key: key for key in keys}
    assert set(issuers.keys) == set(last)
    for public, key in last.items():
        read = issuers.keys[public]
        assert (issuers.id_of(read.issuer), read.kind, read.custody) == (
            key.issuer,
            key.kind.value,
            key.custody,
        )
        assert read.province == ("" if key.province == "national" else key.province)
        assert (read.counts_from, read.until, read.last_good) == (
            key.delegated_from,
            key.until,
            key.last_good,
        )
        assert read.reason == (key.reason if key.last_good is not None else None)
        assert read.changed_at == AT
    for issuer, province in newest.items():
        number = writer.number(issuer)
        assert issuers.province_of(number) == ("" if province == "national" else province)


@given(delegated)
def test_property_what_is_not_new_is_not_written_again(key: DelegatedKey) -> None:
    """A renewed file that says the same costs no bytes."""
    writer = IssuersWriter()
    assert writer.write(key, AT)
    length = writer.stream.length
    assert not writer.write(key, AT + dt.timedelta(days=1))
    assert writer.stream.length == length


def test_what_the_specification_does_not_allow_is_refused() -> None:
    writer = IssuersWriter()
    writer.number(IDS[0])
    good = writer.stream.data
    record = bytes([DELEGATED]) + bytes(4) + b"\x60\x00\x00" + bytes(32 + 16)
    Issuers(good + record).check()
    wrong_kind = record[:6] + b"\x03" + record[7:]
    wrong_custody = record[:7] + b"\x02" + record[8:]
    stranger = record[:1] + b"\0\0\0\x01" + record[5:]
    for bad in (b"\x00", b"\x04", bytes([ISSUER]) + bytes(15), record[:-1], stranger):
        with pytest.raises(BadBundle):
            Issuers(good + bad)
    for bad in (wrong_kind, wrong_custody):
        with pytest.raises(BadBundle):
            Issuers(good + bad).check()
