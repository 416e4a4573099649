"""The export of a producer's facts for other systems: `data.json`, `csv/`, and the sheets that were asked for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from sqlalchemy.orm import Session

from temthat_trace.formats import today
from temthat_verify_api.outgoing.exchange import write_exchange
from temthat_verify_api.outgoing.facts import FORMAT, VERSION, Record
from temthat_verify_api.outgoing.gather import Scope, gather
from temthat_verify_api.outgoing.pack import Pack
from temthat_verify_api.outgoing.systems import SYSTEMS, Sheets
from temthat_verify_api.wiring import Services

_README = f"""Dữ liệu trung lập {FORMAT} {VERSION} / neutral export

data.json       mọi dữ kiện, một tệp (lược đồ: docs/spec/exchange-1.schema.json) / all facts
csv/            cùng dữ liệu ấy, mỗi loại một bảng, mở được bằng Excel / the same, a table each
cong-quoc-gia/, ho-chieu-so/, verigoods/, nong-san/
                bảng soạn sẵn cho từng hệ thống; đọc DOC-TRUOC.txt: chưa nơi nào công bố mẫu tệp
                sheets for other systems; none of them has published a format
manifest.json   SHA-256 của từng tệp / of each file

Không có họ tên, điện thoại của nông hộ; không có tên bạn hàng.
No names or telephone numbers of farmers, no trading partners.
"""


def write_exchange_pack(
    session: Session, services: Services, scope: Scope, out: BinaryIO, systems: Sequence[str] = tuple(SYSTEMS)
) -> dict[str, int]:
    """The ZIP; returns how many records each section has. `systems` are keys of `SYSTEMS`."""
    pack = Pack(out)
    host, day = services.settings.host, today(services.now())
    with Sheets([SYSTEMS[key] for key in systems]) as sheets:
        counts = write_exchange(pack, _seen(gather(session, services, scope), sheets), host, day)
        sheets.write(pack)
    pack.add("DOC-TRUOC.txt", [_README.encode()])
    pack.finish()
    return counts


def _seen(records: Iterable[Record], sheets: Sheets) -> Iterator[Record]:
    """The records, each shown to the sheets in passing: they are read once."""
    for record in records:
        sheets.put(record)
        yield record
