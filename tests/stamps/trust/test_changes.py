"""What no number of signatures makes right: every change an insider could have signed, refused by the next machine."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, MetaFile, Root, TargetFile, Targets

from temthat_stamps.keys import key_id
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.accepted import accept, metadata_name, target_name
from temthat_stamps.trust.changes import check_changes
from temthat_stamps.trust.errors import BadTrustData, CeremonyRefused, EnrolmentRefused, TrustExpired
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.roles import path_pattern

from .conftest import Alliance

Bend = Callable[[Any], object]


def bent(alliance: Alliance, role: str, bend: Bend, handover: Handover | None = None) -> Handover:
    """A handover whose metadata of one role says something else: what whoever prepares it could write."""
    made = handover or ceremony.renew(alliance.base, [role], alliance.now)
    signed = made.pending[role].signed
    bend(signed)
    return replace(made, pending={**made.pending, role: Metadata(signed)})


def refused_everywhere(alliance: Alliance, handover: Handover, match: str) -> None:
    """By each holder before signing, by the operator before publishing, and by clients though all had signed it."""
    with pytest.raises((BadTrustData, EnrolmentRefused), match=match):
        check_changes(handover.pending, handover.files, alliance.base)
    for role in handover.pending:
        for holder in alliance.holders[role][:2]:
            with pytest.raises((BadTrustData, EnrolmentRefused), match=match):
                handover.sign(holder)
    with pytest.raises((BadTrustData, EnrolmentRefused), match=match):
        alliance.repository.publish(handover, alliance.online, alliance.now)


def force(alliance: Alliance, handover: Handover) -> dict[str, bytes]:
    """The public folder's files after everybody signed it regardless, operator too: what a client may meet."""
    files = {
        str(path.relative_to(alliance.repository.folder)): path.read_bytes()
        for path in alliance.repository.folder.rglob("*.json")
    }
    base = alliance.base
    snapshot, timestamp = base.snapshot, base.timestamp
    for role, metadata in handover.pending.items():
        for holder in alliance.holders[role][:2]:
            metadata.sign(holder, append=True)
        files[metadata_name(role, metadata.signed.version)] = metadata.to_bytes()
        if role != "root":
            snapshot.meta[f"{role}.json"] = MetaFile(metadata.signed.version)
    for path, data in handover.files.items():
        files[target_name(path, hashlib.sha256(data).hexdigest())] = data
    snapshot.version += 1
    timestamp.version += 1
    timestamp.snapshot_meta = MetaFile(snapshot.version)
    for signed, name, signer in (
        (snapshot, metadata_name("snapshot", snapshot.version), alliance.online.snapshot),
        (timestamp, "timestamp.json", alliance.online.timestamp),
    ):
        metadata = Metadata[Any](signed)
        metadata.sign(signer)
        files[name] = metadata.to_bytes()
    return files


def client_refuses(alliance: Alliance, handover: Handover, match: str) -> None:
    """A client that meets it with every signature good."""
    files = force(alliance, handover)
    with pytest.raises(BadTrustData, match=match):
        accept(files.get, files["1.root.json"], alliance.now)


def test_the_forced_set_is_accepted_where_nothing_is_bent(alliance: Alliance) -> None:
    """The tests below refuse what is bent, not the way they bend it."""
    files = force(alliance, ceremony.renew(alliance.base, ["targets", "31-issuers"], alliance.now))
    assert accept(files.get, files["1.root.json"], alliance.now).targets.version == 2


def test_a_province_that_speaks_for_another(alliance: Alliance) -> None:
    """31 names the key of an issuer in 37 under 37's path: what it says is not what 31 may say."""
    key = alliance.approve("37")
    target = alliance.base.provinces["37-issuers"].targets
    made = bent(alliance, "31-issuers", lambda signed: signed.targets.update(target))
    assert key_id(key.public_key) in next(iter(target))
    refused_everywhere(alliance, made, "says other than its path")
    client_refuses(alliance, made, "says other than its path")


def test_a_province_that_delegates_to_an_issuer_of_another(alliance: Alliance) -> None:
    """A new key, honestly asked for, in the name of an issuer that 37 approved: each issuer has one home."""
    key = alliance.approve("37")
    issuer = alliance.base.keys[key_id(key.public_key)].issuer
    request = alliance.request(alliance.new_key(), "31", issuer=issuer)
    with pytest.raises(BadTrustData, match="delegates to an issuer of"):
        ceremony.approve(alliance.base, [request], 10, alliance.now)


def test_a_province_that_delegates_onward(alliance: Alliance) -> None:
    """No officer hands the pen to somebody else."""
    stranger = alliance.new_signer().public_key

    def onward(signed: Targets) -> None:
        role = DelegatedRole("friends", [stranger.keyid], 1, True, paths=["31/*/*"])
        signed.delegations = Delegations({stranger.keyid: stranger}, {"friends": role})

    made = bent(alliance, "31-issuers", onward)
    refused_everywhere(alliance, made, "delegates no further")
    client_refuses(alliance, made, "delegates no further")


def _paths(role: str, paths: list[str]) -> Bend:
    return lambda signed: setattr(signed.delegations.roles[role], "paths", paths)


