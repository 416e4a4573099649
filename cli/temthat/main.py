"""`temthat`: one command; its sub-commands are entry points of the group `temthat.commands`.

A sub-command is imported only when it is called, so that `temthat scan` at a till never loads the server, and a
part that is not installed turns into a hint.
"""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

GROUP = "temthat.commands"
_EXTRAS = (
    ("temthat_scanner", "scanner"),
    ("temthat_stamps.log", "audit"),
    ("temthat_stamps.custody.own", "token"),
)
"""Which extra a command's module needs, by how its name begins; the server's is for all others."""


def find_commands() -> dict[str, EntryPoint]:
    """Every sub-command there is, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


class Commands(TyperGroup):
    """The group that looks its sub-commands up lazily."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in alphabetical order."""
        return sorted(find_commands())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The sub-command, or one that says which extra it needs; None if there is no such name."""
        point = find_commands().get(cmd_name)
        if point is None:
            return None
        try:
            return _as_command(cmd_name, point.load())
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("temthat"):
                raise
            return _as_command(cmd_name, _hint(point, error.name or "?"))


def _as_command(name: str, target: Any) -> Any:
    """A function with Typer annotations, or a whole Typer application, as a sub-command."""
    if isinstance(target, typer.Typer):
        group = get_command(target)
        group.name = name
        return group
    single = typer.Typer(add_completion=False)
    single.command(name)(target)
    return get_command(single)


def _hint(point: EntryPoint, missing: str) -> Callable[[], None]:
    extra = next((extra for begins, extra in _EXTRAS if point.module.startswith(begins)), "server")

    def hint() -> None:
        typer.echo(
            f"“temthat {point.name}” cần thêm một phần chưa cài (thiếu {missing}): "
            f'pip install "temthat[{extra}]"\n'
            f"“temthat {point.name}” needs a part that is not installed (missing {missing}).",
            err=True,
        )
        raise typer.Exit(4)

    hint.__doc__ = f'Not installed: pip install "temthat[{extra}]"'
    return hint


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="TemThật: tem truy xuất và xác thực cho sản phẩm OCOP, hợp tác xã. Genuine stamps for cooperatives.",
)


@app.callback()
def about() -> None:
    """Only the group's help."""


def main() -> None:
    """Entry point of the script."""
    if hasattr(sys.stdout, "reconfigure"):  # a Windows till may still have a legacy code page
        # What is typed need not be UTF-8 either: a broken cable must not end a till's day.
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
        sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    app()
