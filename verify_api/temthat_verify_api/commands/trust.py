"""`temthat trust …`: who may sign, from the founding ceremony to a revocation.

Holders' commands (key, found, show, sign) need neither network nor database; docs/ceremony.md is their script. Those of
the operator (operator, enrol, publish) run where the service runs. Those that prepare a change (approve, renew, rotate,
revoke, retire) run on either side: they only need the public trust folder, or a copy of it.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from temthat_stamps.bundle.pack import PACK_FILE, make_pack
from temthat_stamps.files import replace_file
from temthat_stamps.keys import key_id as id_of
from temthat_stamps.log.entries import size
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.custody import request_issuer_key
from temthat_stamps.runs.enrolment import names_of, pending, publish_delegation, record_request
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.accepted import fingerprint
from temthat_stamps.trust.handover import Handover, refused
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OperatorCard, online_keys
from temthat_stamps.trust.repository import FIRST_ROOT, TrustRepository
from temthat_stamps.trust.rolekeys import KeyCard
from temthat_stamps.trust.status import status_of
from temthat_verify_api.commands.own_orders import accept
from temthat_verify_api.commands.session import REFUSED, console, find_party, in_words, open_office
from temthat_verify_api.commands.trust_folder import find_key, folder_of, log_size_of, plain, published
from temthat_verify_api.commands.trust_holders import Out, found, key, show, sign
from temthat_verify_api.commands.trust_words import (
    groups,
    hand_over,
    next_step,
    print_key,
    print_status,
    say,
    status_json,
)
from temthat_verify_api.wiring import Services

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Giao quyền và khóa: lễ khai khóa, duyệt đơn vị, gia hạn, thu hồi. Keys and who may sign. docs/ceremony.md",
)

for command in (key, found, show, sign, accept):
    app.command()(command)

TrustFolder = Annotated[
    Path | None,
    typer.Option(
        "--trust", help="Thư mục tin cậy công khai hoặc bản sao. The public trust folder or a copy."
    ),
]
LogSize = Annotated[
    int | None, typer.Option("--log-size", help="Số mục của sổ lúc này. How many entries the log has now.")
]


@app.command()
def operator(
    out: Annotated[Path, typer.Argument(help="Tệp sẽ ghi. Where to write it.")] = Path("operator.json"),
) -> None:
    """Trên máy chủ: ghi thẻ nhà vận hành cho lễ khai khóa. Write the operator's card for the founding."""
    with open_office() as (services, _):
        policy = services.book.policy
        log = LogTrust(
            services.settings.origin,
            str(policy.log_key),
            tuple(map(str, policy.witnesses)),
            policy.quorum,
            (services.registry.operator.public_key,),
            tuple(sorted(services.settings.hosts)),
        )
        card = OperatorCard.of(log, online_keys(services.sealer))
        replace_file(out, card.format())
        say(f"{out}: sổ “{log.origin}”, {policy.quorum}/{len(policy.witnesses)} bên chứng kiến.", "Written.")
        next_step(
            "mang tệp này tới máy không nối mạng: temthat trust found, hoặc temthat trust rotate --operator."
        )


@app.command()
def enrol(
    party: Annotated[str, typer.Argument(help="Mã đơn vị. The organisation's code.")],
    request: Annotated[
        Path | None, typer.Option(help="Yêu cầu của khóa đơn vị tự giữ. Own custody: its request.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Ghi yêu cầu ra tệp. Write the request.")] = None,
) -> None:
    """Trên máy chủ: xin giao quyền cho khóa của một đơn vị. Ask for a delegation to a party's key."""
    with open_office() as (services, session):
        holder = find_party(session, party)
        if request is None:
            record = request_issuer_key(session, services.registry, holder)
        else:
            record = record_request(session, services.registry, holder, request.read_bytes())
        if out is not None:
            replace_file(out, record.enrolment)
        custody = "ký hộ" if record.custody is Custody.HOSTED else "đơn vị tự giữ"
        key_id = groups(id_of(record.public_key))
        say(
            f"{holder.name}: khóa {key_id} ({custody}) đang chờ tỉnh duyệt.",
            "Waiting for approval.",
        )
        next_step("temthat trust approve, rồi hai cán bộ tỉnh ký.")


