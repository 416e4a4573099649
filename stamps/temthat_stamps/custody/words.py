"""What the commands of this package share: a console without markup, refusals in words, pass phrases and PINs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from temthat_stamps.errors import CustodyError, Fault, StampError
from temthat_stamps.texts import visible

# No markup: what is told holds names and file names that others wrote.
console = Console(markup=False, highlight=False, soft_wrap=True)
errors = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
REFUSED = 1


def say(vi: str, en: str) -> None:
    """One thing in both languages."""
    console.print(visible(vi))
    console.print(visible(en), style="dim")


@contextmanager
def in_words() -> Iterator[None]:
    """Every refusal of the house or the disk becomes words and exit code 1."""
    try:
        yield
    except StampError as refusal:
        _tell(getattr(refusal, "vi", ""), getattr(refusal, "en", str(refusal)))
        raise typer.Exit(REFUSED) from refusal
    except OSError as error:
        what = f"{error.filename or ''} ({error.strerror})".strip()
        _tell(f"Không đọc hoặc ghi được {what}.", f"Cannot read or write {what}.")
        raise typer.Exit(REFUSED) from error


def ask_secret(variable: str, vi: str, *, twice: bool = False) -> str:
    """A pass phrase or PIN from the environment or typed unseen; never an argument, which others can list."""
    given = os.environ.get(variable)
    if given is not None:
        return given
    try:
        typed: str = typer.prompt(vi, hide_input=True, confirmation_prompt=twice)
    except typer.Abort as error:
        raise CustodyError(
            Fault.ISSUER,
            f"Cần nhập mật khẩu hoặc PIN (hoặc đặt biến {variable}).",
            f"A pass phrase or PIN is needed (or the variable {variable}).",
        ) from error
    return typed


def _tell(vi: str, en: str) -> None:
    if vi:
        errors.print(visible(vi), style="red")
    errors.print(visible(en))
