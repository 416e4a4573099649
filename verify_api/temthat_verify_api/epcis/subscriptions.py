"""Subscriptions to named queries by webhook: made, looked at, ended. `deliverer.py` sends what they are for."""

import datetime as dt
import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_trace.epcis.query.errors import QueryError, QueryParameterError
from temthat_trace.epcis.query.schedule import SubscriptionControlsError, read_schedule
from temthat_trace.epcis.query.search import number_at
from temthat_trace.epcis.query.statements import Statements
from temthat_trace.epcis.query.values import flag, time
from temthat_trace.epcis.tables import COUNTER_BITS
from temthat_trace.ids import uuid7
from temthat_verify_api.epcis.access import Reader, reader_of
from temthat_verify_api.epcis.errors import EpcisRefused, not_found
from temthat_verify_api.epcis.headers import BASE, serve
from temthat_verify_api.epcis.named import body_of, require
from temthat_verify_api.epcis.pages import next_page, paging_of
from temthat_verify_api.epcis.refusals import refused
from temthat_verify_api.epcis.tables import Subscription, SubscriptionState
from temthat_verify_api.webhooks import UndeliverableError, read_target
from temthat_verify_api.wiring import Services, services_of

MOST_SUBSCRIPTIONS = 200
"""Of one organisation."""
SHORTEST_SECRET, LONGEST_SECRET = 16, 500
_MEMBERS = frozenset(
    {"dest", "signatureToken", "secret", "initialRecordTime", "stream", "schedule", "reportIfEmpty"}
)
_ONE = "/queries/{queryName}/subscriptions/{subscriptionID}"


def add_to(app: FastAPI) -> None:
    """Mount the operations."""
    serve(app, "POST", "/queries/{queryName}/subscriptions", post_subscription)
    serve(app, "GET", "/queries/{queryName}/subscriptions", list_subscriptions, allow="GET, POST")
    serve(app, "GET", _ONE, get_subscription, allow="GET, DELETE")
    serve(app, "DELETE", _ONE, delete_subscription)


def purpose(subscription_id: uuid.UUID) -> str:
    """What the secret of a subscription is sealed for."""
    return f"epcis-subscription:{subscription_id}"


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription as it is asked for. `secret` None: one is to be made."""

    dest: str
    secret: str | None
    since: dt.datetime | None
    schedule: dict[str, Any] | None
    report_if_empty: bool


async def post_subscription(request: Request) -> Response:
    """Subscribe: 201. Without a `signatureToken` one is made and told in this answer only."""
    reader = await reader_of(request)
    body = await body_of(request)
    services = services_of(request)
    with refused():
        wish = read_wish(body, is_demo=services.settings.mode == "demo")
    answer, where = await run_in_threadpool(_add, request, services, reader, wish)
    return JSONResponse(answer, 201, {"Location": where})


def read_wish(body: Any, *, is_demo: bool) -> Wish:
    """What a body asks for. Raises QueryError."""
    if not isinstance(body, dict):
        raise _wrong("phải là một đối tượng JSON {…}", "must be a JSON object {…}", "subscription")
    for name in body:
        if name not in _MEMBERS:
            raise _wrong("không có mục này", f"is none of {', '.join(sorted(_MEMBERS))}", str(name)[:60])
    try:
        target = read_target(body.get("dest"), is_demo=is_demo)
    except UndeliverableError as error:
        raise _wrong(error.vi, error.en, "dest") from error
    is_stream = body.get("stream") is True
    if is_stream == ("schedule" in body) or body.get("stream", True) is not True:
        raise _wrong(
            "chọn đúng một: stream là true, hoặc schedule",
            "choose exactly one: stream as true, or schedule",
            "stream",
        )
    if "schedule" in body:
        read_schedule(body["schedule"])
    try:
        since = (
            time([body["initialRecordTime"]], "initialRecordTime") if "initialRecordTime" in body else None
        )
        empty = flag([body["reportIfEmpty"]], "reportIfEmpty") if "reportIfEmpty" in body else False
    except QueryParameterError as error:
        raise SubscriptionControlsError(error.vi, error.en) from error
    return Wish(str(target.url), _secret(body), since, body.get("schedule"), empty)


def _secret(body: dict[str, Any]) -> str | None:
    found = body.get("signatureToken", body.get("secret"))
    if found is None:
        return None
    if not isinstance(found, str) or not SHORTEST_SECRET <= len(found) <= LONGEST_SECRET:
        raise _wrong(
            f"phải là chuỗi ngẫu nhiên từ {SHORTEST_SECRET} đến {LONGEST_SECRET} ký tự",
            f"must be a random text of {SHORTEST_SECRET} to {LONGEST_SECRET} characters",
            "signatureToken",
        )
    return found


def _wrong(vi: str, en: str, member: str) -> QueryError:
    return SubscriptionControlsError(vi, en, member)


def _add(request: Request, services: Services, reader: Reader, wish: Wish) -> tuple[dict[str, Any], str]:
    now = services.now()
    with services.sessions() as session:
        query = require(session, reader, request.path_params["queryName"])
        count = session.scalar(
            select(func.count()).select_from(Subscription).where(Subscription.party_id == reader.party_id)
        )
        if (count or 0) >= MOST_SUBSCRIPTIONS:
            raise EpcisRefused(
                400,
                "SubscriptionControlsException",
                f"Đã có {MOST_SUBSCRIPTIONS} lượt đăng ký; hãy hủy bớt.",
                f"There are {MOST_SUBSCRIPTIONS} subscriptions already; end some.",
            )
        made = secrets.token_urlsafe(32) if wish.secret is None else wish.secret
        number = uuid7()
        subscription = Subscription(
            id=number,
            query_id=query.id,
            query=query,
            party_id=reader.party_id,
            role=reader.role,
            dest=wish.dest,
            sealed_secret=services.sealer.seal(purpose(number), made.encode()),
            schedule=None if wish.schedule is None else json.dumps(wish.schedule),
            report_if_empty=wish.report_if_empty,
            initial_record_time=wish.since,
            created_at=now,
            cursor=_before(session, wish.since),
            due_at=now if wish.schedule is None else read_schedule(wish.schedule).next_after(now),
        )
        session.add(subscription)
        session.flush()
        answer = subscription_json(subscription)
        where = f"{BASE}/queries/{quote(query.name, safe='')}/subscriptions/{number}"
        session.commit()
    return answer | ({"signatureToken": made} if wish.secret is None else {}), where


def _before(session: Session, since: dt.datetime | None) -> int:
    """The number of the last event that is not to be told: before that instant, or recorded until now."""
    if since is None:
        return Statements(session).newest()
    return number_at(since) - 1


def subscription_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the standard shows it; `state`, `problem`, `failures` and `nextTryAt` are ours."""
    found: dict[str, Any] = {
        "subscriptionID": str(subscription.id),
        "dest": subscription.dest,
        "createdAt": _text(subscription.created_at),
        "minRecordTime": _text(_recorded(subscription.cursor)),
        "epcFormat": "Never_Translates",
        "state": subscription.state.value,
        "failures": subscription.failures,
    }
    if subscription.schedule is None:
        found["stream"] = True
    else:
        found["schedule"] = json.loads(subscription.schedule)
        found["reportIfEmpty"] = subscription.report_if_empty
    if subscription.initial_record_time is not None:
        found["initialRecordTime"] = _text(subscription.initial_record_time)
    if subscription.last_notified_at is not None:
        found["lastNotifiedAt"] = _text(subscription.last_notified_at)
    if subscription.problem:
        found["problem"] = subscription.problem
    if subscription.state is SubscriptionState.ACTIVE and (subscription.failures or subscription.schedule):
        found["nextTryAt"] = _text(subscription.due_at)
    return found