@pytest.mark.parametrize(
    ("bend", "match"),
    [
        (_paths("31-issuers", [path_pattern("31"), path_pattern("37")]), "other targets than"),
        (_paths("31-issuers", ["*/*/*"]), "other targets than"),
        (_paths("31-issuers", [path_pattern("37")]), "other targets than"),
        (lambda s: setattr(s.delegations.roles["31-issuers"], "terminating", False), "other targets than"),
        (lambda s: setattr(s.delegations.roles["31-issuers"], "threshold", 1), "at least 2 signers"),
        (lambda s: setattr(s.delegations.roles["31-issuers"], "keyids", s.delegations.roles["31-issuers"].keyids[:1]),
         "at least 2 signers|at least 2"),
        (lambda s: s.targets.update({"31/x/y.json": TargetFile.from_data("31/x/y.json", b"x")}), "strange target"),
        (lambda s: s.targets.pop("log.json"), "names no log.json"),
    ],
)  # fmt: skip
def test_a_nation_that_delegates_more_than_it_may(alliance: Alliance, bend: Bend, match: str) -> None:
    """Overlapping paths, paths of others, roles that are not the last word, too low thresholds, targets of its own."""
    made = bent(alliance, "targets", bend)
    refused_everywhere(alliance, made, match)
    if match != "strange target":
        client_refuses(alliance, made, match)


def test_one_key_under_two_names_does_not_count_twice(alliance: Alliance) -> None:
    """TUF counts key ids. A key written twice, under an id of its own each time, is found by what it is."""

    def double(signed: Targets) -> None:
        assert signed.delegations is not None
        assert signed.delegations.roles is not None
        first = signed.delegations.roles["31-issuers"].keyids[0]
        old = signed.delegations.keys[first]
        twin = Key.from_dict("ab" * 32, old.to_dict() | {"x-other": 1})
        signed.delegations.keys["ab" * 32] = twin
        signed.delegations.roles["31-issuers"].keyids = [first, "ab" * 32]

    made = bent(alliance, "targets", double)
    refused_everywhere(alliance, made, "one key stands twice")


@pytest.mark.parametrize(
    ("bend", "match"),
    [
        (lambda s: setattr(s.roles["root"], "threshold", 1), "at least 2 signers"),
        (lambda s: setattr(s.roles["targets"], "threshold", 1), "at least 2 signers"),
        (lambda s: setattr(s, "consistent_snapshot", False), "consistent snapshots"),
    ],
)
def test_a_root_weaker_than_its_rule(alliance: Alliance, bend: Callable[[Root], object], match: str) -> None:
    """Two of three is the rule, not what somebody wrote."""
    refused_everywhere(alliance, bent(alliance, "root", bend), match)


def _with_key(alliance: Alliance) -> str:
    signer = alliance.approve(log_size=10)
    return alliance.base.keys[key_id(signer.public_key)].path


def _custom(path: str, **changes: object) -> Bend:
    return lambda signed: signed.targets[path].unrecognized_fields["custom"].update(changes)


def test_what_was_said_of_a_key_stays_said(alliance: Alliance) -> None:
    """Forgetting a key, backdating it, moving its start, giving it to another or taking its revocation back."""
    path = _with_key(alliance)
    name = path.rpartition("/")[2].removesuffix(".json")
    refused_everywhere(alliance, bent(alliance, "31-issuers", lambda s: s.targets.pop(path)), "has vanished")
    for changes in ({"from": 3}, {"custody": "own"}, {"kind": "authority"}):
        made = bent(alliance, "31-issuers", _custom(path, **changes))
        refused_everywhere(alliance, made, "was rewritten")
    alliance.publish(ceremony.revoke(alliance.base, name, 40, "key_compromised", alliance.now))
    made = bent(alliance, "31-issuers", _custom(path, last_good=None, reason=None))
    refused_everywhere(alliance, made, "taken back")
    refused_everywhere(alliance, bent(alliance, "31-issuers", _custom(path, last_good=41)), "taken back")


def test_a_key_that_nobody_asked_for(alliance: Alliance) -> None:
    """The operator writes a key into the handover: without its request, with another's, or saying other than it."""
    made = ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
    path = next(iter(made.files))
    refused_everywhere(alliance, replace(made, files={}), "missing or another")
    refused_everywhere(alliance, replace(made, files={path: alliance.request(alliance.new_key())}), "another")
    bold = bent(alliance, "31-issuers", _custom(path, kind="authority"), made)
    refused_everywhere(alliance, bold, "says other than the request")


def test_an_origin_never_changes(alliance: Alliance) -> None:
    """A log cannot be swapped for another under the same trust."""
    with pytest.raises(BadTrustData, match="never changes"):
        ceremony.change_operator(
            alliance.base, alliance.operator_card(origin="other.example/log"), alliance.now
        )


def test_a_handover_of_yesterday_is_not_published_today(alliance: Alliance) -> None:
    """Two were prepared from one base: the second builds on what is no longer there, and is told so."""
    first, second = (
        ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
        for _ in range(2)
    )
    alliance.publish(first)
    with pytest.raises(CeremonyRefused, match="published first"):
        alliance.publish(second)
    assert len(alliance.base.keys) == 1


def test_publishing_again_is_harmless(alliance: Alliance) -> None:
    """The same handover twice: nothing moves."""
    made = ceremony.approve(alliance.base, [alliance.request(alliance.new_key())], 10, alliance.now)
    alliance.publish(made)
    before = {p: p.read_bytes() for p in alliance.repository.folder.rglob("*.json")}
    alliance.publish(made)
    assert {p: p.read_bytes() for p in alliance.repository.folder.rglob("*.json")} == before


def test_metadata_that_expired_on_the_way_is_not_published(alliance: Alliance) -> None:
    """A handover that lay about for more than its period would lock every client out."""
    made = alliance.signed(ceremony.renew(alliance.base, ["31-issuers"], alliance.now))
    alliance.now += dt.timedelta(days=396)
    with pytest.raises(TrustExpired, match="expired"):
        alliance.repository.publish(made, alliance.online, alliance.now)
