"""What an entry of the log says, in a sentence for people, in both languages."""

from temthat_stamps.fields import instant
from temthat_stamps.keys import key_id
from temthat_stamps.logged import AppPublished, Block, BundlePublished, Delegation, LogOpened, Stated
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, Notice
from temthat_stamps.texts import notice_reason
from temthat_stamps.verdict import NoticeKind

_KINDS = {
    NoticeKind.RECALL: "thu hồi",
    NoticeKind.REVOCATION: "thu hồi hiệu lực",
    NoticeKind.VOID: "hủy",
    NoticeKind.LOST: "thất lạc",
    NoticeKind.HOLD: "tạm giữ",
    NoticeKind.SPOILED: "hỏng",
    NoticeKind.RETURNED: "trả lại",
    NoticeKind.LIFT: "gỡ",
}


def in_words(stated: Stated) -> tuple[str, str]:
    """Vietnamese and English."""
    if isinstance(stated, RunManifest):
        return _run(stated)
    if isinstance(stated, IssuedNotice):
        n, (on_vi, on_en) = stated.notice, _target(stated.notice)
        return (
            f"thông báo “{_KINDS[n.kind]}” số {n.number} về {on_vi}: {notice_reason(n.reason, 'vi')}",
            f"notice “{n.kind.value}” number {n.number} on {on_en}: {notice_reason(n.reason, 'en')}",
        )
    if isinstance(stated, AppPublished | Block | BundlePublished | Delegation | LogOpened):
        return _by_operator(stated)
    return _by_producer(stated)


def _target(notice: Notice) -> tuple[str, str]:
    match notice.scope:
        case "stamps":
            first, last = notice.first, notice.last
            return f"tem {first}–{last} của đợt {notice.run}", f"stamps {first} to {last} of run {notice.run}"
        case "run":
            return f"đợt in {notice.run}", f"run {notice.run}"
        case "key":
            return f"khóa tem {notice.name[:8]}", f"stamp key {notice.name[:8]}"
        case _:
            return f"lô {notice.name}", f"batch {notice.name}"


def _by_producer(stated: KeyOpened | KeyClosed | Sources | Activated) -> tuple[str, str]:
    match stated:
        case KeyOpened():
            name, closes = key_id(stated.public_key)[:8], instant(stated.closes)
            return f"mở khóa tem {name} đến {closes}", f"stamp key {name} opened until {closes}"
        case KeyClosed():
            name = stated.stamp_key[:8]
            return f"đóng khóa tem {name}", f"stamp key {name} closed"
        case Sources():
            count, part = len(stated.sources), f"{stated.part}/{stated.parts}"
            return (
                f"khai {count} nguồn của lô {stated.batch} (phần {part})",
                f"{count} sources of batch {stated.batch} (part {part})",
            )
        case Activated():
            return f"kích hoạt đợt in {stated.run}", f"run {stated.run} activated"


def _run(run: RunManifest) -> tuple[str, str]:
    vi = f"đợt in {run.run}: {run.count} tem của lô {run.batch}"
    en = f"run {run.run}: {run.count} stamps of batch {run.batch}"
    if run.replaces is not None:
        old = run.replaces
        vi += f", thay tem {old.first}–{old.last} của đợt {old.run}"
        en += f", in place of stamps {old.first} to {old.last} of run {old.run}"
    if run.beyond:
        vi, en = (
            f"{vi}, nhiều hơn lô đóng được (có nêu lý do)",
            f"{en}, more than the batch fills (with a reason)",
        )
    return vi, en


def _by_operator(
    stated: AppPublished | Block | BundlePublished | Delegation | LogOpened,
) -> tuple[str, str]:
    match stated:
        case AppPublished():
            digest = stated.sha256[:16]
            return f"công bố ứng dụng quét {digest}…", f"scanning app {digest}… published"
        case Block():
            numbers = f"{stated.first}–{stated.last}"
            return f"để dành số đợt in {numbers}", f"run numbers {numbers} reserved"
        case BundlePublished():
            return f"công bố gói dữ liệu đến mục {stated.size}", f"bundle of {stated.size} entries published"
        case Delegation():
            names = ", ".join(f"{name} v{file.version}" for name, file in stated.files.items())
            return f"công bố giao quyền: {names}", f"delegation published: {names}"
        case LogOpened():
            return (
                f"mở sổ, {stated.backfill} mục ghi bù",
                f"log opened, {stated.backfill} entries back-filled",
            )
