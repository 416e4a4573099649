"""`temthat init`, `person`, `api-key`: setting a service up and letting people and machines in."""

import datetime as dt
import secrets
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.runs.operator import log_signer
from temthat_stamps.sealing import Sealer
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole, Person, Role, issue_api_key
from temthat_verify_api.commands.session import REFUSED, console, find_party, in_words, open_records, tell
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.passwords import hash_secret
from temthat_verify_api.phones import normalise_phone
from temthat_verify_api.settings import load_master_key


def init(
    alliance: Annotated[
        str, typer.Option(help="Tên liên minh hoặc đơn vị vận hành. Name of the first organisation.")
    ],
    phone: Annotated[
        str, typer.Option(help="Số điện thoại của người quản trị đầu tiên. The first officer's phone.")
    ],
) -> None:
    """Chuẩn bị máy chủ mới: khóa chủ, cơ sở dữ liệu, cán bộ đầu tiên. Set a new service up."""
    with in_words() as settings:
        sealer = Sealer(load_master_key(settings, create=True))
        upgrade(settings.database_url)
    with open_records() as (session, now):
        if session.scalar(select(Party.id).where(Party.kind == PartyKind.NATIONAL_ALLIANCE)):
            tell("Cơ sở dữ liệu này đã có liên minh.", "This database is set up already.")
            raise typer.Exit(REFUSED)
        party = Party(code="LIEN-MINH", kind=PartyKind.NATIONAL_ALLIANCE, name=alliance)
        session.add(party)
        session.flush()
        _add_person(session, party, phone, "Quản trị", Role.OFFICER, now)
    console.print(
        f"Khóa chủ / master key: {settings.key_file}. Hãy sao lưu riêng tệp này. Back this file up apart."
    )
    console.print(
        "Khóa của sổ công khai, gửi cho các bên chứng kiến / the log's key, for its witnesses: "
        f"{log_signer(sealer, settings.origin).key}",
        soft_wrap=True,
    )


def person(
    organisation: Annotated[str, typer.Argument(help="Mã đơn vị. The organisation's code.")],
    phone: Annotated[str, typer.Argument(help="Số điện thoại dùng để đăng nhập.")],
    name: Annotated[str, typer.Option(help="Họ tên. Name.")] = "",
    role: Annotated[Role, typer.Option(help="Vai trò. Role.")] = Role.CLERK,
) -> None:
    """Thêm người dùng cho một đơn vị; mật khẩu được in ra một lần. Add a person to an organisation."""
    with open_records() as (session, now):
        _add_person(session, find_party(session, organisation), phone, name or phone, role, now)


def api_key(
    organisation: Annotated[str, typer.Argument(help="Mã đơn vị. The organisation's code.")],
    role: Annotated[
        KeyRole, typer.Option(help="till, inspector, packer, producer, officer, operator")
    ] = KeyRole.TILL,
    label: Annotated[str, typer.Option(help="Để nhận ra khóa, ví dụ tên quầy. What it is for.")] = "",
) -> None:
    """Cấp khóa API cho máy quét, quầy hàng; chỉ hiện một lần. Issue an API key, shown once."""
    with open_records() as (session, _):
        key = issue_api_key(session, find_party(session, organisation), role, label)
    console.print(f"API key: {key}", highlight=False, soft_wrap=True)


def _add_person(session: Session, party: Party, phone: str, name: str, role: Role, now: dt.datetime) -> None:
    member = Person(party_id=party.id, phone=normalise_phone(phone), name=name, role=role, created_at=now)
    session.add(member)
    password = f"tem-{secrets.token_hex(5)}"
    member.password_hash = hash_secret(password)
    session.flush()
    console.print(f"Đăng nhập / sign in: {member.phone}  mật khẩu / password: {password}", highlight=False)
