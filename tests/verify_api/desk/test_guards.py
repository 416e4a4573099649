"""What protects every page: the form token, the same origin, size limits, headers, and who may see what."""

import asyncio
import re
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from temthat_stamps.runs.records import Run
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.permissions import Action, may

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, PASSWORD, Office


def test_a_form_without_its_token_changes_nothing(office: Office) -> None:
    """Missing, wrong, or of another browser: refused with what to do."""
    browser, other = office.browser(CLERK), office.browser(ADMIN)
    foreign = other.token("/desk/account")
    for token in ("", "0" * 32, foreign):
        answer = browser.client.post("/desk/sign-out", data={"form": token})
        assert answer.status_code == 403
        assert "tải lại trang" in answer.text
    assert browser.open("/desk").status_code == 200


def test_signing_in_needs_a_token_too(office: Office) -> None:
    """Another site cannot sign a victim in under the attacker's account."""
    answer = office.browser().client.post("/desk/sign-in", data={"phone": CLERK, "password": PASSWORD})
    assert answer.status_code == 403


def test_other_sites_cannot_post(office: Office) -> None:
    """Even with a good token; and our own pages, which send no referrer, can."""
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 422),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 422),
        ({"origin": "http://desk.test"}, 422),
        ({"origin": "null"}, 422),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "http://evil.test"}, 403),
    ]
    browser = office.browser()
    token = browser.token("/desk/sign-in")
    for headers, status in cases:
        answer = browser.client.post("/desk/sign-in", data={"form": token, "phone": "0"}, headers=headers)
        assert answer.status_code == status, headers
        token = browser.token("/desk/sign-in")


PAGES = ("", "/sign-in", "/workbooks", "/products", "/papers", "/people", "/account", "/nothing-here")


def test_every_answer_keeps_everything_in_and_out(office: Office) -> None:
    """No script, no other host, no frame, no cache, no referrer; the page uses nothing that this would block."""
    browser = office.browser(ADMIN)
    for path in PAGES:
        answer = browser.open(f"/desk{path}")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_static_files_may_be_kept_because_their_address_changes(office: Office) -> None:
    """The address of a page's style sheet has the fingerprint of its content."""
    browser = office.browser()
    link = re.search(r'href="(/desk/static/desk\.css\?v=[0-9a-f]{12})"', browser.open("/desk/sign-in").text)
    assert link
    answer = browser.open(link[1])
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert browser.open("/desk/static/..%2frouter.py").status_code == 404
    assert browser.open("/desk/static/router.py").status_code == 404


def test_a_form_that_is_too_large_is_refused_while_it_arrives(office: Office) -> None:
    """With and without an announced length, in words."""
    browser = office.browser(CLERK)
    token = browser.token("/desk/account")

    async def pieces() -> object:
        for _ in range(40):
            yield b"a" * 10_000

    answer = browser.client.post("/desk/sign-out", data={"form": token, "x": "a" * 100_000})
    assert answer.status_code == 413
    assert "Chỉ nhận tới" in answer.text
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/desk/sign-out", content=pieces(), headers=kind).status_code == 413
    headers = {**kind, "content-length": "999999999999"}
    assert browser.client.post("/desk/sign-out", content=b"form=x", headers=headers).status_code == 413


def test_bodies_that_are_no_form_are_refused_in_words(office: Office) -> None:
    """Never a server error."""
    browser = office.browser(CLERK)
    kinds = (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "ÿ",
    )
    for kind in kinds:
        for body in (b"", b"\xff\xfe", b"form=%zz&form", b"--x\r\nContent-Disposition", b"{}"):
            headers = {"content-type": kind.encode("latin-1")}
            answer = browser.client.post("/desk/sign-out", content=body, headers=headers)
            assert answer.status_code in (400, 403), (kind, body)
            assert "<h1>" in answer.text


def test_what_a_person_sees_in_lists_is_what_the_rules_allow(office: Office) -> None:
    """The condition used in queries and the one rule of permissions agree for everybody and every organisation."""
    with office.session() as session:
        for person in session.scalars(select(Person)):
            listed = set(session.scalars(select(Party.code).where(visible(person))))
            allowed = {p.code for p in session.scalars(select(Party)) if may(person, Action.SEE, p)}
            assert listed == allowed, person.name


def _pages_of_the_cooperative(office: Office) -> list[str]:
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "DE")).one()
        paper = session.scalars(select(Paper.id).where(Paper.code == "OCOP-1")).one()
    batch, form = office.batch_id(), office.form_id("TUI500")
    return [
        f"/desk/organisations/{office.party_id('HTX-DE')}",
        f"/desk/batches/{batch}",
        f"/desk/batches/{batch}/checks",
        f"/desk/batches/{batch}/stamps/{form}",
        f"/desk/batches/{batch}/stamps/{form}/preview.png",
        f"/desk/products/{product}",
        f"/desk/papers/{paper}",
    ]


def test_own_people_their_alliance_and_inspectors_see_a_cooperative(office: Office) -> None:
    """Every page about it opens."""
    for phone in (CLERK, ADMIN, OFFICER, INSPECTOR):
        browser = office.browser(phone)
        for path in _pages_of_the_cooperative(office):
            assert browser.open(path).status_code == 200, path


