"""`temthat log`: audit a log, watch a name in it, prove an entry, check a proof or a fork. Needs nothing of the server.

Logs of other C2SP software need the base dependencies alone; an address needs httpx, and the delegations in a log of
ours need tuf (`pip install "temthat[scanner]"`).
"""

import datetime as dt
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from temthat_stamps.bundle.proof import enclose_statement, enclosed_statement
from temthat_stamps.errors import BadStatement, Fault, TrustError
from temthat_stamps.log.audit import audit as audit_log
from temthat_stamps.log.dossier import check_dossier
from temthat_stamps.log.fork import FORK_LIMIT, ForkEvidence, NoFork
from temthat_stamps.log.merkle import BadProof
from temthat_stamps.log.note import BadNote, VerifierKey
from temthat_stamps.log.policy import Policy, TooFewWitnesses
from temthat_stamps.log.proof import PROOF_LIMIT, Included, verify_proof
from temthat_stamps.log.prove import prove as prove_entry
from temthat_stamps.log.reader import open_log
from temthat_stamps.log.report_words import show, show_cosigned, show_dossier, show_fork
from temthat_stamps.log.tiles import MAX_ENTRY
from temthat_stamps.log.told import in_words
from temthat_stamps.log.watch import Equivocation, Told, Watch, WentBack
from temthat_stamps.logged import read_body
from temthat_stamps.statement import open_envelope
from temthat_stamps.texts import visible
from temthat_stamps.trust.roles import NATIONAL, is_province

WELL, FOUND, BROKEN, FORKED, WENT_BACK = range(5)
"""Exit codes: nothing wrong; findings, or a proof that proves nothing; broken or unreadable; two logs; an older log."""
_INTERRUPTED = 130


def _issuer_ids(values: list[str] | None) -> list[str]:
    """Ids as the log writes them; another spelling would be watched for ever and never seen."""
    try:
        return [str(uuid.UUID(value)) for value in values or ()]
    except ValueError as error:
        raise typer.BadParameter("mã đơn vị là một UUID / an issuer's id is a UUID") from error


def _provinces(values: list[str] | None) -> list[str]:
    """Codes of two digits, or `national`."""
    for value in values or ():
        if not (is_province(value) or value == NATIONAL):
            raise typer.BadParameter(f"mã tỉnh gồm hai chữ số / two digits, or “{NATIONAL}”: {value!r}")
    return list(values or ())


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Sổ công khai: kiểm tra toàn bộ, theo dõi một tên, chứng minh một mục. The public log: audit, watch, prove.",
)
_out = Console(markup=False, highlight=False, soft_wrap=True)
_err = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)

