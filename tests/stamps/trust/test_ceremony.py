"""What ceremonies prepare, from the founding to an old key's end; what they refuse to prepare."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from temthat_stamps.keys import key_id
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.client import TrustClient
from temthat_stamps.trust.errors import (
    BadTrustData,
    CeremonyRefused,
    EnrolmentRefused,
    KeyNotValid,
    WrongSignature,
)
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.online import OnlineKeys
from temthat_stamps.trust.rolekeys import KeyCard
from temthat_stamps.trust.roles import KEY_VALID

from .conftest import OFFLINE, Alliance


def test_from_zero_over_sticks_between_machines_without_network(unfounded: Alliance, tmp_path: Path) -> None:
    """Cards go to the table, one file goes from holder to holder, each on a machine of its own; then it is published.

    No machine sees anything but the files it was handed, and nothing is in force before the last signature.
    """
    cards = [
        KeyCard.make(role, f"{role} số {n}", s)
        for role in OFFLINE
        for n, s in enumerate(unfounded.holders[role])
    ]
    carried = tmp_path / "table.zip"
    ceremony.found(map(KeyCard.parse, cards), unfounded.operator_card(), unfounded.now).write(carried)
    signers = [signer for role in OFFLINE for signer in unfounded.holders[role][:2]]
    for number, signer in enumerate(signers):
        with pytest.raises(WrongSignature):
            unfounded.repository.publish(Handover.read(carried), unfounded.online, unfounded.now)
        assert not unfounded.repository.folder.exists()
        machine = tmp_path / f"machine-{number}"
        machine.mkdir()
        carried = carried.rename(machine / carried.name)
        handover, _ = Handover.read(carried).sign(signer)
        handover.write(carried)
    unfounded.repository.publish(Handover.read(carried), unfounded.online, unfounded.now)
    client = TrustClient(tmp_path / "device", (unfounded.repository.folder / "1.root.json").read_bytes())
    accepted = client.update(unfounded.repository.folder, unfounded.now)
    assert accepted.log == unfounded.log_trust()
    assert set(accepted.provinces) == {"31-issuers", "37-issuers"}
    assert accepted.keys == {}


def test_a_cooperative_is_approved_from_an_entry_of_the_log_on(alliance: Alliance) -> None:
    """Two officers sign; the key counts for two years, for statements from the entry on, for no earlier one."""
    signer = alliance.approve(log_size=10)
    key = alliance.base.keys[key_id(signer.public_key)]
    assert (key.province, key.delegated_from, key.until) == ("31", 10, alliance.now + KEY_VALID)
    key.check(10, alliance.now)
    with pytest.raises(KeyNotValid, match="not delegated to yet"):
        key.check(9, alliance.now)
    with pytest.raises(KeyNotValid, match="ended"):
        key.check(11, key.until + dt.timedelta(seconds=1))


def test_one_officer_alone_approves_nobody(alliance: Alliance) -> None:
    """Nor do two officers of another province, nor the nation for a province."""
    made = ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
    one = alliance.signed(made, by={"31-issuers": (1,)})
    with pytest.raises(WrongSignature, match="31-issuers"):
        alliance.repository.publish(one, alliance.online, alliance.now)
    for role in ("37-issuers", "targets", "root"):
        with pytest.raises(CeremonyRefused, match="none of those"):
            made.sign(alliance.holders[role][0])
    assert alliance.base.keys == {}


def test_one_officer_who_signs_twice_is_one(alliance: Alliance) -> None:
    """The same key in two copies of the handover, joined, is one signature."""
    made = ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
    first, _ = made.sign(alliance.holders["31-issuers"][0])
    again, _ = first.sign(alliance.holders["31-issuers"][0])
    joined = made.join([first, again])
    assert [(w.threshold, len(w.signed), w.need) for w in joined.wanted()] == [(2, 1, 1)]
    with pytest.raises(WrongSignature):
        alliance.repository.publish(joined, alliance.online, alliance.now)


def test_signed_apart_and_joined(alliance: Alliance, tmp_path: Path) -> None:
    """Two officers each sign a copy at home; the operator joins both."""
    made = ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
    for place in (0, 2):
        signed, _ = made.sign(alliance.holders["31-issuers"][place])
        signed.write(tmp_path / f"{place}.zip")
    first, second = (Handover.read(tmp_path / f"{place}.zip") for place in (0, 2))
    alliance.repository.publish(first.join([second]), alliance.online, alliance.now)
    assert len(alliance.base.keys) == 1


def test_a_request_is_approved_once(alliance: Alliance) -> None:
    """The same file again, alone or twice in one handover, is told."""
    request = alliance.request(alliance.new_key())
    with pytest.raises(CeremonyRefused, match="approved already"):
        ceremony.approve(alliance.base, [request, request], 10, alliance.now)
    alliance.publish(ceremony.approve(alliance.base, [request], 10, alliance.now))
    with pytest.raises(CeremonyRefused, match="approved already"):
        ceremony.approve(alliance.base, [request], 20, alliance.now)


def test_renewing_moves_expiry_and_nothing_else(alliance: Alliance) -> None:
    """Every offline role, a year on: one version more, a full period again, the same keys."""
    alliance.approve()
    before = alliance.base
    alliance.now += dt.timedelta(days=200)
    alliance.publish(ceremony.renew(before, OFFLINE, alliance.now))
    after = dict(alliance.base.roles())
    for role, was in before.roles():
        if role in OFFLINE:
            assert after[role].version == was.version + 1
            assert after[role].expires - was.expires >= dt.timedelta(days=199)
    assert alliance.base.keys == before.keys


def test_root_is_rotated_by_old_and_new_holders_together(alliance: Alliance) -> None:
    """Root 2 names other holders. It needs two of the old and two of the new; old or new alone do not do."""
    old, new = list(alliance.holders["root"]), [alliance.new_signer() for _ in range(3)]
    cards = [alliance.card("root", signer, n) for n, signer in enumerate(new, 11)]
    made = ceremony.rotate(alliance.base, "root", cards, [s.public_key.keyid[:16] for s in old], alliance.now)
    for signers in (old, new):
        handover = made
        for signer in signers:
            handover, _ = handover.sign(signer)
        with pytest.raises(WrongSignature):
            alliance.repository.publish(handover, alliance.online, alliance.now)
    for signer in (old[0], old[1], new[0], new[2]):
        made, _ = made.sign(signer)
    alliance.repository.publish(made, alliance.online, alliance.now)
    assert alliance.base.root.version == 2
    assert set(alliance.base.root.roles["root"].keyids) == {signer.public_key.keyid for signer in new}


@pytest.mark.parametrize("role", ["targets", "31-issuers"])
def test_other_holders_of_nation_or_province(alliance: Alliance, role: str) -> None:
    """One holder goes, one comes, by their superior; what was approved stays in force; the old key signs no more."""
    alliance.approve()
    keys, gone, come = alliance.base.keys, alliance.holders[role][0], alliance.new_signer()
    removed = [gone.public_key.keyid[:8]]
    made = ceremony.rotate(alliance.base, role, [alliance.card(role, come)], removed, alliance.now)
    alliance.holders[role] = [come, *alliance.holders[role][1:]]
    alliance.publish(made)
    assert alliance.base.keys == keys
    made = ceremony.renew(alliance.base, [role], alliance.now)
    with pytest.raises(CeremonyRefused):
        made.sign(gone)
    alliance.publish(made)


def test_losing_all_keys_of_a_province_strands_nobody(alliance: Alliance) -> None:
    """All three officers are replaced: what they signed is drawn up anew in the same handover, for the new to sign."""
    alliance.approve()
    keys, old = alliance.base.keys, alliance.holders["31-issuers"]
    alliance.holders["31-issuers"] = [alliance.new_signer() for _ in range(3)]
    made = ceremony.rotate(
        alliance.base,
        "31-issuers",
        alliance.cards("31-issuers"),
        [s.public_key.keyid for s in old],
        alliance.now,
    )
    assert set(made.pending) == {"targets", "31-issuers"}
    alliance.publish(made)
    assert alliance.base.keys == keys


def test_a_new_province(alliance: Alliance) -> None:
    """The nation gives a further province its first officers, who then approve."""
    alliance.holders["46-issuers"] = [alliance.new_signer() for _ in range(3)]
    alliance.publish(
        ceremony.rotate(alliance.base, "46-issuers", alliance.cards("46-issuers"), (), alliance.now)
    )
    alliance.approve("46")
    assert {key.province for key in alliance.base.keys.values()} == {"46"}


def test_the_operator_changes_hosts_and_online_keys(alliance: Alliance) -> None:
    """The alliance signs `log.json`, root's holders the new online keys; the old online keys publish no more."""
    old = alliance.online
    alliance.online = OnlineKeys(alliance.new_signer(), alliance.new_signer())
    card = alliance.operator_card(hosts=("tem.example.vn", "tem2.example.vn"))
    alliance.publish(ceremony.change_operator(alliance.base, card, alliance.now))
    assert alliance.base.log.hosts == ("tem.example.vn", "tem2.example.vn")
    alliance.now += dt.timedelta(days=2)
    with pytest.raises(CeremonyRefused, match=r"master\.key"):
        alliance.repository.freshen(old, alliance.now)
    assert alliance.repository.freshen(alliance.online, alliance.now)
    with pytest.raises(CeremonyRefused, match="Nothing has changed"):
        ceremony.change_operator(alliance.base, card, alliance.now)