@app.command()
def approve(
    requests: Annotated[
        list[Path] | None,
        typer.Argument(help="Tệp yêu cầu; không nêu thì lấy từ máy chủ. Default: the database."),
    ] = None,
    province: Annotated[str | None, typer.Option(help="Chỉ tỉnh này, ví dụ 31. Only this province.")] = None,
    out: Out = Path("duyet.zip"),
    trust: TrustFolder = None,
    log_size: LogSize = None,
) -> None:
    """Chuẩn bị duyệt khóa của các đơn vị. Prepare the approval of issuers' keys."""
    if requests:
        with in_words() as settings:
            base = published(settings, trust)
            data = [path.read_bytes() for path in requests]
            made = ceremony.approve(base, data, log_size_of(settings, trust, log_size), _now())
            hand_over(made, out)
        return
    with open_office() as (services, session):
        waiting = pending(session, province)
        made = ceremony.approve(
            published(services.settings, trust),
            [record.enrolment for record in waiting],
            size(session) if log_size is None else log_size,
            services.now(),
            names_of(session, waiting),
        )
        hand_over(made, out)


@app.command()
def renew(
    roles: Annotated[list[str], typer.Argument(help="root, targets, 31-issuers…")],
    out: Out = Path("gia-han.zip"),
    trust: TrustFolder = None,
) -> None:
    """Chuẩn bị gia hạn. Prepare new expiry dates."""
    with in_words() as settings:
        hand_over(ceremony.renew(published(settings, trust), roles, _now()), out)


@app.command()
def rotate(
    role: Annotated[str, typer.Argument(help="root, targets, 31-issuers; bỏ trống với --operator.")] = "",
    add: Annotated[list[Path] | None, typer.Option(help="Thẻ của người giữ mới. New holders' cards.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Dấu vân tay khóa bỏ đi. Keys to remove.")] = None,
    operator: Annotated[
        Path | None, typer.Option(help="Thẻ nhà vận hành mới. The operator's new card.")
    ] = None,
    out: Out = Path("thay-khoa.zip"),
    trust: TrustFolder = None,
) -> None:
    """Chuẩn bị đổi người giữ khóa, thêm tỉnh, hoặc đổi nhà vận hành. Prepare other holders or another operator."""
    with in_words() as settings:
        base = published(settings, trust)
        if operator is not None:
            made = ceremony.change_operator(base, OperatorCard.parse(operator.read_bytes()), _now())
        else:
            cards = [KeyCard.parse(path.read_bytes()) for path in add or ()]
            made = ceremony.rotate(base, role, cards, [plain(text) for text in remove or ()], _now())
        hand_over(made, out)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Dấu vân tay khóa phát hành (temthat trust keys).")],
    reason: Annotated[str, typer.Option(help="Mã lý do: key_compromised, ordered_by_authority…")],
    last_good: Annotated[
        int | None, typer.Option(help="Mục cuối còn giá trị; mặc định mục cuối của sổ. Last good entry.")
    ] = None,
    out: Out = Path("thu-hoi.zip"),
    trust: TrustFolder = None,
) -> None:
    """Chuẩn bị thu hồi một khóa kể từ một mục của sổ. Prepare a key's revocation after an entry of the log."""
    with in_words() as settings:
        base = published(settings, trust)
        last = log_size_of(settings, trust, None) - 1 if last_good is None else last_good
        hand_over(ceremony.revoke(base, find_key(base, key_id), last, reason, _now()), out)


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(help="Dấu vân tay khóa phát hành đã có khóa mới thay.")],
    until: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="Ngày cuối còn dùng. Its last day.")
    ],
    out: Out = Path("ket-thuc.zip"),
    trust: TrustFolder = None,
) -> None:
    """Chuẩn bị kết thúc một khóa cũ đã được thay. Prepare the end of a key that a newer one replaced."""
    with in_words() as settings:
        base = published(settings, trust)
        end = until.replace(tzinfo=dt.UTC) + dt.timedelta(days=1, seconds=-1)
        hand_over(ceremony.retire(base, find_key(base, key_id), end, _now()), out)


