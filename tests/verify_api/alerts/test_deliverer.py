"""What organisations are told, on real sockets: once for each step, signed, tried again, never a person's data."""

import dataclasses
import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from temthat_stamps.copies.campaigns import AlertState
from temthat_trace.parties import Party
from temthat_verify_api import mail
from temthat_verify_api.alerts import deliverer, rounds
from temthat_verify_api.alerts.deliverer import AlertDeliverer
from temthat_verify_api.alerts.records import Alert, AlertMessage, AlertSubscription, Way, What
from temthat_verify_api.alerts.sweeping import step
from temthat_verify_api.mail import MailError, read_address, send_mail
from temthat_verify_api.metrics import Metrics
from temthat_verify_api.receivers import MOST_FAILURES, SubscriptionState
from temthat_verify_api.settings import Settings

from ..conftest import World
from ..epcis.receiver import SECRET, Receiver, receiving
from ..epcis.test_subscriptions import certificate
from .conftest import Watch
from .mailbox import Mailbox, mail_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


def mailing(world: World, box: Mailbox, **more: Any) -> Watch:
    """A watch over a world that has this mail server."""
    changed = {"smtp_host": "localhost", "smtp_port": box.port, "smtp_tls": "none", **more}
    settings = world.services.settings.model_copy(update=changed)
    world.services = dataclasses.replace(world.services, settings=settings)
    return Watch(world)


def deliver(watch: Watch) -> None:
    AlertDeliverer(watch.world.services).round()


def subscription(watch: Watch) -> AlertSubscription:
    with watch.world.services.sessions() as session:
        return session.query(AlertSubscription).one()


def moved_on(watch: Watch, state: AlertState, note: str = "") -> None:
    with watch.world.services.sessions() as session:
        alert = session.query(Alert).one()
        alert.state = state
        by = alert.party_id, "Hoàng Thị Mai"
        step(session, alert, What.CHANGED, watch.world.now, note, by)
        session.commit()


def test_a_webhook_for_each_step_and_none_for_a_scan(any_world: World, receiver: Receiver) -> None:
    """Opened, moved on, reopened: three messages, signed as EPCIS subscribers know it, and nothing of persons."""
    watch = Watch(any_world)
    watch.signal(1, "suspect")
    watch.signal(1, "sales", 0, "62")
    watch.sweep()
    watch.subscribe("HTX-MAU", Way.WEBHOOK, receiver.url, SECRET)
    deliver(watch)
    assert receiver.came == []  # what was before is not told
    any_world.forward(hours=1)
    moved_on(watch, AlertState.EXPLAINED, "Chị Mai, 0912 345 678, nói máy ghi trùng")
    any_world.forward(hours=1)
    watch.signal(2, "pins", 0, "79")
    watch.sweep()
    watch.signal(3, "suspect")
    watch.signal(3, "sales")
    watch.sweep()
    deliver(watch)
    deliver(watch)
    first, second = receiver.documents()
    receiver.check_signatures()
    assert (first["event"], first["state"]) == ("changed", "explained")
    assert (second["event"], second["state"]) == ("reopened", "open")
    assert second["evidence"] == {"pins": 1, "sales": 2}
    assert second["provinces"] == ["01", "51", "79"]
    assert second["stamps"] == 3
    assert second["product"] == {"code": "CHE", "name": "Chè búp", "gtin": "08938505974194"}
    assert second["link"] == f"https://{any_world.services.settings.host}/desk/alerts/{second['alert']}"
    everything = b"".join(body for _, body in receiver.came).decode()
    assert "Mai" not in everything
    assert "0912 345" not in everything


def test_what_was_not_taken_is_tried_again_with_longer_waits(any_world: World) -> None:
    """In order, nothing lost; after half a day of refusals it pauses, and what waits stays."""
    with receiving(500, 500, 200) as receiver:
        watch = Watch(any_world)
        watch.subscribe("LM", Way.WEBHOOK, receiver.url, SECRET)
        watch.signal(1, "sales")
        watch.sweep()
        any_world.forward(seconds=1)
        moved_on(watch, AlertState.CONFIRMED)
        deliver(watch)
        deliver(watch)
        assert len(receiver.came) == 1
        any_world.forward(seconds=10)
        deliver(watch)
        assert (len(receiver.came), subscription(watch).failures) == (2, 2)
        any_world.forward(seconds=20)
        deliver(watch)
        assert [d["event"] for d in receiver.documents()] == ["opened", "opened", "opened", "changed"]
        assert (subscription(watch).failures, subscription(watch).problem) == (0, "")
    any_world.forward(hours=1)
    moved_on(watch, AlertState.CLOSED)
    for _ in range(MOST_FAILURES + 2):
        any_world.forward(hours=1, seconds=1)
        deliver(watch)
    assert (subscription(watch).state, subscription(watch).failures) == (
        SubscriptionState.PAUSED,
        MOST_FAILURES,
    )
    with any_world.services.sessions() as session:
        assert len(session.scalars(select(AlertMessage).where(AlertMessage.sent_at.is_(None))).all()) == 1