def test_a_key_is_revoked_after_an_entry_with_a_reason(alliance: Alliance) -> None:
    """What it stated up to there stays good, nothing later counts; that can be tightened, never taken back."""
    name = key_id(alliance.approve(log_size=10).public_key)
    alliance.publish(ceremony.revoke(alliance.base, name, 40, "key_compromised", alliance.now))
    key = alliance.base.keys[name]
    assert (key.last_good, key.reason) == (40, "key_compromised")
    key.check(40, alliance.now)
    with pytest.raises(KeyNotValid, match="revoked"):
        key.check(41, alliance.now)
    with pytest.raises(BadTrustData, match="taken back"):
        ceremony.revoke(alliance.base, name, 41, "key_compromised", alliance.now)
    alliance.publish(ceremony.revoke(alliance.base, name, -1, "key_compromised", alliance.now))
    with pytest.raises(KeyNotValid, match="revoked"):
        alliance.base.keys[name].check(10, alliance.now)


def test_a_replaced_key_is_retired(alliance: Alliance) -> None:
    """The old key ends on a day, without the word revoked: what it stated before stays good."""
    name = key_id(alliance.approve().public_key)
    end = alliance.now + dt.timedelta(days=10)
    alliance.publish(ceremony.retire(alliance.base, name, end, alliance.now))
    key = alliance.base.keys[name]
    assert (key.until, key.last_good) == (end, None)
    key.check(20, end)
    with pytest.raises(KeyNotValid, match="ended"):
        key.check(20, end + dt.timedelta(seconds=1))


