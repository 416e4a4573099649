"""All operations of the EPCIS interface, in one place."""

from fastapi import FastAPI

from temthat_verify_api.epcis import capture, events, root


def add_to(app: FastAPI) -> None:
    """Mount them."""
    root.add_to(app)
    capture.add_to(app)
    events.add_to(app)
