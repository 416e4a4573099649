"""The rules of the log for trust files, roles and the operator."""

import datetime as dt

from temthat_stamps.errors import Fault
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.logged import BundlePublished

from .world import ORIGIN, World

DAY = dt.timedelta(days=1)


def test_a_trust_file_must_be_there_and_be_the_one_published(world: World) -> None:
    """Missing or changed, the delegation counts for nothing; so does what stands on it."""
    issuer = world.enrol("31")
    index = len(world.entries) - 1
    issuer.open_key()
    [path] = [p for p in world.files if p.endswith("2.31-issuers.json")]
    data = world.files.pop(path)
    seen = world.replay()
    assert seen.code(index) is FindingCode.TRUST_MISSING
    assert seen.outcomes[index].fault is Fault.STORE  # type: ignore[union-attr]
    assert seen.last is FindingCode.UNKNOWN_SIGNER
    world.files[path] = data.replace(b"31", b"32", 1)
    assert world.replay().code(index) is FindingCode.TRUST_MISSING


def test_a_province_needs_its_threshold_and_a_newer_version(world: World) -> None:
    """One holder's signature is too few; another province's holders are nobody here; old versions are refused."""
    world.found("01", log=False)
    world.publish({"targets": world.sign_targets(), "01-issuers": world.sign_province("01")})
    assert world.replay().findings == []
    old = world.sign_province("31")
    for signers in (world.provinces["31"].signers[:1], world.provinces["01"].signers):
        world.publish({"31-issuers": world.sign_province("31", signers)})
        assert world.replay().last is FindingCode.TRUST_REFUSED
    world.republish("31")
    assert world.replay().last is None
    newest = world.provinces["31"].version
    for stated in (2, newest + 1):  # as it is, and under a higher number
        world.provinces["31"].version = stated
        world.publish({"31-issuers": old})
        assert world.replay().last is FindingCode.TRUST_REFUSED


def test_root_rotates_under_the_old_and_the_new_threshold(world: World) -> None:
    """A new version by the old holders is taken; a first root other than the pinned one is not."""
    world.publish({"root": world.sign_root()})
    assert world.replay().findings == []
    first = world.files["trust/1.root.json"]
    assert world.replay(first_root=first).findings == []
    seen = world.replay(first_root=World(seed=8).sign_root())
    assert seen.code(1) is FindingCode.TRUST_REFUSED


def test_the_operator_that_delegates_is_the_one_the_alliance_names(world: World) -> None:
    """After log.json names another key only that one states operator things, and it may publish the change itself."""
    old, world.operator = world.operator, world.new_signer()
    files = {"targets": world.sign_targets(), "log.json": world.log_trust().format()}
    world.publish(files, world.operator)
    assert world.replay().last is None
    world.bundle(1, 0)
    assert world.replay().last is None
    world.log(BundlePublished(ORIGIN, 1, "0" * 64, 0, world.now), old)
    assert world.replay().last is FindingCode.NOT_THE_OPERATOR
    stranger = World(seed=9)
    stranger.open()
    stranger.operator = stranger.new_signer()
    stranger.found("31")
    assert stranger.replay().findings == []  # the alliance decides who operates


def test_a_delegation_about_another_log_is_refused() -> None:
    """Trust data of another log would make its operator ours."""
    world, other = World(), World(origin="khac.example.vn/log", seed=8)
    world.open()
    other.open()
    other.found("31")
    world.files = other.files
    files = {
        name: other.files[path]
        for name, path in (("root", "trust/1.root.json"), ("targets", "trust/1.targets.json"))
    }
    files["log.json"] = other.log_trust().format()
    world.roles["root"].version = world.roles["targets"].version = 1
    world.publish(files)
    assert world.replay().last is FindingCode.TRUST_REFUSED
