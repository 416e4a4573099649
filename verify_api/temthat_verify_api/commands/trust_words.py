"""What `temthat trust` prints and asks: handovers and status in words, passphrases, the next step."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from temthat_stamps.fields import instant
from temthat_stamps.texts import visible
from temthat_stamps.trust.accepted import Accepted
from temthat_stamps.trust.delegates import DelegatedKey
from temthat_stamps.trust.handover import Handover, refused
from temthat_stamps.trust.status import Status
from temthat_stamps.trust.words import KINDS, Line, describe, signatures
from temthat_stamps.verdict import HANOI
from temthat_verify_api.commands.session import console


def say(vi: str, en: str) -> None:
    """One thing that was done."""
    console.print(visible(vi))
    console.print(visible(en), style="dim")


def next_step(text: str) -> None:
    """What to do now."""
    console.print(f"→ Việc tiếp theo: {visible(text)}", style="bold")


def groups(digest: str) -> str:
    """The start of a digest as people compare it: four groups of four."""
    return " ".join(digest[i : i + 4] for i in range(0, 16, 4))


def show(handover: Handover) -> None:
    """What is in a handover, and who has signed. Raises `TrustError` for one that must not be signed."""
    for line in describe(handover):
        _print(line)
    console.print()
    for line in signatures(handover.wanted()):
        _print(line)


def _print(line: Line) -> None:
    console.print(visible(line.vi), style="bold" if line.weight else None)
    console.print("  " + visible(line.en), style="dim")


def hand_over(handover: Handover, out: Path) -> None:
    """Write a handover and say who signs it."""
    handover.write(out)
    show(handover)
    console.print()
    say(f"Đã ghi {out}.", f"Written: {out}.")
    next_of(handover, out)


def next_of(handover: Handover, path: Path) -> None:
    """Who is next."""
    wanted = [want for want in handover.wanted() if want.need]
    if not wanted:
        next_step(f"đủ chữ ký. Mang {path.name} về máy chủ: temthat trust publish {path.name}")
        return
    for want in wanted:
        who = ", ".join(want.missing)
        console.print(visible(f"“{want.role}” còn thiếu {want.need} chữ ký, của: {who}"))
    next_step(f"đưa {path.name} cho người ký; họ chạy: temthat trust sign {path.name} --key TỆP.key")


def ask_secret(prompt: str, file: Path | None, *, twice: bool = False) -> str:
    """A passphrase or PIN: the first line of a file, or typed without showing."""
    if file is not None:
        lines = file.read_text().splitlines()
        if not lines:
            raise refused(f"{file} trống.", f"{file} is empty.")
        return lines[0]
    typed: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=twice)
    return typed


def write_secret(path: Path, data: bytes) -> None:
    """A new file that only its owner may read; never over another."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def print_status(published: Accepted, status: Status) -> None:
    """One glance."""
    table = Table("Vai trò", "Phiên bản", "Hết hạn", "Còn (ngày)", "Chữ ký", "Người giữ", "")
    for role in status.roles:
        mark = "HẾT HẠN" if role.expired else "sắp hết hạn" if role.warning else "tốt"
        table.add_row(
            role.role, str(role.version), _day(role.expires), str(role.days),
            f"{role.signed}/{role.threshold}", str(role.holders), mark,
        )  # fmt: skip
    console.print(table)
    log = published.log
    console.print(f"Sổ “{log.origin}”: cần {log.quorum}/{len(log.witnesses)} bên chứng kiến.")
    live = sum(key.last_good is None for key in published.keys.values())
    console.print(f"Khóa phát hành: {live} còn dùng, {len(published.keys) - live} đã thu hồi.")
    for key in status.ending:
        console.print(f"Khóa {groups(key.key_id)} (tỉnh {key.province}) hết hạn {_day(key.until)}.")
    for advice in status.advice:
        console.print(visible(advice.vi), style="red" if advice.urgent else "yellow")
        console.print("  " + visible(advice.en), style="dim")
    if not status.advice:
        say("Mọi thứ đều tốt.", "All is well.")


def print_key(key: DelegatedKey) -> None:
    """One issuer key in two or three short lines: nothing wraps, so that a fingerprint can be copied."""
    revoked = key.last_good is not None
    kind = KINDS[key.kind][0]
    console.print(f"{key.province}  {groups(key.key_id)}  {kind}", style="dim" if revoked else "bold")
    console.print(f"    {key.issuer}, từ mục {key.delegated_from} đến {_day(key.until)}")
    if revoked:
        console.print(f"    ĐÃ THU HỒI sau mục {key.last_good}: {key.reason}", style="red")


def status_json(published: Accepted, status: Status) -> dict[str, Any]:
    """The same for programs."""
    return {
        "origin": published.log.origin,
        "quorum": published.log.quorum,
        "witnesses": len(published.log.witnesses),
        "roles": [
            {
                "role": role.role, "version": role.version, "expires": instant(role.expires), "days": role.days,
                "signed": role.signed, "threshold": role.threshold, "holders": role.holders, "warning": role.warning,
            }
            for role in status.roles
        ],
        "keys": len(published.keys),
        "ending": [{"key": k.key_id, "issuer": k.issuer, "until": instant(k.until)} for k in status.ending],
        "advice": [{"urgent": a.urgent, "vi": a.vi, "en": a.en} for a in status.advice],
    }  # fmt: skip


def _day(at: dt.datetime) -> str:
    return f"{at.astimezone(HANOI):%d/%m/%Y}"
