"""From the bytes that were handed in to a raw workbook: what kind of file each is goes by its content."""

from collections.abc import Mapping

from temthat_trace.importing.archive import Archive, locked, too_large
from temthat_trace.importing.csvs import read_csv
from temthat_trace.importing.raw import LIMITS, Limits, RawSheet, RawWorkbook
from temthat_trace.importing.report import WorkbookRefused
from temthat_trace.importing.xlsx import read_xlsx

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHER = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
    b"<!DO": "HTML",
    b"<htm": "HTML",
    b"<HTM": "HTML",
    b"<?xm": "XML",
}


def read_workbook(files: Mapping[str, bytes], limits: Limits = LIMITS) -> RawWorkbook:
    """All sheets of one XLSX, of several CSV files, or of a zip of CSV files; file names to their bytes.

    Raises WorkbookRefused, which names the file when there are several, for anything that cannot be read safely: not
    a spreadsheet, an old .xls, a password, damaged, too large, dangerous.
    """
    if sum(map(len, files.values())) > limits.file_bytes:
        raise too_large()
    sheets: list[RawSheet] = []
    for name, data in files.items():
        try:
            sheets += _read_file(name, data, limits)
        except WorkbookRefused as e:
            if len(files) == 1:
                raise
            raise WorkbookRefused(f"{name}: {e.reason_vi}", f"{name}: {e.reason_en}") from None
    if sum(len(s.rows) for s in sheets) > limits.rows:
        raise too_large()
    if not any(s.rows for s in sheets):
        raise WorkbookRefused("Tệp không có dòng nào.", "The file has no rows.")
    return RawWorkbook(sheets)


def _read_file(name: str, data: bytes, limits: Limits) -> list[RawSheet]:
    if data.startswith(_ZIP):
        return _read_zip(Archive(data, limits), limits)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise locked()
        raise WorkbookRefused(
            "Tệp .xls đời cũ. Hãy mở bằng Excel, chọn Lưu thành (Save As), kiểu Excel Workbook (.xlsx).",
            "An old .xls file. Open it in Excel and save it as Excel Workbook (.xlsx).",
        )
    for magic, kind in _OTHER.items():
        if data.startswith(magic):
            raise _not_a_sheet(kind)
    if not data.strip():
        raise WorkbookRefused("Tệp rỗng.", "The file is empty.")
    return [read_csv(data, _stem(name), limits)]


def _read_zip(archive: Archive, limits: Limits) -> list[RawSheet]:
    names = set(archive.names)
    if "[Content_Types].xml" in names:
        if any(n.startswith("xl/") and n.endswith(".bin") and "workbook" in n for n in names):
            raise _not_a_sheet(".xlsb")
        if not any(n.startswith("xl/") or "workbook" in n for n in names):
            raise _not_a_sheet("Word / PowerPoint")
        return read_xlsx(archive, limits)
    if "mimetype" in names and "content.xml" in names:
        raise _not_a_sheet("OpenDocument")
    return _read_csvs(archive, limits)


def _read_csvs(archive: Archive, limits: Limits) -> list[RawSheet]:
    sheets = []
    for name in archive.names:
        base = name.replace("\\", "/").rpartition("/")[2]
        if name.startswith("__MACOSX") or base.startswith("."):
            continue
        data = archive.read(name)
        if data.startswith((*_ZIP, _OLE)):
            raise WorkbookRefused(
                "Tệp zip chỉ được chứa các tệp CSV. Tệp .xlsx hãy gửi thẳng, không nén.",
                "A zip may hold CSV files only. Send an .xlsx as it is.",
            )
        if data.strip():
            sheets += _read_file(base, data, limits)
    return sheets


def _stem(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    return base.rpartition(".")[0] or base


def _not_a_sheet(kind: str) -> WorkbookRefused:
    return WorkbookRefused(
        f"Đây là tệp {kind}, không phải bảng tính đọc được. Hãy lưu thành .xlsx hoặc CSV UTF-8 rồi gửi lại.",
        f"This is a {kind} file, not a readable spreadsheet. Save it as .xlsx or CSV UTF-8.",
    )
