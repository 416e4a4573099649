"""All of stamps' mapped records, on trace's one metadata."""

from temthat_stamps.copies.records import CopySignal, StampEvent, StampState
from temthat_stamps.ledger.records import LedgerAct, Reprint, StampQuota
from temthat_stamps.log.records import LogEntry
from temthat_stamps.runs.records import (
    IssuerKey,
    NoticeRecord,
    PinFetch,
    PrintFetch,
    PrintJob,
    Revision,
    Run,
    RunBlock,
    StampKey,
)

__all__ = [
    "CopySignal",
    "IssuerKey",
    "LedgerAct",
    "LogEntry",
    "NoticeRecord",
    "PinFetch",
    "PrintFetch",
    "PrintJob",
    "Reprint",
    "Revision",
    "Run",
    "RunBlock",
    "StampEvent",
    "StampKey",
    "StampQuota",
    "StampState",
]
