"""The application: every route of the house on one FastAPI, in the order they are looked up."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from temthat_verify_api import errors, health, logsite
from temthat_verify_api.alerts.deliverer import AlertDeliverer
from temthat_verify_api.alerts.rounds import Sweeper
from temthat_verify_api.api import balance, checklists, events, inspecting, lineage, reports, trust, verify
from temthat_verify_api.api.models import EventReport, SuspicionReport, VerifyQuestion
from temthat_verify_api.api.routing import state_bodies
from temthat_verify_api.desk import router
from temthat_verify_api.emitter import Emitter
from temthat_verify_api.epcis import routes as epcis
from temthat_verify_api.epcis.deliverer import Deliverer
from temthat_verify_api.epcis.jobs import Captures
from temthat_verify_api.middleware import Headers
from temthat_verify_api.nightly.rounds import Nights
from temthat_verify_api.pages import (
    api_docs,
    badge,
    consumer,
    front,
    pictures,
    pin,
    report,
    reported,
    service,
)
from temthat_verify_api.pages import app as phone_app
from temthat_verify_api.parts import build_parts
from temthat_verify_api.publisher import Publisher
from temthat_verify_api.recordhealth import RecordHealth
from temthat_verify_api.resolver import locations, presenting, routes
from temthat_verify_api.sms import gateway
from temthat_verify_api.wiring import Services

_DESCRIPTION = """\
Judges TemThật stamps. Every well-formed question answers 200 with a verdict; 4xx is for what is not a question, as
`{"error", "message_vi", "message_en"}`. Kinds other than `consumer` need an API key of that role.
"""


def create_app(services: Services) -> FastAPI:
    """The service. It closes the hot store and the press when it stops; the engine is the caller's."""
    parts = build_parts(services)
    publisher = Publisher(services)
    deliverer = Deliverer(services, parts.metrics)
    emitter = Emitter(services)
    alerts = (Sweeper(services), AlertDeliverer(services, parts.metrics))
    nights = Nights(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.store.close)
            app.state.press.resume()
            stack.callback(app.state.press.close)
            app.state.captures.start()
            stack.callback(app.state.captures.close)
            publisher.start()
            stack.callback(publisher.close)
            deliverer.start()
            stack.callback(deliverer.close)
            emitter.start()
            stack.callback(emitter.close)
            for rounds in alerts:
                rounds.start()
                stack.callback(rounds.close)
            nights.start()
            stack.callback(nights.close)
            yield

    app = FastAPI(
        title="TemThật",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.parts = parts
    app.state.captures = Captures(services)
    app.add_middleware(Headers, https=services.settings.secure_cookies)
    errors.install(app)
    consumer.add_to(app)  # first: routes are looked up one after the other, and this one is a shopper's
    verify.add_to(app)
    events.add_to(app)
    reports.add_to(app)
    trust.add_to(app, parts)
    for records in (lineage, checklists, balance, inspecting):
        records.add_to(app)
    pictures.add_to(app)
    badge.add_to(app)
    routes.add_to(app)
    presenting.add_to(app)
    locations.add_to(app)
    epcis.add_to(app)
    for pages in (front, phone_app, pin, gateway, report, reported, service, api_docs):
        pages.add_to(app)
    health.add_to(app, RecordHealth(services, publisher, emitter))
    logsite.add_to(app, services.settings.public_dir)
    app.state.press = router.install(app, services)
    routes.add_last_to(app)
    state_bodies(app, VerifyQuestion, EventReport, SuspicionReport)
    return app
