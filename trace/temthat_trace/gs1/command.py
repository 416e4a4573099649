"""`temthat gs1`: read GS1 Digital Links and EPC URNs, and say what is wrong with those that are not right."""

import json
from typing import Annotated, Any

import typer

from temthat_trace.gs1.digital_link import DigitalLink, parse
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.table import table
from temthat_trace.gs1.urn import parse_urn

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Mã GS1: kiểm tra Digital Link và EPC URN. GS1 codes: check Digital Links and EPC URNs.",
)


@app.callback()
def _group() -> None:
    """Keeps `parse` a command of its own while it is the only one."""


def read(uri: str) -> DigitalLink:
    """A Digital Link, or a URN as the Digital Link of its key; raises Gs1Error."""
    return DigitalLink("", parse_urn(uri)) if uri.startswith("urn:") else parse(uri)


def line(uri: str) -> dict[str, Any]:
    """What `--json` prints for one URI: uri, valid, ai (by number, path first), error (null or a text)."""
    try:
        link = read(uri)
    except Gs1Error as error:
        return {"uri": uri, "valid": False, "ai": {}, "error": f"{error.vi} {error.en} [{error.rule}]"}
    return {"uri": uri, "valid": True, "ai": link.ai, "error": None}


def _printable(text: str) -> str:
    """An argument that was not UTF-8 holds half characters, which no terminal takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _tell(uri: str) -> bool:
    try:
        link = read(uri)
    except Gs1Error as error:
        typer.echo(f"✗ {uri}\n    Sai: {error.vi}\n    Wrong: {error.en} [{error.rule}]")
        return False
    typer.echo(f"✓ {uri}")
    for ai, value in link.ai.items():
        typer.echo(f"    ({ai}) {table()[ai].title}: {value}")
    typer.echo(f"    Dạng chuẩn / canonical: {link.canonical}")
    for lack in link.missing():
        typer.echo(f"    Lưu ý: còn cần đi kèm / note: should have beside it: {lack}")
    return True


@app.command("parse")
def parse_command(
    uris: Annotated[
        list[str], typer.Argument(metavar="URI...", help="Digital Link hoặc EPC URN / or EPC URN")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="mỗi dòng một JSON / one JSON object a line")
    ] = False,
) -> None:
    """Đọc và kiểm tra từng URI; mã thoát 0 khi tất cả đúng. Read and check each URI; exit code 0 when all are right."""
    good = True
    for uri in map(_printable, uris):
        if as_json:
            told = line(uri)
            typer.echo(json.dumps(told, ensure_ascii=False))
            good = good and told["valid"]
        else:
            good = _tell(uri) and good
    if not good:
        raise typer.Exit(1)
