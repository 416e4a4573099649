"""Why a run, a key or a print job is refused: each says it in Vietnamese and English."""

from temthat_stamps.errors import StampError


class RunRefused(StampError):
    """The request cannot be met as it stands; nothing was written. `vi` and `en` say why and what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class BeyondQuantity(RunRefused):
    """More stamps than the batch has packs; the texts show the arithmetic. A reason overrides it."""
