"""`temthat copies`: simulate checks of genuine and copied stamps, replay a scan log. Needs nothing of the server."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.habits import habits_of
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.replay import Replay, Stopped
from temthat_stamps.copies.simulate.assumptions import Assumptions, load
from temthat_stamps.copies.simulate.world import log_lines, stamps
from temthat_stamps.texts import visible

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Nhận ra mã bị sao chép: mô phỏng, chấm lại nhật ký. Telling copied codes: simulate, replay a log.",
)


@app.command()
def simulate(
    scale: Annotated[
        float, typer.Option(min=0.0001, help="cỡ, 1 là như tệp giả định / size, 1 is the file's")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="cùng số cho cùng kết quả / the same gives the same")] = 1,
    habits: Annotated[
        float, typer.Option(min=0.01, help="người ta kiểm tra gấp mấy lần / how often people check")
    ] = 1.0,
    floods: Annotated[
        int, typer.Option(min=0, help="số tem thật bị quét ồ ạt / genuine stamps that are flooded")
    ] = 0,
    assumptions: Annotated[
        Path | None, typer.Option(help="tệp TOML giả định khác / other assumptions")
    ] = None,
) -> None:
    """In một nhật ký quét có nhãn, theo thứ tự thời gian. Print a labelled scan log in time order (JSON Lines)."""
    for row in log_lines(stamps(_assumptions(assumptions).with_habits(habits), seed, scale, floods)):
        sys.stdout.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


@app.command()
def replay(
    file: Annotated[
        str, typer.Argument(help="nhật ký JSON Lines, - là đầu vào chuẩn / - reads standard input")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="mỗi tem một dòng JSON / one JSON object a stamp")
    ] = False,
    stop: Annotated[
        bool, typer.Option(help="dừng ở dòng hỏng đầu tiên / stop at the first bad line")
    ] = False,
    habits: Annotated[Path | None, typer.Option(help="tệp TOML thay priors.toml / other priors")] = None,
) -> None:
    """Chấm điểm từng tem trong nhật ký. Score each stamp of a log; bad lines are told and left out."""
    run = Replay(_model(habits), _tell_bad, stop)
    try:
        if file == "-":
            run.read(sys.stdin.buffer)
        else:
            with Path(file).open("rb") as lines:
                run.read(lines)
    except OSError as error:
        typer.echo(
            f"Không đọc được {file}: {error.strerror}.\nCannot read {file}: {error.strerror}.", err=True
        )
        raise typer.Exit(2) from error
    except Stopped as stopped:
        typer.echo(
            "Đã dừng theo --stop; chưa chấm gì.\nStopped as asked by --stop; nothing was scored.", err=True
        )
        raise typer.Exit(1) from stopped
    if as_json:
        for result in run.results():
            sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.write(json.dumps({"summary": run.summary()}) + "\n")
        return
    for result in run.results():
        if result["suspect_at"]:
            typer.echo(
                f"{visible(result['stamp'])}: {result['suspect_at']}, {result['suspect_check']}/{result['checks']}"
            )
    for name, value in run.summary().items():
        typer.echo(f"{name}: {value}")


def _tell_bad(line: int, error: BadEvent) -> None:
    vi, en = visible(error.vi), visible(error.en)
    typer.echo(f"Dòng {line}: {vi}\nLine {line}: {en} [{error.rule}]", err=True)


def _assumptions(path: Path | None) -> Assumptions:
    try:
        return load(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _model(path: Path | None) -> Model:
    try:
        return Model(habits_of(tomllib.loads(path.read_text("utf-8"))) if path else None)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path | None, error: Exception) -> typer.Exit:
    typer.echo(f"Không dùng được {path}: {error}\nCannot use {path}: {error}", err=True)
    return typer.Exit(2)
