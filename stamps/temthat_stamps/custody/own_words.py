"""What a file asks to be signed, in words: nobody signs what they have not read."""

from collections.abc import Iterator

from temthat_stamps.custody.order import Order
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.logged import Stated
from temthat_stamps.manifest import Activated
from temthat_stamps.notice import IssuedNotice
from temthat_trace.formats import date, number

_KINDS = {
    "void": ("hủy tem", "void"),
    "spoiled": ("tem hỏng", "spoiled"),
    "lost": ("tem thất lạc", "lost"),
    "returned": ("tem trả lại", "returned"),
    "hold": ("tạm giữ", "hold"),
    "recall": ("thu hồi sản phẩm", "recall"),
    "revocation": ("thu hồi khóa hoặc đợt in", "revocation"),
    "lift": ("gỡ thông báo", "lift"),
}


def explain_order(order: Order) -> Iterator[tuple[str, str]]:
    """An order, a line in both languages each."""
    n = order.names
    yield (
        f"Ký đợt in {order.run}: {number(order.count)} tem",
        f"Run {order.run}: {number(order.count, 'en')} stamps",
    )
    yield f"Đơn vị: {n.issuer}", f"Issuer: {n.issuer}"
    yield (
        f"Sản phẩm: {n.product}, {n.pack_form}, lô {n.lot}",
        f"Product: {n.product}, {n.pack_form}, lot {n.lot}",
    )
    yield f"Ngày sản xuất: {date(order.made_on)}", f"Made on: {date(order.made_on, 'en')}"
    if order.expires_on:
        yield f"Hạn dùng: {date(order.expires_on)}", f"Use by: {date(order.expires_on, 'en')}"
    yield f"Lô hàng đủ cho: {number(order.packs)} gói", f"The batch fills: {number(order.packs, 'en')} packs"
    if order.beyond:
        yield (
            "CHÚ Ý: nhiều tem hơn số gói, có ghi lý do",
            "NOTE: more stamps than packs, with a stated reason",
        )
    if order.replaces:
        r = order.replaces
        yield (
            f"In lại thay cho đợt {r.run}, tem {r.first}–{r.last} (đã hủy)",
            f"Reprint for run {r.run}, serials {r.first} to {r.last} (void)",
        )
    if order.void:
        yield (
            f"Cùng lúc ký hủy những tem cũ đó, mã lý do: {order.void.notice.reason}",
            f"Those old stamps are voided by the same signature, reason code: {order.void.notice.reason}",
        )
    if order.gtin:
        yield f"GTIN: {order.gtin}", f"GTIN: {order.gtin}"
    if order.needs_activation:
        yield "Tem chỉ có hiệu lực sau khi kích hoạt", "Not valid before activation"
    if order.sources:
        yield f"Làm từ {len(order.sources)} lô khác", f"Made from {len(order.sources)} other batches"
    yield f"Địa chỉ in trên tem: {order.host}", f"Address on the stamp: {order.host}"


def explain_statement(stated: Stated) -> Iterator[tuple[str, str]]:
    """A requested notice or activation."""
    if isinstance(stated, IssuedNotice):
        notice = stated.notice
        vi, en = _KINDS.get(notice.kind.value, (notice.kind.value, notice.kind.value))
        yield f"Ký thông báo số {notice.number}: {vi}", f"Notice number {notice.number}: {en}"
        yield f"Về: {notice.target}", f"On: {notice.target}"
        yield f"Mã lý do: {notice.reason}", f"Reason code: {notice.reason}"
        yield f"Đơn vị ra thông báo: {stated.issuer}", f"Issued by: {stated.issuer}"
    elif isinstance(stated, Activated):
        yield f"Ký kích hoạt đợt in {stated.run}", f"Activation of run {stated.run}"
    else:
        yield f"Ký nội dung loại {stated.body()['type']}", f"A statement of type {stated.body()['type']}"


def explain_closing(custody: OwnCustody, early: bool) -> Iterator[tuple[str, str]]:
    """The stamp keys about to be closed, and what that ends."""
    for key in custody.closable(early=early):
        yield (
            f"Đóng và hủy khóa tem mở ngày {date(key.opens.date())}",
            f"Close and destroy the stamp key opened on {date(key.opens.date(), 'en')}",
        )
        for run in sorted(custody.unprinted(key)):
            yield (
                f"CHÚ Ý: đợt in {run} đã ký nhưng chưa in; đóng khóa thì không in được nữa",
                f"NOTE: run {run} is signed and not printed; after closing it cannot be",
            )