Step = Callable[[Alliance], object]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (lambda a: ceremony.found(a.cards("root"), a.operator_card(), a.now), "at least 2 holders"),
        (
            lambda a: ceremony.found([*a.cards(), a.cards("root")[0]], a.operator_card(), a.now),
            "same card twice",
        ),
        (lambda a: ceremony.approve(a.base, [], 1, a.now), "no request"),
        (
            lambda a: ceremony.approve(a.base, [a.request(a.new_key(), "99")], 1, a.now),
            "no role “99-issuers”",
        ),
        (lambda a: ceremony.revoke(a.base, "ab" * 32, 1, "key_compromised", a.now), "no key"),
        (
            lambda a: ceremony.revoke(a.base, key_id(a.approve().public_key), 1, "because", a.now),
            "reason code",
        ),
        (lambda a: ceremony.renew(a.base, [], a.now), "Name the roles"),
        (lambda a: ceremony.renew(a.base, ["snapshot"], a.now), "no role “snapshot”"),
        (lambda a: ceremony.renew(a.base, ["everything"], a.now), "no role “everything”"),
        (lambda a: ceremony.rotate(a.base, "everything", [], [], a.now), "no role “everything”"),
        (lambda a: ceremony.rotate(a.base, "timestamp", [], [], a.now), "no role “timestamp”"),
        (lambda a: ceremony.rotate(a.base, "root", a.cards("targets"), [], a.now), "is for “targets”"),
        (lambda a: ceremony.rotate(a.base, "root", [], ["abc"], a.now), "names no one key"),
        (
            lambda a: ceremony.rotate(a.base, "root", [], a.base.root.roles["root"].keyids[:2], a.now),
            "at least 2",
        ),
    ],
)
def test_steps_that_cannot_be_prepared(alliance: Alliance, step: Step, why: str) -> None:
    """Each is refused in words of both languages; nothing is written."""
    with pytest.raises(CeremonyRefused, match=why) as refusal:
        step(alliance)
    assert refusal.value.vi
    assert refusal.value.vi != refusal.value.en


def test_a_holder_of_two_offices_needs_two_keys(alliance: Alliance) -> None:
    """One key in two roles would make one theft count twice."""
    double = alliance.card("targets", alliance.holders["root"][0])
    with pytest.raises(BadTrustData, match="stands twice"):
        ceremony.rotate(alliance.base, "targets", [double], [], alliance.now)


def test_a_request_of_another_log_is_refused(alliance: Alliance) -> None:
    """A request that was made for another system is not replayed into this one."""
    request = alliance.request(alliance.new_key(), origin="other.example/log")
    with pytest.raises(EnrolmentRefused, match=r"other\.example"):
        ceremony.approve(alliance.base, [request], 10, alliance.now)
