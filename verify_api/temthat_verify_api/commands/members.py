"""`temthat member`: what is held about the members of a cooperative, given out and erased."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from temthat_trace import formats
from temthat_trace.consent import in_force
from temthat_trace.parties import Member, Party
from temthat_trace.privacy.erasing import Diary, mentions
from temthat_trace.privacy.held import held
from temthat_trace.privacy.records import Handling
from temthat_trace.privacy.repository import members_of, note, open_requests
from temthat_verify_api.commands.session import console, find_one, find_party, open_records, read_settings
from temthat_verify_api.erasure import erase_member

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Dữ liệu của thành viên. Members' personal data."
)
BY = "temthat member"
"""Who looked, in the record of looks, when it was done on the server."""

Holder = Annotated[str, typer.Argument(help="Mã đơn vị. The cooperative's code.")]
Code = Annotated[str, typer.Argument(help="Mã thành viên. The member's code.")]


@app.command("list")
def list_members(holder: Holder) -> None:
    """Mã, tên gọi chung, điều đã đồng ý, yêu cầu chờ trả lời. Codes, consents and open requests."""
    with open_records() as (session, _):
        party = find_party(session, holder)
        waiting: dict[str, list[str]] = {}
        for request in open_requests(session, party.id):
            waiting.setdefault(request.member.code, []).append(
                f"{request.ask} → {formats.date(request.due_on)}"
            )
        table = Table("mã", "tên gọi", "đồng ý", "chờ trả lời")
        for member in members_of(session, party.id):
            agreed = ", ".join(sorted(in_force(member.consents))) or "–"
            table.add_row(member.code, member.alias, agreed, ", ".join(waiting.get(member.code, [])))
    console.print(table)


@app.command()
def export(
    holder: Holder,
    code: Code,
    out: Annotated[Path, typer.Argument(help="Tệp .json sẽ ghi. Where to write it.")],
) -> None:
    """Ghi mọi điều đang lưu về một thành viên ra tệp JSON. All that is held about one member."""
    with open_records() as (session, now):
        member = _find(session, find_party(session, holder), code)
        out.write_text(json.dumps(held(session, member, now), ensure_ascii=False, indent=1) + "\n", "utf-8")
        note(session, member, BY, Handling.EXPORTED, now)
    console.print(f"Đã ghi {out}. Written.")


@app.command()
def erase(
    holder: Holder,
    code: Code,
    diary: Annotated[
        Diary | None,
        typer.Option(help="Nhật ký: giữ, xóa việc có nhắc tên, hay xóa hết. What becomes of the diary."),
    ] = None,
    run_names: Annotated[
        bool,
        typer.Option("--run-names", help="Quên cả tên hàng và số lô trong dữ liệu tin cậy. Also in bundles."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại. Do not ask.")] = False,
) -> None:
    """Xóa dữ liệu cá nhân của một thành viên theo yêu cầu của chính người đó. Erase a member; no way back."""
    with open_records() as (session, now):
        member = _find(session, find_party(session, holder), code)
        found = mentions(session, member)
        named = sum(mention.named for mention in found)
        console.print(
            f"{member.alias}: {len(found)} việc trong nhật ký, {named} việc có nhắc tên. "
            f"{len(found)} diary entries, {named} of them name the member."
        )
        if diary is None:
            # The prompt names the answers and asks again after a slip.
            diary = Diary(typer.prompt("Nhật ký / diary", default=Diary.NAMED.value, type=Diary))
        if not yes:
            typer.confirm("Không lấy lại được. Xóa? There is no way back. Erase?", abort=True)
        done = erase_member(session, member, BY, now, diary, read_settings().data_dir, run_names=run_names)
    console.print(
        f"Đã xóa. Mã nay là {done.code}; {done.events} việc, {done.notes} ghi chú, {done.pictures} ảnh. Erased."
    )


def _find(session: Session, party: Party, code: str) -> Member:
    return find_one(session, Member, f"thành viên {code}", Member.party_id == party.id, Member.code == code)
