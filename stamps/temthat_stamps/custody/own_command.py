"""`temthat own`: a cooperative that keeps its own keys signs and prints on its own computer."""

import datetime as dt
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from temthat_stamps.custody.keyfile import WORK
from temthat_stamps.custody.order import Signed, kind_of, order_from_json, request_from_json
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.custody.own_folder import (
    ENROLMENT,
    IDENTITY,
    OwnFolder,
    Secrets,
    TokenPlace,
    make_folder,
    write_file,
)
from temthat_stamps.custody.own_words import explain_closing, explain_order, explain_statement
from temthat_stamps.custody.words import ask_secret, console, in_words, say
from temthat_stamps.trust.delegates import IssuerKind

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Đơn vị tự giữ khóa: ký và in trên máy của mình. Own custody: sign and print on one's own computer.",
)
SCRYPT_WORK = WORK
PASSPHRASE, PIN = "TEMTHAT_OWN_PASSPHRASE", "TEMTHAT_TOKEN_PIN"
Keys = Annotated[
    Path,
    typer.Option(
        "--keys", help="Thư mục khóa của đơn vị. The folder of own keys.", envvar="TEMTHAT_OWN_KEYS"
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Không hỏi lại. Do not ask.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Thư mục sẽ chứa khóa. Where the keys will be.")],
    log: Annotated[Path, typer.Option(help="log.json do Liên minh trao. As the alliance handed it over.")],
    issuer: Annotated[str, typer.Option(help="Mã đơn vị (UUID), xem ở bàn làm việc. The issuer's id.")],
    province: Annotated[str, typer.Option(help="Mã tỉnh, hai chữ số. Province, two digits.")],
    kind: Annotated[IssuerKind, typer.Option(help="Loại đơn vị.")] = IssuerKind.PRODUCER,
    module: Annotated[str | None, typer.Option(help="Thư viện PKCS#11 của token, nếu dùng token.")] = None,
    token: Annotated[str | None, typer.Option(help="Nhãn của token. The token's label.")] = None,
    label: Annotated[str, typer.Option(help="Tên khóa trên token. The key's label.")] = "temthat",
) -> None:
    """Tạo khóa của đơn vị và yêu cầu giao quyền. Make the issuer key and its enrolment request."""
    with in_words():
        if (module is None) != (token is None):
            raise typer.BadParameter("--module và --token đi cùng nhau. They go together.")
        place = TokenPlace(module, token, label) if module and token else None
        data = log.read_bytes()
        make_folder(folder, data, issuer, province, _secrets(twice=True), _now(), place, kind, SCRYPT_WORK)
        say(
            f"Đã tạo. Mang {folder / ENROLMENT} cho Liên minh duyệt. Sao lưu cả thư mục ngay bây giờ (không sao lưu "
            "các tệp stamp-*.key về sau).",
            "Made. Carry the enrolment to the alliance. Back the folder up now (never its stamp-*.key files later).",
        )


@app.command()
def sign(
    file: Annotated[Path, typer.Argument(help="Đơn đặt in hoặc yêu cầu từ dịch vụ. The service's order.")],
    keys: Keys = Path(),
    out: Annotated[Path | None, typer.Option(help="Tệp đã ký để gửi lại. Where to write it.")] = None,
    yes: Yes = False,
) -> None:
    """Đọc lại bằng lời rồi ký. Show an order or a request in words, then sign it."""
    with in_words():
        data = file.read_bytes()
        custody = _custody(keys, twice=_on_token(keys))
        with closing(custody.state):
            if kind_of(data) == "request":
                request = request_from_json(data)
                _agree((line for stated in request.all for line in explain_statement(stated)), yes)
                signed = custody.sign_request(request)
            else:
                order = order_from_json(data)
                _agree(explain_order(order), yes)
                signed = custody.sign_order(order)
        _hand_out(signed, out or file.with_suffix(".signed.json"))


@app.command("print")
def print_(
    file: Annotated[Path, typer.Argument(help="Đơn đặt in. The order.")],
    proof: Annotated[Path, typer.Argument(help="Bằng chứng từ sổ công khai. The proof from the log.")],
    keys: Keys = Path(),
    out: Annotated[Path, typer.Option(help="Thư mục nhận tệp in. Where the print files go.")] = Path(),
) -> None:
    """Kiểm bằng chứng rồi tạo tệp in tại chỗ. Check the proof, then make the print files here."""
    with in_words():
        from temthat_stamps.custody.own_print import print_order

        order = order_from_json(file.read_bytes())
        custody = _custody(keys)
        with closing(custody.state):
            for made in print_order(custody, order, proof.read_bytes(), out):
                console.print(str(made))
        say(
            "Xong. In xong thì xóa đơn đặt in và các tệp in: ai có chúng đều in thêm được.",
            "Done. Once printed, delete order and print files: whoever has them can print again.",
        )


@app.command()
def close(
    keys: Keys = Path(),
    early: Annotated[
        bool, typer.Option("--early", help="Cả khóa còn trong tháng. Also this month's.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Tệp đã ký để gửi lại. Where to write it.")] = Path(
        "closed.signed.json"
    ),
    yes: Yes = False,
) -> None:
    """Đóng khóa tem đã hết tháng và hủy tệp khóa. Close the month's stamp key and destroy it."""
    with in_words():
        custody = _custody(keys)
        with closing(custody.state):
            due = custody.closable(early=early)
            if not due:
                say("Không có khóa tem nào cần đóng.", "There is no stamp key to close.")
                return
            _agree(explain_closing(custody, early), yes)
            _hand_out(custody.close(due), out)


@app.command()
def trust(
    log: Annotated[Path, typer.Argument(help="log.json mới do Liên minh công bố. The newer log.json.")],
    keys: Keys = Path(),
) -> None:
    """Thay danh sách bên chứng kiến và địa chỉ. Take newer witnesses and hosts of the same log."""
    with in_words():
        OwnFolder(keys, _secrets()).replace_log(log.read_bytes())
        say("Đã thay.", "Replaced.")


def _custody(keys: Path, *, twice: bool = False) -> OwnCustody:
    return OwnCustody(OwnFolder(keys, _secrets(twice=twice), SCRYPT_WORK), _now)


def _agree(lines: Iterable[tuple[str, str]], yes: bool) -> None:
    for vi, en in lines:
        say(vi, en)
    if not yes and not typer.confirm("Đúng như vậy và đồng ý ký? / Is this right, sign it?"):
        say("Không ký gì.", "Nothing was signed.")
        raise typer.Exit(1)


def _hand_out(signed: Signed, path: Path) -> None:
    write_file(path, signed.to_json())
    say(
        f"Đã ký {len(signed.statements)} văn bản vào {path}. Gửi tệp này lại cho dịch vụ.",
        f"{len(signed.statements)} statements signed into {path}. Send this file back to the service.",
    )


def _secrets(*, twice: bool = False) -> Secrets:
    """Asked at most once a command. `twice`: a new pass phrase that no file is there to check."""
    return Secrets(
        cache(lambda: ask_secret(PASSPHRASE, "Mật khẩu của tệp khóa (pass phrase)", twice=twice)),
        cache(lambda: ask_secret(PIN, "PIN của token")),
    )


def _on_token(keys: Path) -> bool:
    """Whether the stamp key's pass phrase is checked by nothing else."""
    return '"module"' in (keys / IDENTITY).read_text("utf-8") if (keys / IDENTITY).exists() else False


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


if __name__ == "__main__":
    app()