Where = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER_OR_URL", help="Thư mục hoặc địa chỉ của sổ. Folder or address of the log."
    ),
]
Origin = Annotated[str, typer.Option(help="Tên sổ, như tem.example.vn/log. The log's name.")]
Key = Annotated[str, typer.Option(metavar="VKEY", help="Khóa kiểm tra của sổ. The log's verifier key.")]
Witnesses = Annotated[
    list[str] | None,
    typer.Option(
        "--witness",
        metavar="VKEY",
        help="Bên chứng kiến phải có (nhiều lần được). A witness that must have signed.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="In JSON. JSON on standard output.")]


@app.command()
def audit(
    where: Where,
    origin: Origin,
    key: Key,
    witness: Witnesses = None,
    root: Annotated[
        Path | None,
        typer.Option(help="Bản đầu của tệp gốc tin cậy (1.root.json). The first root file, if you have it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Kiểm tra cả sổ: mã băm, chữ ký, sổ tem, gói dữ liệu. Audit all of it. Exit 0 clean, 1 findings, 2 broken."""
    with _refusals(as_json):
        first_root = None if root is None else root.read_bytes()
        with open_log(where) as reader, _progress() as progress:
            report = audit_log(
                reader,
                origin,
                key,
                witnesses=witness or (),
                first_root=first_root,
                now=dt.datetime.now(dt.UTC),
                progress=progress,
            )
    if as_json:
        _print_json(report.body())
    else:
        show(report, _out)
    raise typer.Exit(FOUND if report.by_code else WELL)


@app.command()
def watch(
    where: Where,
    origin: Origin,
    key: Key,
    state: Annotated[Path, typer.Option(help="Tệp ghi nhớ lần xem trước. Remembers the last look.")],
    issuer: Annotated[
        list[str] | None,
        typer.Option(callback=_issuer_ids, help="Mã đơn vị cần theo dõi (nhiều lần được). An issuer's id."),
    ] = None,
    province: Annotated[
        list[str] | None,
        typer.Option(
            callback=_provinces, help="Mã tỉnh, hai chữ số: mọi đơn vị của tỉnh. All issuers of a province."
        ),
    ] = None,
    witness: Witnesses = None,
    as_json: Json = False,
    every: Annotated[
        float | None, typer.Option(min=1, help="Xem lại sau chừng ấy giây, mãi mãi. Look again and again.")
    ] = None,
) -> None:
    """Báo mọi văn bản đứng tên bạn, mỗi văn bản một lần. Tell what is stated in one's name. Exit 3 forked, 4 older."""
    with _refusals(as_json), open_log(where) as reader:
        watched = Watch(reader, _policy(origin, key, witness), state, issuer or (), province or ())
        while True:
            try:
                _look(watched, as_json)
            except TrustError as error:
                # A fork stays one; anything else may be over by the next look.
                if every is None or isinstance(error, Equivocation):
                    raise
                _tell(error, as_json)
            if every is None:
                return
            time.sleep(every)


@app.command()
def prove(
    where: Where,
    index: Annotated[int, typer.Argument(min=0, help="Số thứ tự của mục, từ 0. The entry's index, from 0.")],
    origin: Origin,
    key: Key,
    witness: Witnesses = None,
    out: Annotated[
        Path | None, typer.Option(help="Tệp bằng chứng; mặc định in ra. Where to write the proof.")
    ] = None,
) -> None:
    """Lập bằng chứng (C2SP tlog-proof) rằng một mục có trong sổ. Prove an entry; the proof encloses it."""
    with _refusals(as_json=False):
        with open_log(where) as reader:
            entry, proof = prove_entry(reader, index, _policy(origin, key, witness))
        data = enclose_statement(proof, entry)
        if out is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        out.write_bytes(data)
        _say(f"Đã ghi {out}: mục {index}, kèm nội dung của mục.", f"Written, with the entry: {out}.")


@app.command()
def check(
    proof: Annotated[Path, typer.Argument(help="Tệp bằng chứng. The proof.")],
    origin: Origin,
    key: Key,
    witness: Witnesses = None,
    entry: Annotated[
        Path | None,
        typer.Option(help="Tệp của mục, nếu bằng chứng không kèm theo. The entry, if not enclosed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Kiểm tra một bằng chứng, không cần mạng. Check a proof without a network. Exit 0 proved, 1 not, 2 unreadable."""
    with _refusals(as_json):
        policy = _policy(origin, key, witness)
        data, entered = _read(proof, PROOF_LIMIT), None if entry is None else _read(entry, MAX_ENTRY)
        with _refusals(as_json, FOUND):
            enclosed = enclosed_statement(data) if entered is None else entered
            if not enclosed:
                raise _no_entry()
            included = verify_proof(data, enclosed, policy)
    if as_json:
        head = included.checkpoint
        known = {"index": included.index, "size": head.size, "root": head.root.hex(), "origin": head.origin}
        _print_json({**known, "cosigned": dict(included.cosigned), "entry": _stated(enclosed)[1]})
    else:
        _show_included(included, enclosed)


@app.command()
def dossier(
    file: Annotated[Path, typer.Argument(help="Gói hồ sơ sản phẩm (.zip). The zipped dossier.")],
    origin: Origin,
    key: Key,
    witness: Witnesses = None,
    as_json: Json = False,
) -> None:
    """Kiểm tra gói hồ sơ sản phẩm, không cần mạng. Check a product dossier. Exit 0 all holds, 1 not, 2 unreadable."""
    with _refusals(as_json):
        report = check_dossier(file, _policy(origin, key, witness))
    if as_json:
        _print_json(report.body())
    else:
        show_dossier(report, _out)
    raise typer.Exit(FOUND if report.findings else WELL)


@app.command()
def fork(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Tệp bằng chứng của điện thoại, của scan hay của watch; hoặc hai mốc sổ của bên chứng kiến. "
            "Evidence of a phone, of scan or of watch; or two checkpoints that a witness kept.",
        ),
    ],
    origin: Origin,
    key: Key,
    as_json: Json = False,
) -> None:
    """Kiểm tra bằng chứng sổ bị rẽ nhánh, không cần mạng. Check a fork. Exit 3 proved, 1 not, 2 unreadable."""
    if len(files) > 2:
        raise typer.BadParameter("một hoặc hai tệp / one file or two")
    with _refusals(as_json):
        log_key = VerifierKey.parse(key)
        data = [_read(file, FORK_LIMIT) for file in files]
        evidence = ForkEvidence(data[0], data[1]) if len(data) == 2 else ForkEvidence.parse(data[0])
        found = evidence.prove(origin, log_key)
    if as_json:
        _print_json({"fork": found.body()})
    else:
        show_fork(found, _out)
    raise typer.Exit(FORKED)


def _look(watched: Watch, as_json: bool) -> None:
    """One look, each statement told as it is found."""
    before = watched.size
    for told in watched.look():
        if as_json:
            _print_json({"told": told.body()}, indent=None)
        else:
            _show_told(told)
    if as_json:
        _print_json({"looked": {"from": before, "size": watched.size}}, indent=None)
    else:
        _say(
            f"Đã xem mục {before} đến {watched.size}; phần sau nối đúng phần trước.",
            f"Looked at entries {before} to {watched.size}; the log only grew.",
        )


def _show_told(told: Told) -> None:
    whose = told.issuer or "nhà vận hành / operator"
    _out.print(f"mục {told.index} · {told.at:%Y-%m-%dT%H:%M:%SZ} · {visible(whose)}", style="bold")
    _say(f"  {told.vi}", f"  {told.en}")


def _show_included(included: Included, entry: bytes) -> None:
    head = included.checkpoint
    _out.print(
        f"✔ Mục {included.index} có trong sổ {visible(head.origin)} ({head.size} mục).", style="bold green"
    )
    _out.print(f"  Entry {included.index} is in the log of {head.size} entries.", style="dim")
    show_cosigned(included.cosigned, _out)
    words, _ = _stated(entry)
    if words is not None:
        _say(f"  Nội dung: {words[0]}", f"  It states: {words[1]}")


def _stated(entry: bytes) -> tuple[tuple[str, str] | None, Any]:
    """What an entry says in words and as JSON; None where it is no statement of ours."""
    try:
        body = open_envelope(entry).body
        return in_words(read_body(body)), dict(body)
    except BadStatement:
        return None, None


def _policy(origin: str, key: str, witnesses: Sequence[str] | None) -> Policy:
    """Everyone named must have cosigned. Raises `BadNote`, `BadPolicy`."""
    keys = [VerifierKey.parse(witness) for witness in witnesses or ()]
    return Policy(origin, VerifierKey.parse(key), tuple(keys), len({key.name for key in keys}))


def _read(path: Path, limit: int) -> bytes:
    """A whole file; one byte too many of one that is too large, for its parser to refuse."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _no_entry() -> TrustError:
    return TrustError(
        Fault.STORE,
        "Bằng chứng không kèm mục nào: thêm --entry TỆP (trang của mục có liên kết tải về).",
        "The proof encloses no entry: add --entry FILE (the entry's page links to it).",
    )


@contextmanager
def _refusals(as_json: bool, code: int = BROKEN) -> Iterator[None]:
    """What keeps a command from its answer, in words or JSON, as an exit code of its own."""
    try:
        yield
    except TrustError as error:
        _tell(error, as_json)
        raise typer.Exit(_code_of(error, code)) from error
    except ModuleNotFoundError as error:
        _tell(_missing(error.name or "?"), as_json)
        raise typer.Exit(BROKEN) from error
    except OSError as error:
        what = f"{error.filename or ''} ({error.strerror or error})".strip()
        unreadable = TrustError(
            Fault.STORE, f"Không đọc hoặc ghi được {what}.", f"Cannot read or write {what}."
        )
        _tell(unreadable, as_json)
        raise typer.Exit(BROKEN) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(_INTERRUPTED) from error


def _code_of(error: TrustError, code: int) -> int:
    if isinstance(error, Equivocation):
        return FORKED
    if isinstance(error, NoFork):
        return FOUND
    return WENT_BACK if isinstance(error, WentBack) else code


def _missing(module: str) -> TrustError:
    return TrustError(
        Fault.STORE,
        f'Việc này cần thêm một phần chưa cài (thiếu {module}): pip install "temthat[scanner]"',
        f'This needs a part that is not installed (missing {module}): pip install "temthat[scanner]"',
    )


_ERROR_CODES: dict[type[TrustError], str] = {
    Equivocation: "equivocation",
    WentBack: "went_back",
    TooFewWitnesses: "too_few_witnesses",
    BadProof: "bad_proof",
    BadNote: "bad_note",
}


def _tell(error: TrustError, as_json: bool) -> None:
    if as_json:
        name = _ERROR_CODES.get(type(error), _snake(type(error).__name__))
        body = {"code": name, "fault": error.fault.value, "vi": error.vi, "en": error.en}
        _print_json({"error": body}, indent=None)
        return
    _err.print(f"✖ {visible(error.vi)}", style="bold red")
    _err.print(f"  {visible(error.en)}")


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def _say(vi: str, en: str) -> None:
    _out.print(visible(vi))
    _out.print(visible(en), style="dim")


def _print_json(body: Any, indent: int | None = 2) -> None:
    typer.echo(json.dumps(body, ensure_ascii=False, indent=indent))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal; nothing where nobody looks."""
    if not _err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("Đang kiểm tra sổ / auditing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