@app.command()
def publish(
    handovers: Annotated[
        list[Path] | None, typer.Argument(help="Các bản của gói đã ký; bỏ trống: chỉ ký lại ngày giờ.")
    ] = None,
) -> None:
    """Trên máy chủ: công bố gói đã ký đủ, ghi vào sổ. Publish a signed handover and state it in the log."""
    with open_office() as (services, session):
        folder = services.settings.public_dir / "trust"
        repository, online = TrustRepository(folder), online_keys(services.sealer)
        bump_revision(session)  # one publication at a time
        if handovers:
            first, *others = map(Handover.read, handovers)
            for name, file in repository.publish(first.join(others), online, services.now()).items():
                console.print(f"{name} {file.version}: {file.length} byte, sha256 {file.sha256[:16]}…")
        elif repository.freshen(online, services.now()):
            say("Đã ký lại ngày giờ (timestamp).", "Timestamp signed anew.")
        written = publish_delegation(session, services.registry, folder)
        told = ", ".join(map(str, written)) or "-"
        say(f"Đã công bố; mục trong sổ: {told}.", f"Published; entries of the log: {told}.")
        next_step("temthat trust status")


@app.command()
def status(
    trust: TrustFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Cho máy đọc. For programs.")] = False,
) -> None:
    """Tình hình các vai trò và khóa, việc cần làm. How trust stands, and what to do."""
    with in_words() as settings:
        base, now = published(settings, trust), _now()
        found_ = status_of(base, now)
        if as_json:
            console.print_json(data=status_json(base, found_))
        else:
            print_status(base, found_)
            if trust is None:
                _print_pending()
        if any(advice.urgent for advice in found_.advice):
            raise typer.Exit(REFUSED)


@app.command()
def keys(
    province: Annotated[str | None, typer.Argument(help="Mã tỉnh, hoặc national.")] = None,
    trust: TrustFolder = None,
) -> None:
    """Liệt kê khóa phát hành đã được giao quyền. List the issuer keys that are delegated to."""
    with in_words() as settings:
        for found_ in sorted(published(settings, trust).keys.values(), key=lambda k: k.path):
            if province in (None, found_.province):
                print_key(found_)


@app.command()
def root(
    out: Annotated[Path, typer.Argument(help="Tệp sẽ ghi. Where to write it.")] = Path("root.json"),
    trust: TrustFolder = None,
) -> None:
    """Ghi root đầu tiên cho máy quét và người giám sát ghim. Write the first root, for devices to pin."""
    with in_words() as settings:
        data = TrustRepository(folder_of(settings, trust)).read(FIRST_ROOT)
        if data is None:
            raise refused("Chưa có root.", "There is no root yet.")
        replace_file(out, data)
        say(f"{out}: dấu vân tay {fingerprint(data)}", "Compare the fingerprint with the founding paper.")


@app.command()
def pack(
    out: Annotated[Path, typer.Argument(help="Tệp sẽ ghi. Where to write it.")] = Path(PACK_FILE),
) -> None:
    """Trên máy chủ: ghi dữ liệu cho máy quét không có mạng. Write the data that scanners work offline with."""
    with open_office() as (services, _):
        write_pack(services, out)
        say(f"Đã ghi {out}.", f"Written: {out}.")
        next_step(f"chép {out} sang máy quét: temthat scan --trust {out}")


def write_pack(services: Services, out: Path) -> None:
    """The trust pack as GET /api/v1/trust answers it, in one file."""
    replace_file(out, make_pack(services.settings.public_dir))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _print_pending() -> None:
    with open_office() as (_, session):
        waiting = pending(session)
        names = names_of(session, waiting)
        for record in waiting:
            name = names[str(record.party_id)]
            say(f"Chờ duyệt: {name}, khóa {groups(id_of(record.public_key))}", "Waiting for approval.")
        if waiting:
            next_step("temthat trust approve")
