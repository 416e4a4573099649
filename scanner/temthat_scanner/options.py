"""The options of `temthat scan`, with their help, in the groups that the help shows."""

from pathlib import Path
from typing import Annotated

import typer

from temthat_scanner.selling import Mark
from temthat_stamps.verdict import Asker

_TRUST = "Dữ liệu tin cậy / trust data"
_SERVICE = "Máy chủ / the service"
_SELLING = "Bán hàng / selling"
_TILL = "Ở quầy / at a till"

Paths = Annotated[
    list[str] | None, typer.Argument(help="Ảnh hoặc thư mục; “-” hoặc bỏ trống: đọc từ bàn phím.")
]
JsonLines = Annotated[bool, typer.Option("--json", help="Mỗi mã một dòng JSON. A JSON line per symbol.")]

Trust = Annotated[
    Path | None,
    typer.Option(help="Tệp hoặc thư mục dữ liệu tin cậy (không cần mạng).", rich_help_panel=_TRUST),
]
Update = Annotated[
    str | None,
    typer.Option(
        help="Cập nhật thư mục --trust trước, từ địa chỉ máy chủ, USB hoặc tệp, rồi mỗi giờ. "
        "Update it first, from there, then each hour.",
        rich_help_panel=_TRUST,
    ),
]
Province = Annotated[
    list[str] | None,
    typer.Option(
        help="Chỉ lấy dữ liệu của tỉnh này (lặp lại được). Only this province's data.", rich_help_panel=_TRUST
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        help="Tệp root.json nhận từ người tin cậy. A root of trust got by hand.", rich_help_panel=_TRUST
    ),
]

Server = Annotated[
    str | None, typer.Option(help="Địa chỉ máy chủ, ví dụ https://tem.example.vn", rich_help_panel=_SERVICE)
]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="TEMTHAT_API_KEY", help="Khóa API của quầy / cán bộ.", rich_help_panel=_SERVICE),
]
Kind = Annotated[Asker, typer.Option(help="Ai hỏi. Who asks.", rich_help_panel=_SERVICE)]
Place = Annotated[
    str | None, typer.Option(help="Mã tỉnh hai chữ số. Two-digit province code.", rich_help_panel=_SERVICE)
]

Marking = Annotated[
    Mark | None,
    typer.Option(
        help="Ghi từng tem quét được: đã bán, khách trả, hỏng, đã dán. Tell it too.", rich_help_panel=_SELLING
    ),
]
QueueFile = Annotated[
    Path | None,
    typer.Option(
        help="Tệp cất những gì chưa gửi được (mặc định: queue.db trong thư mục --trust).",
        rich_help_panel=_SELLING,
    ),
]
ShowWaiting = Annotated[
    bool,
    typer.Option(
        "--waiting",
        help="Gửi rồi cho xem những gì còn chờ. Send, then show what waits.",
        rich_help_panel=_SELLING,
    ),
]
Forget = Annotated[
    str | None,
    typer.Option(
        help="Bỏ một mục theo id, do người quyết định. Drop one of --waiting.", rich_help_panel=_SELLING
    ),
]

WholeScreen = Annotated[
    bool,
    typer.Option(
        "--till",
        help="Kết quả chiếm cả màn hình, có tiếng bíp. Full screen, with a beep.",
        rich_help_panel=_TILL,
    ),
]
Serial = Annotated[
    str | None,
    typer.Option(
        help="Máy quét ở cổng nối tiếp, ví dụ /dev/ttyACM0 hoặc /dev/ttyUSB0:115200. A serial port.",
        rich_help_panel=_TILL,
    ),
]
Camera = Annotated[
    str | None,
    typer.Option(
        help="Máy ảnh: 0, /dev/video0, rtsp://…, http://…, hoặc tệp phim. A camera, a stream or a film.",
        rich_help_panel=_TILL,
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        help="Trả lời phần mềm bán hàng ở cổng này của máy (127.0.0.1). Answer software at this port.",
        rich_help_panel=_TILL,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="Tệp mã truy cập của --listen (mặc định: pos.token cạnh tệp hàng chờ). Its token's file.",
        rich_help_panel=_TILL,
    ),
]