def test_a_receiver_that_is_gone_pauses_at_once(world: World) -> None:
    """410: it said so itself."""
    with receiving(410) as receiver:
        watch = Watch(world)
        watch.subscribe("LM", Way.WEBHOOK, receiver.url, SECRET)
        watch.signal(1, "sales")
        watch.sweep()
        deliver(watch)
        assert subscription(watch).state is SubscriptionState.PAUSED


def test_who_does_not_look_after_the_producer_any_more_gets_nothing(world: World, receiver: Receiver) -> None:
    """What waited is done with, and nobody is said to have been told."""
    watch, metrics = Watch(world), Metrics()
    watch.subscribe("LM", Way.WEBHOOK, receiver.url, SECRET)
    watch.signal(1, "sales")
    watch.sweep()
    with world.services.sessions() as session:
        session.query(Party).filter_by(code="HTX-MAU").one().alliance_id = None
        session.commit()
    AlertDeliverer(world.services, metrics).round()
    assert receiver.came == []
    one = subscription(watch)
    assert (one.state, one.last_notified_at, one.lease_until) == (SubscriptionState.ACTIVE, None, None)
    assert b'temthat_alert_messages_total{result="received"}' not in metrics.text()
    with world.services.sessions() as session:
        assert session.query(AlertMessage).filter_by(sent_at=None).count() == 0


def test_production_never_posts_inside(world: World, receiver: Receiver) -> None:
    """The rules of EPCIS subscriptions hold for these addresses too."""
    watch = Watch(world)
    settings = world.services.settings.model_copy(update={"mode": "production"})
    world.services = dataclasses.replace(world.services, settings=settings)
    for serial, dest in enumerate(
        (receiver.url, receiver.url.replace("http:", "https:"), "https://localhost/hook"), 1
    ):
        number = watch.subscribe("LM", Way.WEBHOOK, dest, SECRET)
        with world.services.sessions() as session:
            session.query(AlertMessage).delete()
            session.query(AlertSubscription).filter(AlertSubscription.id != number).delete()
            session.commit()
        watch.signal(serial, "sales", 0)
        watch.sweep()
        moved_on(watch, AlertState.OPEN)
        deliver(watch)
        assert subscription(watch).failures == 1
    assert receiver.came == []


def test_a_mail_in_both_languages(any_world: World, box: Mailbox) -> None:
    """Subject and text are read as they were written; the sender is the operator's; no person is in it."""
    watch = mailing(any_world, box, smtp_from="canh-bao@example.vn")
    watch.subscribe("HTX-MAU", Way.EMAIL, "htx@example.vn")
    watch.signal(1, "sales", 0, "79")
    watch.sweep()
    any_world.forward(minutes=1)
    moved_on(watch, AlertState.EXPLAINED, "Chị Mai nói máy ghi trùng")
    deliver(watch)
    deliver(watch)
    [(sender, recipient, first), (_, _, second)] = box.came
    assert ("canh-bao@example.vn" in sender, "htx@example.vn" in recipient) == (True, True)
    assert first["Subject"] == "[TemThật] Cảnh báo mới: Chè búp"
    assert second["Subject"] == "[TemThật] Cảnh báo – đã giải thích: Chè búp"
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Auto-Submitted"] == "auto-generated"
    text = first.get_content()
    [alert] = watch.alerts()
    assert f"https://{any_world.services.settings.host}/desk/alerts/{alert.id}" in text
    assert "1 tem, ở Hồ Chí Minh" in text
    assert "Signs from" in text
    for letter in (
        first,
        second,
    ):  # as it is read: among the letters of a base64 any three may stand together
        assert "Mai" not in "\n".join((*letter.values(), letter.get_content()))


