"""All operations of the EPCIS interface, in one place."""

from fastapi import FastAPI

from temthat_verify_api.epcis import capture, collections, events, named, pages, queries, root, subscriptions


def add_to(app: FastAPI) -> None:
    """Mount them."""
    root.add_to(app)
    capture.add_to(app)
    queries.add_to(app)
    events.add_to(app)
    collections.add_to(app)
    named.add_to(app)
    subscriptions.add_to(app)
    pages.add_to(app)