def test_others_do_not_even_learn_that_it_is_there(office: Office) -> None:
    """The pages are not found, just as ones that never were; and nothing leaks on the lists."""
    for phone in (NEIGHBOUR, FAR_OFFICER):
        browser = office.browser(phone)
        for path in _pages_of_the_cooperative(office):
            answer = browser.open(path)
            assert answer.status_code == 404, path
            assert "Hạt dẻ" not in answer.text
        for path in ("/desk", "/desk/papers", "/desk/people"):
            assert "Đồi Dẻ" not in browser.open(path).text


def test_only_own_people_order_fetch_and_confirm(office: Office) -> None:
    """Looking is not doing."""
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    clerk = office.browser(CLERK)
    job = clerk.order(path, count="3").headers["location"]
    clerk.wait_for_job(job)
    posts = {path: {"count": "3", "runs": "1"}, f"{job}/confirm": {}, f"{job}/again": {}}
    for phone in (OFFICER, INSPECTOR, NEIGHBOUR):
        browser = office.browser(phone)
        token = browser.token("/desk/account")
        for to, fields in posts.items():
            assert browser.client.post(to, data={"form": token, **fields}).status_code in (403, 404), to
        assert browser.open(f"{job}/file").status_code in (403, 404)


def test_the_desk_is_no_part_of_the_api(office: Office) -> None:
    """Its forms are for people: nothing of them stands in the API's description."""
    assert [path for path in office.app.openapi()["paths"] if "desk" in path] == []


def test_wrong_addresses_are_pages_in_words(office: Office) -> None:
    """Unknown, malformed, or not there for this method."""
    browser = office.browser(CLERK)
    nobody = uuid.uuid4()
    for path in (
        "/desk/x",
        "/desk/batches/nonsense",
        f"/desk/batches/{nobody}",
        f"/desk/jobs/{nobody}",
        f"/desk/papers/{nobody}",
        f"/desk/products/{nobody}",
        f"/desk/workbooks/{nobody}",
        f"/desk/organisations/{nobody}",
        "/desk/sign-out",
    ):
        answer = browser.open(path)
        assert answer.status_code == 404, path
        assert "Không có trang này" in answer.text
    assert browser.client.post("/desk/account", data={}).status_code == 404


def test_a_broken_page_gives_a_number_and_no_traceback(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The person reads the number to the operator, whose log has the story under it."""
    browser = office.browser(CLERK)
    object.__setattr__(office.app.state.desk, "press", None)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    answer = browser.open(path)
    assert answer.status_code == 500
    number = re.search(r"với số ([0-9A-F]{6})", answer.text)
    assert number
    assert number[1] in caplog.text
    assert "Traceback" not in answer.text
    object.__setattr__(office.app.state.desk, "press", office.press)


@settings(max_examples=60)
@given(
    path=st.sampled_from(["/desk", "/desk/papers", "/desk/people", "/desk/sign-in"]),
    q=st.text(max_size=60),
    page=st.one_of(st.integers(), st.text(max_size=5)),
)
def test_property_no_query_breaks_a_page(office: Office, path: str, q: str, page: object) -> None:
    """Whatever stands behind the question mark: an answer in words, and nothing of it unescaped."""
    browser = getattr(office, "_browser", None) or office.browser(ADMIN)
    office._browser = browser  # type: ignore[attr-defined]
    answer = browser.client.get(path, params={"q": q, "page": str(page), "next": q, "done": q})
    assert answer.status_code in (200, 404)
    assert "<script" not in answer.text


def test_two_clicks_at_the_same_moment_order_once(office: Office) -> None:
    """The form is bound to what the batch had; whoever comes second finds that out inside the same lock."""
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    browser = office.browser(CLERK)
    token = browser.token(path)
    fields = {"form": token, "runs": "0", "method": "sheet", "count": "5"}

    async def both() -> list[str]:
        posts = [browser.client.http.post(path, data=fields) for _ in range(4)]
        return [answer.headers["location"] for answer in await asyncio.gather(*posts)]

    went = asyncio.run(both())
    assert sum(place.startswith("/desk/jobs/") for place in went) == 1
    with office.session() as session:
        assert len(session.scalars(select(Run)).all()) == 1


_FIELDS = (
    *("count", "runs", "reason", "method", "layout", "kind", "dpi", "start"),
    *("name", "phone", "role", "product", "current", "password", "again", "files", "scan"),
)


@settings(max_examples=80)
@given(
    to=st.sampled_from(
        [
            "order",
            "/desk/account/password",
            "invite",
            "paper/confirm",
            "paper/withdraw",
            "paper/scan",
            "/desk/workbooks",
        ]
    ),
    fields=st.dictionaries(
        st.sampled_from(_FIELDS),
        st.one_of(
            st.text(max_size=30), st.sampled_from(["1", "999999999", "clerk", "sheet", "\x00", "٣", "-1"])
        ),
    ),
)
def test_property_no_form_breaks_the_desk(office: Office, to: str, fields: dict[str, str]) -> None:
    """Whatever a form sends: a page in words or a redirect, never a server error."""
    browser = getattr(office, "_browser", None) or office.browser(ADMIN)
    office._browser = browser  # type: ignore[attr-defined]
    with office.session() as session:
        paper = session.scalars(select(Paper.id)).first()
    path = {
        "order": f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}",
        "invite": f"/desk/organisations/{office.party_id('HTX-DE')}/people/new",
    }.get(to, to.replace("paper", f"/desk/papers/{paper}"))
    token = getattr(office, "_token", None) or browser.token("/desk/account")
    office._token = token  # type: ignore[attr-defined]
    answer = browser.client.post(path, data={**fields, "form": token})
    assert answer.status_code < 500
    assert answer.status_code == 303 or "<h1>" in answer.text
