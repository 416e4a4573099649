"""Who sent messages lately: the same within its time, forgotten after a day, known by no name."""

import pytest

from temthat_verify_api.sms import senders
from temthat_verify_api.sms.senders import Senders

HOUR = 3_600_000
NOW = 1_780_000_000_000


def test_the_same_senders_same_stamp_is_the_same_for_a_while() -> None:
    """A check for half an hour, a PIN for a day; another stamp, another sender, another process is another."""
    known = Senders()
    one, two = known.source("0912345678"), known.source("0987654321")
    check = known.check_id(one, 7, 1, NOW)
    pin = known.pin_id(one, 7, 1, NOW)
    assert check != pin
    assert known.check_id(one, 7, 1, NOW + HOUR // 2 - 1) == check
    assert known.check_id(one, 7, 1, NOW + HOUR // 2) != check
    assert known.pin_id(one, 7, 1, NOW + 24 * HOUR - 1) == pin
    assert known.pin_id(one, 7, 1, NOW + 24 * HOUR) != pin
    assert len({known.pin_id(source, 7, serial, NOW) for source in (one, two) for serial in (1, 2)}) == 4
    assert Senders().source("0912345678") != one
    assert "0912345678" not in one


def test_what_is_old_or_too_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day at most, and never more than a fixed number."""
    monkeypatch.setattr(senders, "_REMEMBERED", 50)
    known = Senders()
    for serial in range(1, 200):
        known.pin_id("s", 7, serial, NOW + serial)
        assert len(known._known) <= 50
    known.pin_id("s", 8, 1, NOW + 25 * HOUR)
    assert len(known._known) == 1
