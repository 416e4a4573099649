"""Passwords, sessions, one-time codes and API keys against a real database file."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import temthat_trace.tables  # noqa: F401
from temthat_trace.database import Base, make_engine
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import (
    ApiKey,
    KeyRole,
    Person,
    ResetCode,
    Role,
    WebSession,
    find_api_key,
    issue_api_key,
)
from temthat_verify_api.passwords import (
    WeakPassword,
    WrongCredentials,
    authenticate,
    check_strength,
    hash_secret,
)
from temthat_verify_api.reset_codes import VALID, issue_reset_code, use_reset_code
from temthat_verify_api.sessions import (
    ABSOLUTE,
    IDLE,
    close_session,
    find_session,
    form_token,
    is_form_token,
    open_session,
)
from temthat_verify_api.throttle import SignInThrottle, TooManyTries, coarse_source

NOW = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)
PASSWORD = "nắng ấm trên đồi"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = make_engine(f"sqlite:///{tmp_path / 'accounts.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        party = Party(code="HTX1", kind=PartyKind.COOPERATIVE, name="HTX Mẫu")
        session.add(party)
        session.flush()
        session.add(
            Person(
                phone="+84912345678",
                name="Lò Thị Mai",
                party_id=party.id,
                role=Role.CLERK,
                password_hash=hash_secret(PASSWORD),
                created_at=NOW,
            )
        )
        session.flush()
        yield session
    engine.dispose()


def mai(session: Session) -> Person:
    return session.scalars(select(Person)).one()


def test_right_password_finds_the_person(session: Session) -> None:
    """Phone and password together name the person; the hash is Argon2id."""
    assert authenticate(session, "+84912345678", PASSWORD).name == "Lò Thị Mai"
    assert str(mai(session).password_hash).startswith("$argon2id$")


def test_keyboards_that_compose_differently_type_the_same_password(session: Session) -> None:
    """A decomposed Vietnamese password is the same password."""
    import unicodedata

    assert authenticate(session, "+84912345678", unicodedata.normalize("NFD", PASSWORD))


@pytest.mark.parametrize("phone", ["+84912345678", "+84987654321", None])
def test_wrong_password_unknown_phone_and_no_phone_are_alike(session: Session, phone: str | None) -> None:
    """The error never says which half was wrong."""
    with pytest.raises(WrongCredentials):
        authenticate(session, phone, "sai mật khẩu")


def test_unknown_phone_takes_as_long_as_a_wrong_password(session: Session) -> None:
    """An account cannot be found by the clock: both cost a hash, the least of five tries within half of each other."""

    def seconds(phone: str) -> float:
        start = time.process_time()  # of this process alone, whatever else the machine does
        with pytest.raises(WrongCredentials):
            authenticate(session, phone, "sai mật khẩu")
        return time.process_time() - start

    known = [seconds("+84912345678") for _ in range(5)]
    unknown = [seconds("+84987654321") for _ in range(5)]
    assert 0.5 < min(known) / min(unknown) < 2


def test_disabled_people_cannot_sign_in(session: Session) -> None:
    """A closed account is refused even with the right password, and its open browsers are signed out."""
    token = open_session(session, mai(session), NOW)
    mai(session).disabled_at = NOW
    with pytest.raises(WrongCredentials):
        authenticate(session, "+84912345678", PASSWORD)
    assert find_session(session, token, NOW) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("ngắn", "password.too_short"),
        ("x" * 129, "password.too_long"),
        ("12345678", "password.too_common"),
        ("MatKhau123", "password.too_common"),
        ("aaaaaaaab", "password.too_common"),
        ("0912345678", "password.too_common"),
        ("84912345678", "password.too_common"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, why: str) -> None:
    """Too short, what everyone tries, one key held down, one's own number."""
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "+84912345678")
    assert caught.value.key == why


def test_a_session_is_found_by_its_token_and_only_the_hash_is_kept(session: Session) -> None:
    """The cookie's value is nowhere in the database."""
    token = open_session(session, mai(session), NOW)
    found = find_session(session, token, NOW)
    assert found is not None
    assert found.person.party.name == "HTX Mẫu"
    assert token.encode() not in session.scalars(select(WebSession.token_hash)).all()
    assert find_session(session, token + "x", NOW) is None


def test_a_session_ends_when_idle_and_in_any_case_after_a_day(session: Session) -> None:
    """Use keeps it alive, but not for ever."""
    token = open_session(session, mai(session), NOW)
    assert find_session(session, token, NOW + IDLE + dt.timedelta(seconds=1)) is None
    at = NOW
    while at < NOW + ABSOLUTE:
        assert find_session(session, token, at) is not None
        at += IDLE
    assert find_session(session, token, NOW + ABSOLUTE + dt.timedelta(seconds=1)) is None


