"""All of stamps' mapped records, on trace's one metadata."""

from temthat_stamps.copies.records import StampEvent, StampState
from temthat_stamps.runs.records import (
    IssuerKey,
    NoticeRecord,
    PrintFetch,
    PrintJob,
    Revision,
    Run,
    StampKey,
)

__all__ = [
    "IssuerKey",
    "NoticeRecord",
    "PrintFetch",
    "PrintJob",
    "Revision",
    "Run",
    "StampEvent",
    "StampKey",
    "StampState",
]