def test_a_mail_that_is_not_taken_now_is_taken_later(world: World, box: Mailbox) -> None:
    """4xx: later. 5xx for the address: it pauses and says why. No server at all: later."""
    watch = mailing(world, box)
    watch.subscribe("HTX-MAU", Way.EMAIL, "htx@example.vn")
    watch.signal(1, "sales")
    watch.sweep()
    box.data = "451 try later"
    deliver(watch)
    assert ("451" in subscription(watch).problem, subscription(watch).failures) == (True, 1)
    box.data = "250 kept"
    world.forward(minutes=1)
    deliver(watch)
    assert len(box.came) == 1
    moved_on(watch, AlertState.CLOSED)
    box.recipient = "550 no such mailbox"
    deliver(watch)
    assert (subscription(watch).state, "550" in subscription(watch).problem) == (
        SubscriptionState.PAUSED,
        True,
    )
    with pytest.raises(MailError, match="cannot be reached"):
        send_mail(
            world.services.settings.model_copy(update={"smtp_port": 1}),
            "a@example.vn",
            "x",
            "y",
            world.now,
            "1.2",
        )


def test_a_name_of_two_lines_is_a_subject_of_one(world: World, box: Mailbox) -> None:
    """A header holds no line's end, and no message waits for ever because of one."""
    settings = mailing(world, box).world.services.settings
    send_mail(settings, "htx@example.vn", "Cảnh báo: Gạo\r\nlứt", "Thư", world.now, "1.2")
    assert box.came[0][2]["Subject"] == "Cảnh báo: Gạo lứt"


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_mail_goes_over_tls_to_the_right_name_only(
    at_once: bool, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate nobody vouches for, or of another name: nothing is sent, no password told. Else both are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = certificate(tmp_path, "localhost")
    context.load_cert_chain(pem)
    with mail_server(context, at_once=at_once) as box:
        settings = world.services.settings.model_copy(
            update={
                "smtp_host": "localhost",
                "smtp_port": box.port,
                "smtp_tls": "tls" if at_once else "starttls",
                "smtp_user": "temthat",
                "smtp_password": SecretStr("a-secret"),
            }
        )

        def send(**more: Any) -> None:
            changed = settings.model_copy(update=more)
            send_mail(changed, "htx@example.vn", "Chào", "Thư", dt.datetime.now(dt.UTC), "1.2")

        with pytest.raises(MailError):
            send()
        trusted = ssl.create_default_context(cafile=str(pem))
        monkeypatch.setattr(mail, "tls_context", lambda: trusted)
        with pytest.raises(MailError):
            send(smtp_host="127.0.0.1")
        assert (box.came, box.logins) == ([], [])
        send()
        assert box.logins == ["\0temthat\0a-secret"]
        assert box.secure == [True]
        assert box.came[0][2].get_content().strip() == "Thư"


def test_a_server_without_tls_gets_nothing_when_tls_is_set(world: World, box: Mailbox) -> None:
    """No silent fall back to plain text."""
    settings = mailing(world, box, smtp_tls="starttls").world.services.settings
    with pytest.raises(MailError):
        send_mail(settings, "htx@example.vn", "Chào", "Thư", world.now, "1.2")
    assert box.secure == []


@pytest.mark.parametrize(
    "text", ["", "htx", "htx@vn", "a b@example.vn", "a@example.vn\nBcc: b@example.vn", "a@-x.vn", "é@example.vn",
             "<a@example.vn>", "a@example.vn,b@example.vn", "a" * 65 + "@example.vn", "a@" + "b." * 130 + "vn"]
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """Nothing that could end a line, add a receiver or a header."""
    with pytest.raises(MailError):
        read_address(text)


def test_plain_mail_only_near_by() -> None:
    """In production a mail server elsewhere is spoken to over TLS."""
    with pytest.raises(ValidationError, match="smtp_tls"):
        Settings(smtp_host="mail.example.vn", smtp_tls="none")
    assert Settings(smtp_host="localhost", smtp_tls="none").smtp_host == "localhost"
    assert "mật" not in repr(Settings(smtp_password=SecretStr("bí mật")))


@pytest.mark.anyio
async def test_the_service_does_it_by_itself(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a signal to a message, with nobody's hand."""
    monkeypatch.setattr(rounds, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(deliverer, "EVERY_SECONDS", 0.02)
    watch = Watch(world)
    watch.subscribe("HTX-MAU", Way.WEBHOOK, receiver.url, SECRET)
    async with world.client():
        watch.signal(1, "gone")
        assert await anyio.to_thread.run_sync(receiver.arrived.wait, 20)
    assert [d["event"] for d in receiver.documents()] == ["opened"]