def test_signing_out_ends_the_session(session: Session) -> None:
    """After that the token opens nothing."""
    token = open_session(session, mai(session), NOW)
    close_session(session, token)
    assert find_session(session, token, NOW) is None


def test_form_tokens_belong_to_one_browser() -> None:
    """A token of another session is refused, however it is bent."""
    assert is_form_token("secret", form_token("secret"))
    for wrong in ("", form_token("other"), form_token("secret")[:-1], "é" * 32):
        assert not is_form_token("secret", wrong)


def test_a_printed_code_sets_a_new_password_once(session: Session) -> None:
    """It works as typed by a person, ends the open browsers, and is then spent."""
    token = open_session(session, mai(session), NOW)
    code = issue_reset_code(session, mai(session), "Cán bộ tỉnh", NOW)
    typed = code.lower().replace("-", " ").replace("0", "o")
    use_reset_code(session, "+84912345678", typed, "mật khẩu mới tinh", NOW)
    assert authenticate(session, "+84912345678", "mật khẩu mới tinh")
    assert find_session(session, token, NOW) is None
    with pytest.raises(WrongCredentials):
        use_reset_code(session, "+84912345678", code, "một mật khẩu khác", NOW)


def test_a_code_ends_after_seven_days_and_when_a_newer_one_is_printed(session: Session) -> None:
    """An old sheet of paper in a drawer opens nothing."""
    old = issue_reset_code(session, mai(session), "Cán bộ tỉnh", NOW)
    new = issue_reset_code(session, mai(session), "Cán bộ tỉnh", NOW)
    for code, at in ((old, NOW), (new, NOW + VALID)):
        with pytest.raises(WrongCredentials):
            use_reset_code(session, "+84912345678", code, "mật khẩu mới tinh", at)
    assert use_reset_code(session, "+84912345678", new, "mật khẩu mới tinh", NOW)


def test_a_weak_password_does_not_spend_the_code(session: Session) -> None:
    """The person may try again with a better one."""
    code = issue_reset_code(session, mai(session), "Cán bộ tỉnh", NOW)
    with pytest.raises(WeakPassword):
        use_reset_code(session, "+84912345678", code, "12345678", NOW)
    assert use_reset_code(session, "+84912345678", code, "mật khẩu mới tinh", NOW)


def test_a_code_of_another_person_or_for_nobody_is_refused(session: Session) -> None:
    """Codes are bound to a number."""
    code = issue_reset_code(session, mai(session), "Cán bộ tỉnh", NOW)
    for phone in ("+84987654321", None):
        with pytest.raises(WrongCredentials):
            use_reset_code(session, phone, code, "mật khẩu mới tinh", NOW)
    stored = session.scalars(select(ResetCode)).one().code_hash
    assert stored.startswith("$argon2id$")


def test_api_keys_are_shown_once_and_found_until_revoked(session: Session) -> None:
    """The database keeps a hash; the text tells the role to a person."""
    token = issue_api_key(session, mai(session).party, "till", "Quầy 1")
    assert token.startswith("tt_till_")
    found = find_api_key(session, token)
    assert found is not None
    assert (found.role, found.label) == (KeyRole.TILL, "Quầy 1")
    assert find_api_key(session, token.replace("till", "operator")) is None
    session.scalars(select(ApiKey)).one().revoked_at = NOW
    session.flush()
    assert find_api_key(session, token) is None


def test_an_api_key_needs_a_known_role(session: Session) -> None:
    """A slip in the role is an error, not a key that opens nothing."""
    with pytest.raises(ValueError, match="boss"):
        issue_api_key(session, mai(session).party, "boss", "?")


def test_guessing_is_slowed_down_but_not_for_others() -> None:
    """Six tries from one place, then a wait; the owner elsewhere still gets in; right credentials start afresh."""
    throttle = SignInThrottle()
    for _ in range(6):
        throttle.try_once("+84912345678", "203.0.113.0/24")
    with pytest.raises(TooManyTries) as caught:
        throttle.try_once("+84912345678", "203.0.113.0/24")
    assert 1 <= caught.value.minutes <= 15
    throttle.try_once("+84912345678", "198.51.100.0/24")
    throttle.try_once("+84987654321", "203.0.113.0/24")
    throttle.forget("+84912345678", "203.0.113.0/24")
    throttle.try_once("+84912345678", "203.0.113.0/24")


def test_one_neighbourhood_cannot_walk_through_all_numbers() -> None:
    """Trying one password on many numbers ends as well."""
    throttle = SignInThrottle()
    for i in range(200):
        throttle.try_once(f"+8491{i:07}", "203.0.113.0/24")
    with pytest.raises(TooManyTries):
        throttle.try_once("+84919999999", "203.0.113.0/24")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_only_the_neighbourhood_of_an_address_is_held(address: str | None, source: str) -> None:
    """Never the address itself."""
    assert coarse_source(address) == source
