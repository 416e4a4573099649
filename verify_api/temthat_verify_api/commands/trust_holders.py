"""`temthat trust key, found, show, sign`: what holders of offline keys do, on a machine without network or database."""

import datetime as dt
import re
import unicodedata
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import Signer  # type: ignore[attr-defined]

from temthat_stamps.custody.keyfile import WORK
from temthat_stamps.files import replace_file
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.handover import Handover, refused
from temthat_stamps.trust.online import OperatorCard
from temthat_stamps.trust.rolekeys import KeyCard, new_key_file, open_key_file
from temthat_stamps.trust.token import TokenPlace, TokenSigner, new_token_key
from temthat_verify_api.commands.session import in_words
from temthat_verify_api.commands.trust_words import (
    ask_secret,
    groups,
    hand_over,
    next_of,
    next_step,
    say,
    write_secret,
)
from temthat_verify_api.commands.trust_words import show as describe

SCRYPT_WORK = WORK
"""The cost of guessing a passphrase; tests lower it."""

Role = Annotated[str, typer.Argument(help="root, targets (liên minh quốc gia), 31-issuers (tỉnh 31).")]
Out = Annotated[Path, typer.Option("--out", help="Gói bàn giao sẽ ghi. The handover to write.")]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="Tệp chứa mật khẩu; mặc định hỏi trên màn hình. Default: asked.")
]
Token = Annotated[str, typer.Option("--token", help="Tên token PKCS#11. The token's label.")]
Module = Annotated[str, typer.Option("--module", help="Tệp thư viện PKCS#11 của token. Its module.")]
Label = Annotated[str, typer.Option("--label", help="Tên khóa trên token. The key's label.")]


def key(
    role: Role,
    holder: Annotated[str, typer.Option(help="Chức danh người giữ khóa, sẽ công khai. The holder's office.")],
    out: Annotated[Path, typer.Option(help="Thư mục (USB của người giữ). Where to write.")] = Path(),
    token: Token = "",
    module: Module = "",
    label: Label = "temthat",
    ecdsa: Annotated[bool, typer.Option("--ecdsa", help="Token không biết Ed25519. ECDSA P-256.")] = False,
    existing: Annotated[bool, typer.Option("--existing", help="Khóa đã có sẵn trên token.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Tạo khóa cho một người giữ, và thẻ khóa để bàn giao. Make one holder's key and its card."""
    with in_words():
        out.mkdir(parents=True, exist_ok=True)
        name = _file_name(f"{role} {holder}")
        card_path, key_path = out / f"{name}.card", out / f"{name}.key"
        for path in (card_path, key_path):
            if path.exists():
                raise refused(f"{path} đã có; không ghi đè.", f"{path} exists and is not overwritten.")
        if token:
            place = TokenPlace(module, token, label)
            pin = ask_secret("Mã PIN của token / PIN", passphrase_file)
            if not existing:
                new_token_key(place, pin, ed25519=not ecdsa)
            card = KeyCard.make(role, holder, TokenSigner(place, lambda: pin))
        else:
            passphrase = ask_secret("Mật khẩu cho tệp khóa / passphrase", passphrase_file, twice=True)
            data, card = new_key_file(role, holder, passphrase, SCRYPT_WORK)
            write_secret(key_path, data)
            say(
                f"Tệp khóa: {key_path}. Cất riêng, sao thêm một bản; không đưa cho ai.",
                "Keep it; hand it to nobody.",
            )
        replace_file(card_path, card)
        key_id = KeyCard.parse(card).key.keyid
        say(
            f"Thẻ khóa: {card_path}, dấu vân tay {groups(key_id)}.",
            "The card: its fingerprint is for comparing.",
        )
        next_step("đưa thẻ (.card) cho người chủ trì: temthat trust found, hoặc temthat trust rotate.")


def _file_name(text: str) -> str:
    """A plain name for a stick: “root Chủ tịch” gives root-chu-tich."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return re.sub(r"[^0-9a-z]+", "-", bare).strip("-")


def found(
    cards: Annotated[list[Path], typer.Argument(help="Các thẻ khóa (.card). All holders' cards.")],
    operator: Annotated[Path, typer.Option(help="Thẻ nhà vận hành. The operator's card.")],
    out: Out = Path("khai-khoa.zip"),
) -> None:
    """Chuẩn bị khai khóa từ các thẻ. Prepare the founding from all cards."""
    with in_words():
        read = [KeyCard.parse(path.read_bytes()) for path in cards]
        made = ceremony.found(read, OperatorCard.parse(operator.read_bytes()), dt.datetime.now(dt.UTC))
        hand_over(made, out)


def show(handover: Annotated[Path, typer.Argument(help="Gói bàn giao. The handover.")]) -> None:
    """Xem sắp ký gì, ai đã ký. What is about to be signed, and who has."""
    with in_words():
        describe(Handover.read(handover))


def sign(
    handover: Annotated[Path, typer.Argument(help="Gói bàn giao; được ghi lại tại chỗ. Written in place.")],
    key: Annotated[Path | None, typer.Option(help="Tệp khóa (.key). Your key file.")] = None,
    token: Token = "",
    module: Module = "",
    label: Label = "temthat",
    passphrase_file: PassphraseFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại. Do not ask.")] = False,
) -> None:
    """Xem rồi ký bằng khóa của mình. Look at it, then sign it with your key."""
    with in_words():
        before = Handover.read(handover)
        describe(before)
        if not yes:
            typer.confirm("Ký những điều trên? / Sign this?", abort=True)
        signer: Signer
        if token:
            place = TokenPlace(module, token, label)
            signer = TokenSigner(place, lambda: ask_secret("Mã PIN của token / PIN", passphrase_file))
        elif key is not None:
            signer = open_key_file(key.read_bytes(), ask_secret("Mật khẩu / passphrase", passphrase_file))
        else:
            raise refused("Cần --key hoặc --token.", "Name --key or --token.")
        signed, roles = before.sign(signer)
        signed.write(handover)
        say(f"Đã ký: {', '.join(roles)}.", f"Signed: {', '.join(roles)}.")
        next_of(signed, handover)
