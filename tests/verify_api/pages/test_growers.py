"""What a shopper sees of the household: the common name and the commune, and more only as it agreed."""

import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select

from temthat_stamps.runs.revision import bump_revision
from temthat_trace.batches import Batch
from temthat_trace.consent import How, Purpose
from temthat_trace.papers import Attachment
from temthat_trace.parties import Member, Plot
from temthat_trace.privacy.consenting import give, set_fields, withdraw

from ..conftest import NOW, World

pytestmark = pytest.mark.anyio
PHOTO = "c" * 64


def change(world: World, act: Callable[[Member], object]) -> None:
    """Do something to the only member, as the desk does."""
    with world.services.sessions() as session:
        act(session.scalars(select(Member)).one())
        bump_revision(session)
        session.commit()


def agree(*purposes: Purpose) -> Callable[[Member], object]:
    return lambda member: [give(member, p, How.PAPER, NOW.date(), "Lan", NOW) for p in purposes]


def a_grown_batch(world: World) -> str:
    """A printed batch of one household on its own plot; a stamp's code."""
    run = world.run()
    with world.services.sessions() as session:
        batch = session.scalars(select(Batch)).one()
        member = Member(
            id=uuid.uuid4(), party_id=batch.party_id, code="TV1", alias="Hộ bà Tư", commune_text="Xã Ba Vì"
        )
        session.add_all([member, Attachment(digest=PHOTO, media_type="image/webp", data=b"x" * 90)])
        session.flush()
        plot = Plot(
            party_id=batch.party_id, member_id=member.id, code="V1", name="Vườn sau nhà", province="01",
            address="Số 3, ngõ 5, thôn 1, xã Ba Vì, Hà Nội", area_ha=Decimal(1),
        )  # fmt: skip
        session.add(plot)
        session.flush()
        batch.member_id, batch.plot_id, batch.address = member.id, plot.id, ""
        session.commit()
    return world.code(run)


async def test_each_consent_shows_its_own_thing_and_no_other(world: World) -> None:
    """From nothing to everything and back, on the very next page."""
    code = a_grown_batch(world)
    async with world.client() as client:

        async def page() -> str:
            return (await client.get(f"/T/{code}")).text

        html = await page()
        assert "Hộ bà Tư, Xã Ba Vì" in html
        assert "ngõ 5" not in html
        assert "Vườn sau nhà" not in html
        assert (await client.get(f"/picture/{PHOTO}")).status_code == 404
        change(world, agree(Purpose.STORE, Purpose.SHOW_PHOTO, Purpose.STORY))
        change(world, lambda m: set_fields(m, full_name="Trần Thị Tư", photo=PHOTO, story="Ba đời làm chè."))
        html = await page()
        assert "Trần Thị Tư" not in html
        assert f"/picture/{PHOTO}" in html
        assert "Ba đời làm chè." in html
        photo = await client.get(f"/picture/{PHOTO}")
        assert (photo.status_code, photo.headers["cache-control"]) == (200, "private, max-age=3600")
        change(world, agree(Purpose.SHOW_NAME, Purpose.SHOW_PLOT))
        html = await page()
        assert "Trần Thị Tư, Xã Ba Vì" in html
        assert "ngõ 5" in html
        change(world, lambda m: [withdraw(m, purpose, "Lan", NOW) for purpose in Purpose])
        html = await page()
        for gone in ("Trần Thị Tư", "ngõ 5", "Vườn sau nhà", "Ba đời", PHOTO):
            assert gone not in html
        assert (await client.get(f"/picture/{PHOTO}")).status_code == 404


async def test_the_batch_page_and_its_json_tell_the_same(world: World) -> None:
    """What the resolver's pages and data say of a household is what it agreed to."""
    a_grown_batch(world)
    change(world, agree(Purpose.STORE))
    change(world, lambda m: set_fields(m, full_name="Trần Thị Tư", phone="0912 345 678"))
    async with world.client() as client:
        for path in ("/x/HTX-MAU/CHE/L01", "/x/HTX-MAU/CHE/L01?linkType=linkset"):
            for accept in ("text/html", "application/json"):
                answer = await client.get(path, headers={"Accept": accept}, follow_redirects=True)
                assert answer.status_code == 200
                assert not {w for w in ("Trần Thị", "0912 345", "ngõ 5", "Vườn sau") if w in answer.text}, (
                    path
                )
