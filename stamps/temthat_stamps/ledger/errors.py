"""Refusals of the ledger, each in Vietnamese and English with what to do."""

from temthat_stamps.runs.errors import RunRefused


class BeyondQuota(RunRefused):
    """More stamps than the province allows this year; the texts show the arithmetic. Only the province raises it."""


class ReprintRefused(RunRefused):
    """A reprint cannot be asked for or approved as it stands; nothing was written."""
