"""Why something is not printed. Shown to a clerk: each says what to do, in Vietnamese and English."""

from temthat_stamps.errors import StampError


class PrintingError(StampError):
    """Root of every printing error; `vi` and `en` say the same thing to a person."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.vi = vi
        self.en = en


class BadSymbol(PrintingError):
    """The writer did not give the symbol that was asked for, or the text has no place in one."""


class BadLayout(PrintingError):
    """A layout or a printer profile that contradicts itself or its page."""


class LayoutTooSmall(PrintingError):
    """The code and its text do not fit one label at this printer's resolution."""


class PrintRefused(PrintingError):
    """A job that would put something wrong on paper: no labels, another host, a number that is none."""


class ReadBackFailed(PrintingError):
    """A finished file does not read as it must. `sheet` and `position` count from 1 (0: the file as a whole)."""

    def __init__(self, vi: str, en: str, sheet: int = 0, position: int = 0) -> None:
        super().__init__(vi, en)
        self.sheet = sheet
        self.position = position
