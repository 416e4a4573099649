"""Why a reported event is kept out of the score."""

from temthat_stamps.errors import StampError


class BadEvent(StampError):
    """An event that cannot have happened as reported. `rule` names what it breaks; `vi`, `en` say what to do."""

    def __init__(self, rule: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.rule = rule
        self.vi = vi
        self.en = en
