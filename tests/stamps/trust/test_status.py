"""Warnings come before anything runs out, with the command that mends it."""

import datetime as dt

import pytest

from temthat_stamps.keys import key_id
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.roles import KEY_VALID, rule_of
from temthat_stamps.trust.status import status_of

from .conftest import OFFLINE, Alliance

TET = dt.timedelta(days=9)
"""The longest Tết holiday of offices so far."""


def test_all_is_well_at_first(alliance: Alliance) -> None:
    """Three holders each, nothing near its end: no advice."""
    status = status_of(alliance.base, alliance.now)
    assert status.advice == ()
    assert {role.role for role in status.roles} == {*OFFLINE, "snapshot", "timestamp"}
    assert all((role.signed, role.holders) in {(2, 3), (1, 1)} for role in status.roles)


@pytest.mark.parametrize("role", [*OFFLINE, "snapshot", "timestamp"])
def test_each_role_warns_before_it_runs_out(alliance: Alliance, role: str) -> None:
    """Not a day too early, in good time, urgent once it has run out; and the command is named."""
    expires, rule = dict(alliance.base.roles())[role].expires, rule_of(role)
    command = "temthat trust publish" if rule.online else f"temthat trust renew {role}"

    def advice(at: dt.datetime) -> list[bool]:
        found = status_of(alliance.base, at).advice
        return [a.urgent for a in found if f"“{role}”" in a.vi and command in a.vi and command in a.en]

    assert advice(expires - rule.warning - dt.timedelta(hours=1)) == []
    assert advice(expires - rule.warning) == [False]
    assert advice(expires - dt.timedelta(hours=1)) == [False]
    assert advice(expires + dt.timedelta(hours=1)) == [True]


def test_a_server_that_stops_before_tet_is_good_until_after(alliance: Alliance) -> None:
    """The timestamp is signed anew daily; from its last signing it outlives the longest holiday by days."""
    alliance.now += dt.timedelta(days=2)
    assert alliance.repository.freshen(alliance.online, alliance.now)
    back = alliance.now + TET + dt.timedelta(days=1)
    alliance.base.check_current(back)
    assert not any(advice.urgent for advice in status_of(alliance.base, back).advice)


def test_issuer_keys_that_end_or_are_worn(alliance: Alliance) -> None:
    """After six months a new key is advised; 30 days before its end the key is listed; a revoked one is not."""
    name = key_id(alliance.approve().public_key)
    made = alliance.now
    worn = status_of(alliance.base, made + dt.timedelta(days=190))
    assert any("6 tháng" in advice.vi for advice in worn.advice)
    end = made + KEY_VALID
    assert [k.key_id for k in status_of(alliance.base, end - dt.timedelta(days=29)).ending] == [name]
    assert status_of(alliance.base, end - dt.timedelta(days=31)).ending == ()
    alliance.publish(ceremony.revoke(alliance.base, name, 12, "key_compromised", alliance.now))
    assert status_of(alliance.base, end - dt.timedelta(days=29)).ending == ()


def test_a_role_with_two_holders_is_one_loss_from_stopping(alliance: Alliance) -> None:
    """Said at once, with the command."""
    gone = alliance.holders["31-issuers"][2].public_key.keyid
    alliance.publish(ceremony.rotate(alliance.base, "31-issuers", [], [gone], alliance.now))
    [advice] = status_of(alliance.base, alliance.now).advice
    assert "temthat trust rotate 31-issuers --add" in advice.vi


def test_a_sleepy_province_holds_up_nobody_else(alliance: Alliance) -> None:
    """37 let its role run out: 31 still revokes, the operator still signs the time, and 37 can still renew."""
    name = key_id(alliance.approve("31").public_key)
    expires = dict(alliance.base.roles())["37-issuers"].expires
    alliance.now = expires - dt.timedelta(days=2)
    alliance.publish(ceremony.renew(alliance.base, ["root", "targets", "31-issuers"], alliance.now))
    alliance.now = expires + dt.timedelta(days=2)
    alliance.publish(ceremony.revoke(alliance.base, name, 12, "key_compromised", alliance.now))
    assert alliance.base.keys[name].last_good == 12
    alliance.now += dt.timedelta(days=2)
    assert alliance.repository.freshen(alliance.online, alliance.now)
    alliance.publish(ceremony.renew(alliance.base, ["37-issuers"], alliance.now))
    alliance.base.check_current(alliance.now)