def _recorded(cursor: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(((cursor + 1) >> COUNTER_BITS) / 1000, dt.UTC)


def _text(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def list_subscriptions(request: Request) -> Response:
    """The subscriptions to a query, the oldest first."""
    reader = await reader_of(request)
    path = f"/queries/{quote(request.path_params['queryName'], safe='')}/subscriptions"
    with refused():
        paging = paging_of(request, reader, path)
    found = await run_in_threadpool(_list, request, reader, paging.size + 1, paging.held)
    headers = {}
    if len(found) > paging.size:
        found = found[: paging.size]
        headers = next_page(request, reader, path, path, paging.size, found[-1]["subscriptionID"])
    return JSONResponse(found, headers=headers)


def _list(request: Request, reader: Reader, count: int, after: str | None) -> list[dict[str, Any]]:
    with services_of(request).sessions() as session:
        query = require(session, reader, request.path_params["queryName"])
        asked = select(Subscription).where(Subscription.query_id == query.id)
        if after is not None:
            asked = asked.where(Subscription.id > uuid.UUID(after))
        return [subscription_json(s) for s in session.scalars(asked.order_by(Subscription.id).limit(count))]


async def get_subscription(request: Request) -> Response:
    """One subscription: how far it is, and what is wrong if something is."""
    reader = await reader_of(request)
    return JSONResponse(await run_in_threadpool(_one, request, reader))


def _one(request: Request, reader: Reader) -> dict[str, Any]:
    with services_of(request).sessions() as session:
        return subscription_json(_require(session, reader, request))


async def delete_subscription(request: Request) -> Response:
    """Unsubscribe."""
    reader = await reader_of(request)
    await run_in_threadpool(_delete, request, reader)
    return Response(status_code=204)


def _delete(request: Request, reader: Reader) -> None:
    with services_of(request).sessions() as session:
        session.delete(_require(session, reader, request))
        session.commit()


def _require(session: Session, reader: Reader, request: Request) -> Subscription:
    query = require(session, reader, request.path_params["queryName"])
    try:
        number = uuid.UUID(request.path_params["subscriptionID"])
    except ValueError:
        number = uuid.UUID(int=0)
    found = session.get(Subscription, number)
    if found is None or found.query_id != query.id:
        raise not_found("Không có lượt đăng ký nào mang mã này.", "There is no subscription of this id.")
    return found
