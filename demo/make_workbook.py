# ruff: noqa: E501 - a table of data, one record a line
"""Makes the demo's workbook, demo/htx-mau.xlsx: three invented cooperatives, all of them marked as samples (mẫu).

    python demo/make_workbook.py                 the workbook kept in the repository, as of 20 November 2026
    python demo/make_workbook.py 2027-03-01 -o x.xlsx    the same world seen from another day

It starts from the very template people download, so the demo also shows that the template works.
"""

import argparse
import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path

from openpyxl import load_workbook

from temthat_trace.importing import template
from temthat_trace.importing.sheets import SHEET

TODAY = dt.date(2026, 11, 20)
OUT = Path(__file__).with_name("htx-mau.xlsx")

Cell = str | int | float | dt.date | dt.datetime
Rows = list[Mapping[str, Cell]]

PARTIES: Rows = [
    {"code": "LMHTX-VN", "kind": "Liên minh HTX Việt Nam", "name": "Liên minh HTX Việt Nam (mẫu)",
     "address": "Phường Yên Hòa, Hà Nội", "hotline": "1900 0000"},
    {"code": "LMHTX-BN", "kind": "Liên minh HTX tỉnh", "name": "Liên minh HTX tỉnh Bắc Ninh (mẫu)",
     "address": "Phường Kinh Bắc, Bắc Ninh", "hotline": "0222 000 000", "alliance": "LMHTX-VN"},
    {"code": "LMHTX-PT", "kind": "Liên minh HTX tỉnh", "name": "Liên minh HTX tỉnh Phú Thọ (mẫu)",
     "address": "Phường Việt Trì, Phú Thọ", "hotline": "0210 000 000", "alliance": "LMHTX-VN"},
    {"code": "LMHTX-LD", "kind": "Liên minh HTX tỉnh", "name": "Liên minh HTX tỉnh Lâm Đồng (mẫu)",
     "address": "Phường Xuân Hương - Đà Lạt, Lâm Đồng", "hotline": "0263 000 000", "alliance": "LMHTX-VN"},
    {"code": "HTX-MATONG", "kind": "Hợp tác xã", "name": "HTX Mật ong Đồng Tiến (mẫu)",
     "address": "Thôn 2, xã Đồng Tiến, huyện Yên Thế, Bắc Giang", "hotline": "0912 000 001",
     "email": "matong@example.vn", "tax_code": "0100000001", "alliance": "LMHTX-BN"},
    {"code": "HTX-TRUNGGA", "kind": "Hợp tác xã", "name": "HTX Gà đồi Lạc Thủy (mẫu)",
     "address": "Thị trấn Ba Hàng Đồi, huyện Lạc Thủy, Hòa Bình", "hotline": "0912 000 002",
     "email": "trungga@example.vn", "tax_code": "0100000002", "alliance": "LMHTX-PT"},
    {"code": "HTX-THANHLONG", "kind": "Hợp tác xã", "name": "HTX Thanh long Hàm Thuận (mẫu)",
     "address": "Xã Hàm Thuận Nam, tỉnh Lâm Đồng", "hotline": "0912 000 003",
     "email": "thanhlong@example.vn", "tax_code": "0100000003", "alliance": "LMHTX-LD"},
]  # fmt: skip

MEMBERS: Rows = [
    {"party": "HTX-MATONG", "code": "TV01", "alias": "Hộ nuôi ong thôn 2", "commune_text": "Xã Xuân Lương"},
    {"party": "HTX-MATONG", "code": "TV02", "alias": "Hộ nuôi ong bản Trại Sông", "commune_text": "Xã Xuân Lương"},
    {"party": "HTX-TRUNGGA", "code": "TV01", "alias": "Trại gà số 1", "commune_text": "Xã Lạc Thủy"},
    {"party": "HTX-TRUNGGA", "code": "TV02", "alias": "Trại gà số 2", "commune_text": "Xã Lạc Thủy"},
    {"party": "HTX-THANHLONG", "code": "TV01", "alias": "Nhóm hộ vườn Đông", "commune_text": "Xã Hàm Thuận Nam"},
    {"party": "HTX-THANHLONG", "code": "TV02", "alias": "Hộ vườn Tây", "commune_text": "Xã Hàm Thuận Nam"},
    {"party": "HTX-THANHLONG", "code": "TV03", "alias": "Hộ vườn bờ suối", "commune_text": "Xã Hàm Thuận Nam"},
]  # fmt: skip

PLOTS: Rows = [
    {"party": "HTX-MATONG", "code": "V01", "name": "Đồi keo thôn 2", "member": "TV01", "area_ha": 12.5,
     "address": "Thôn 2, xã Xuân Lương, Bắc Ninh"},
    {"party": "HTX-TRUNGGA", "code": "TRAI1", "name": "Trại gà đồi số 1", "member": "TV01", "area_ha": 3,
     "address": "Xã Lạc Thủy, Phú Thọ"},
    {"party": "HTX-THANHLONG", "code": "V01", "name": "Vườn Đông", "member": "TV01", "area_ha": 8.4,
     "yield_kg_per_ha": 12000, "seasons_per_year": 2,
     "growing_area_code": "VN-MAU-0001", "address": "Xã Hàm Thuận Nam, tỉnh Lâm Đồng"},
    {"party": "HTX-THANHLONG", "code": "V02", "name": "Vườn Tây", "member": "TV02", "area_ha": 1.2,
     "yield_kg_per_ha": 11000, "seasons_per_year": 2, "address": "Xã Hàm Thuận Nam, tỉnh Lâm Đồng"},
]  # fmt: skip

PRODUCTS: Rows = [
    {"party": "HTX-MATONG", "code": "MATONG", "name": "Mật ong rừng Đồng Tiến", "name_en": "Dong Tien forest honey",
     "group": "Thực phẩm", "base_unit": "lít", "shelf_life_months": 24, "storage": "Nơi khô mát, tránh nắng; kết tinh là tự nhiên.",
     "standard": "TCCS 01:2026/MAU", "description": "Mật ong hoa keo và hoa rừng, quay ly tâm, lọc thô, không pha.",
     "sold_in": "Cửa hàng HTX và siêu thị trong tỉnh"},
    {"party": "HTX-MATONG", "code": "MATONG-THO", "name": "Mật ong chưa lọc", "name_en": "Raw honey", "group": "Thực phẩm",
     "base_unit": "lít", "description": "Mật mới quay, làm nguyên liệu."},
    {"party": "HTX-MATONG", "code": "PHANHOA", "name": "Phấn hoa ong", "name_en": "Bee pollen", "group": "Thực phẩm",
     "base_unit": "kg", "shelf_life_months": 12, "storage": "Ngăn mát tủ lạnh sau khi mở."},
    {"party": "HTX-MATONG", "code": "COMBO-QUA", "name": "Hộp quà mật ong và phấn hoa", "name_en": "Honey and pollen gift box",
     "group": "Thực phẩm", "base_unit": "combo", "shelf_life_months": 12, "storage": "Nơi khô mát."},
    {"party": "HTX-TRUNGGA", "code": "TRUNG-GA", "name": "Trứng gà đồi Lạc Thủy", "name_en": "Lac Thuy free-range eggs",
     "group": "Thực phẩm", "base_unit": "quả", "storage": "Nơi mát dưới 25 độ, hoặc ngăn mát tủ lạnh.",
     "standard": "TCCS 02:2026/MAU", "description": "Gà thả đồi, ăn ngô, thóc và rau; trứng soi và phân loại trước khi xếp khay."},
    {"party": "HTX-THANHLONG", "code": "THANHLONG", "name": "Thanh long ruột đỏ", "name_en": "Red-fleshed dragon fruit",
     "group": "Thực phẩm", "base_unit": "kg", "storage": "Nơi mát 5–10 độ.", "standard": "VietGAP trồng trọt",
     "description": "Trồng theo VietGAP, thu hoạch khi chín 28–30 ngày sau hoa."},
    {"party": "HTX-THANHLONG", "code": "THANHLONG-SAY", "name": "Thanh long sấy dẻo", "name_en": "Soft-dried dragon fruit",
     "group": "Thực phẩm", "base_unit": "kg", "shelf_life_months": 9, "storage": "Nơi khô mát; đóng kín sau khi mở."},
    {"party": "HTX-THANHLONG", "code": "THAMQUAN", "name": "Tham quan vườn thanh long", "name_en": "Dragon fruit farm visit",
     "kind": "Dịch vụ", "group": "Du lịch cộng đồng", "base_unit": "lượt",
     "description": "Nửa ngày trong vườn: hái quả, xem chong đèn ban đêm, ăn cơm nhà vườn."},
]  # fmt: skip

PACK_FORMS: Rows = [
    {"party": "HTX-MATONG", "product": "MATONG", "code": "CHAI500", "name": "Chai 500 ml", "kind": "Gói lẻ", "net_content": 500, "net_unit": "ml"},
    {"party": "HTX-MATONG", "product": "MATONG", "code": "THUNG12", "name": "Thùng 12 chai 500 ml", "kind": "Thùng", "inner": "CHAI500", "holds": 12},
    {"party": "HTX-MATONG", "product": "PHANHOA", "code": "LO100", "name": "Lọ 100 g", "kind": "Gói lẻ", "net_content": 100, "net_unit": "g"},
    {"party": "HTX-MATONG", "product": "COMBO-QUA", "code": "COMBO1", "name": "Hộp 2 chai mật và 1 lọ phấn hoa", "kind": "Combo"},
    {"party": "HTX-TRUNGGA", "product": "TRUNG-GA", "code": "KHAY10", "name": "Khay 10 quả", "kind": "Gói lẻ", "net_content": 10, "net_unit": "quả"},
    {"party": "HTX-TRUNGGA", "product": "TRUNG-GA", "code": "THUNG12", "name": "Thùng 12 khay", "kind": "Thùng", "inner": "KHAY10", "holds": 12},
    {"party": "HTX-THANHLONG", "product": "THANHLONG", "code": "TUI1KG", "name": "Túi lưới 1 kg", "kind": "Gói lẻ", "net_content": 1, "net_unit": "kg"},
    {"party": "HTX-THANHLONG", "product": "THANHLONG-SAY", "code": "GOI100", "name": "Gói 100 g", "kind": "Gói lẻ", "net_content": 100, "net_unit": "g"},
]  # fmt: skip

COMPONENTS: Rows = [
    {"party": "HTX-MATONG", "product": "COMBO-QUA", "form": "COMBO1", "part_product": "MATONG", "part_form": "CHAI500", "quantity": 2},
    {"party": "HTX-MATONG", "product": "COMBO-QUA", "form": "COMBO1", "part_product": "PHANHOA", "part_form": "LO100", "quantity": 1},
]  # fmt: skip


def papers(today: dt.date) -> Rows:
    """One paper of each common kind; one of them has run out, one waits for its confirmation."""

    def ago(days: int) -> dt.date:
        return today - dt.timedelta(days=days)

    return [
        {"party": "HTX-MATONG", "code": "OCOP-MATONG", "kind": "OCOP", "number": "123/QĐ-MAU", "product": "MATONG",
         "authority": "UBND tỉnh (mẫu)", "issued_on": ago(610), "stars": 4},
        {"party": "HTX-MATONG", "code": "ATTP", "kind": "An toàn thực phẩm", "number": "45/2025/ATTP-MAU",
         "authority": "Chi cục Chất lượng nông sản (mẫu)", "issued_on": ago(500), "valid_until": ago(-590)},
        {"party": "HTX-TRUNGGA", "code": "OCOP-TRUNG", "kind": "OCOP", "number": "88/QĐ-MAU", "product": "TRUNG-GA",
         "authority": "UBND tỉnh (mẫu)", "issued_on": ago(1200), "stars": 3},
        {"party": "HTX-TRUNGGA", "code": "VIETGAP-CN", "kind": "VietGAP", "number": "VietGAP-CN-MAU-0001", "product": "TRUNG-GA",
         "authority": "Tổ chức chứng nhận (mẫu)", "issued_on": ago(300), "valid_until": ago(-430)},
        {"party": "HTX-THANHLONG", "code": "VIETGAP-TT", "kind": "VietGAP", "number": "VietGAP-TT-MAU-0002", "product": "THANHLONG",
         "authority": "Tổ chức chứng nhận (mẫu)", "issued_on": ago(200), "valid_until": ago(-530)},
        {"party": "HTX-THANHLONG", "code": "PUC-V01", "kind": "Mã số vùng trồng", "number": "VN-MAU-0001", "product": "THANHLONG",
         "authority": "Cục Trồng trọt (mẫu)", "issued_on": ago(700)},
        {"party": "HTX-THANHLONG", "code": "OCOP-SAY", "kind": "OCOP", "number": "301/QĐ-MAU", "product": "THANHLONG-SAY",
         "authority": "UBND tỉnh (mẫu)", "issued_on": ago(90), "stars": 3},
    ]  # fmt: skip


def lot(today: dt.date, letters: str, days: int) -> str:
    """A lot number from the day it was made: MO261025."""
    return f"{letters}{today - dt.timedelta(days=days):%y%m%d}"


def batches(today: dt.date) -> Rows:
    """Batches of the last weeks, and one of honey whose two years are over."""

    def ago(days: int) -> dt.date:
        return today - dt.timedelta(days=days)

    ong, ga, tl = "HTX-MATONG", "HTX-TRUNGGA", "HTX-THANHLONG"
    return [
        {"party": ong, "product": "MATONG-THO", "lot": lot(today, "THO", 34), "quantity": 90, "made_on": ago(34), "plot": "V01", "member": "TV01"},
        {"party": ong, "product": "MATONG-THO", "lot": lot(today, "THO", 31), "quantity": 60, "made_on": ago(31), "member": "TV02"},
        {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 26), "quantity": 120, "unit": "lít", "made_on": ago(26), "plot": "V01"},
        {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 780), "quantity": 40, "unit": "lít", "made_on": ago(780), "plot": "V01"},
        {"party": ong, "product": "PHANHOA", "lot": lot(today, "PH", 20), "quantity": 25, "unit": "kg", "made_on": ago(20)},
        {"party": ong, "product": "COMBO-QUA", "lot": lot(today, "CB", 10), "quantity": 100, "made_on": ago(10), "expires_on": ago(-345)},
        {"party": ga, "product": "TRUNG-GA", "lot": lot(today, "TG", 8), "quantity": 12000, "made_on": ago(8), "expires_on": "45 ngày", "plot": "TRAI1", "member": "TV01"},
        {"party": ga, "product": "TRUNG-GA", "lot": lot(today, "TG", 2), "quantity": "6.000", "unit": "quả", "made_on": ago(2), "expires_on": "45 ngày", "member": "TV02"},
        {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 23), "quantity": "1,2", "unit": "tấn", "made_on": ago(23), "expires_on": "25 ngày", "plot": "V01"},
        {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 5), "quantity": 800, "unit": "kg", "made_on": ago(5), "expires_on": "25 ngày", "plot": "V01"},
        {"party": tl, "product": "THANHLONG-SAY", "lot": lot(today, "TLS", 15), "quantity": 60, "unit": "kg", "made_on": ago(15)},
    ]  # fmt: skip


def sources(today: dt.date) -> Rows:
    """Filtered honey from two raw lots; dried fruit from a fresh lot; the gift box from honey and pollen."""
    ong, tl = "HTX-MATONG", "HTX-THANHLONG"
    return [
        {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 26), "source_product": "MATONG-THO", "source_lot": lot(today, "THO", 34), "quantity": 80, "unit": "lít"},
        {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 26), "source_product": "MATONG-THO", "source_lot": lot(today, "THO", 31), "quantity": 45, "unit": "lít"},
        {"party": ong, "product": "COMBO-QUA", "lot": lot(today, "CB", 10), "source_product": "MATONG", "source_lot": lot(today, "MO", 26), "quantity": 100, "unit": "lít"},
        {"party": ong, "product": "COMBO-QUA", "lot": lot(today, "CB", 10), "source_product": "PHANHOA", "source_lot": lot(today, "PH", 20), "quantity": 10, "unit": "kg"},
        {"party": tl, "product": "THANHLONG-SAY", "lot": lot(today, "TLS", 15), "source_product": "THANHLONG", "source_lot": lot(today, "TL", 23), "quantity": 650, "unit": "kg"},
    ]  # fmt: skip


def events(today: dt.date) -> Rows:
    """The diary: what was done when, where and by which group."""

    def at(days: int, hour: int, minute: int = 0) -> dt.datetime:
        day = today - dt.timedelta(days=days)
        return dt.datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - cells have no zone

    ong, ga, tl = "HTX-MATONG", "HTX-TRUNGGA", "HTX-THANHLONG"
    raw = {"party": ong, "product": "MATONG-THO"}
    honey = {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 26)}
    box = {"party": ong, "product": "COMBO-QUA", "lot": lot(today, "CB", 10)}
    eggs = {"party": ga, "product": "TRUNG-GA", "lot": lot(today, "TG", 8)}
    fresh_eggs = {"party": ga, "product": "TRUNG-GA", "lot": lot(today, "TG", 2)}
    early = {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 23)}
    fruit = {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 5)}
    dried = {"party": tl, "product": "THANHLONG-SAY", "lot": lot(today, "TLS", 15)}
    # One lot of fertiliser went to two harvests: the recall drill starts from its number.
    manure = {
        "material": "Phân hữu cơ vi sinh Đất Lành (mẫu)",
        "material_lot": "PB-2609-17",
        "material_unit": "kg",
        "supplier": "Cửa hàng vật tư Hàm Thuận (mẫu)",
    }
    jars = {
        "material": "Chai thủy tinh 500 ml",
        "material_lot": "CH-2609A",
        "material_quantity": 240,
        "material_unit": "chai",
        "supplier": "Bao bì Yên Thế (mẫu)",
    }
    feed = {
        "material": "Ngô và thóc nghiền",
        "material_lot": "TA-1109",
        "material_quantity": 1500,
        "material_unit": "kg",
        "supplier": "Đại lý thức ăn Lạc Thủy (mẫu)",
    }
    return [
        {**raw, "lot": lot(today, "THO", 34), "at": at(34, 7, 30), "step": "Thu hoạch", "text": "Quay mật 14 thùng ong ở đồi keo.", "actor": "Tổ nuôi ong thôn 2", "out_quantity": 90},
        {**raw, "lot": lot(today, "THO", 31), "at": at(31, 8), "step": "Thu hoạch", "text": "Quay mật 9 thùng ong ở bản Trại Sông.", "actor": "Tổ nuôi ong Trại Sông", "out_quantity": 60},
        {**honey, "at": at(34, 7, 30), "step": "Thu hoạch", "text": "Quay mật 14 thùng ong ở đồi keo, độ ẩm mật 20,5 %.", "actor": "Tổ nuôi ong thôn 2", "address": "Thôn 2, xã Xuân Lương, Bắc Ninh"},
        {**honey, "at": at(31, 8), "step": "Thu hoạch", "text": "Quay mật 9 thùng ong ở bản Trại Sông.", "actor": "Tổ nuôi ong Trại Sông"},
        {**honey, "at": at(28, 9), "step": "Chế biến", "text": "Lọc qua lưới 0,2 mm, hạ thủy phần ở 40 độ trong 6 giờ.", "actor": "Xưởng HTX", "in_what": "Mật ong chưa lọc", "in_quantity": 125, "out_quantity": 120, "lost_quantity": 5},
        {**honey, "at": at(27, 14), "step": "Kiểm nghiệm", "text": "Mẫu lưu số 26: thủy phần 19 %, không phát hiện kháng sinh theo phiếu của phòng thử nghiệm.", "actor": "Bộ phận chất lượng"},
        {**honey, "at": at(26, 8, 15), "step": "Đóng gói", "text": "Đóng 240 chai 500 ml, dán tem từng chai.", "actor": "Tổ đóng gói", **jars},
        {**box, "at": at(10, 9), "step": "Đóng gói", "text": "Xếp 100 hộp: mỗi hộp 2 chai mật ong và 1 lọ phấn hoa.", "actor": "Tổ đóng gói"},
        {**eggs, "at": at(22, 6), "step": "Chăm sóc", "text": "Cho ăn ngô và thóc nghiền trộn rau, hai bữa mỗi ngày.", "actor": "Trại gà số 1", **feed},
        {**eggs, "at": at(8, 6), "step": "Thu trứng", "text": "Thu từ 6 chuồng, loại 212 quả nứt vỏ.", "actor": "Trại gà số 1", "address": "Xã Lạc Thủy, Phú Thọ", "out_quantity": 12212},
        {**eggs, "at": at(8, 9, 30), "step": "Sơ chế", "text": "Soi, phân loại theo cân, lau khô bằng khăn sạch.", "actor": "Tổ phân loại", "in_what": "Trứng mới thu", "in_quantity": 12212, "out_quantity": 12000, "lost_quantity": 212},
        {**eggs, "at": at(8, 13), "step": "Đóng gói", "text": "Xếp khay 10 quả, mỗi thùng 12 khay.", "actor": "Tổ đóng gói"},
        {**eggs, "at": at(7, 5), "step": "Vận chuyển", "text": "Xe lạnh 18 độ về kho tại Hà Nội.", "actor": "Đội xe HTX", "address": "Xã Đông Anh, Hà Nội"},
        {**fresh_eggs, "at": at(2, 6, 15), "step": "Thu trứng", "text": "Thu từ 3 chuồng, trời mưa, trứng lau khô ngay.", "actor": "Trại gà số 2"},
        {**fresh_eggs, "at": at(2, 10), "step": "Đóng gói", "text": "Xếp khay 10 quả.", "actor": "Tổ đóng gói"},
        {**early, "at": at(78, 8), "step": "Chăm sóc", "text": "Bón phân hữu cơ quanh trụ trước khi chong đèn, lứa nghịch vụ thứ nhất.", "actor": "Nhóm hộ vườn Đông", "plot": "V01", "member": "TV01", **manure, "material_quantity": 1600},
        {**early, "at": at(23, 6), "step": "Thu hoạch", "text": "Hái lứa thứ nhất ở vườn Đông, trời khô.", "actor": "Nhóm hộ vườn Đông", "plot": "V01", "member": "TV01", "out_quantity": 1260, "unit": "kg"},
        {**early, "at": at(23, 13), "step": "Sơ chế", "text": "Phân loại, loại quả nứt và quả nhỏ.", "actor": "Nhà sơ chế HTX", "in_what": "Thanh long mới hái", "in_quantity": 1260, "out_quantity": 1200, "lost_quantity": 60, "unit": "kg"},
        {**fruit, "at": at(60, 17), "step": "Chăm sóc", "text": "Chong đèn đêm cuối cho lứa nghịch vụ; bón phân hữu cơ 5 kg mỗi trụ.", "actor": "Nhóm hộ vườn Đông", "plot": "V01", "member": "TV01", **manure, "material_quantity": 900},
        {**fruit, "at": at(20, 7), "step": "Chăm sóc", "text": "Ngừng phun từ hôm nay, cách ly 15 ngày trước khi hái.", "actor": "Nhóm hộ vườn Đông"},
        {**fruit, "at": at(5, 6, 30), "step": "Thu hoạch", "text": "Hái 840 kg, chọn được 800 kg loại 1.", "actor": "Nhóm hộ vườn Đông", "address": "Xã Hàm Thuận Nam, tỉnh Lâm Đồng"},
        {**fruit, "at": at(5, 10), "step": "Sơ chế", "text": "Chọn loại 1, loại quả nứt vỏ.", "actor": "Nhà sơ chế HTX", "in_what": "Thanh long mới hái", "in_quantity": 840, "out_quantity": 800, "lost_quantity": 40},
        {**fruit, "at": at(5, 15), "step": "Đóng gói", "text": "Rửa, để ráo, cho vào túi lưới 1 kg.", "actor": "Nhà sơ chế HTX"},
        {**dried, "at": at(16, 7), "step": "Sơ chế", "text": "Gọt vỏ 650 kg quả, cắt lát 8 mm.", "actor": "Nhà sơ chế HTX", "in_what": "Thanh long tươi", "in_quantity": 650, "out_quantity": 455, "lost_quantity": 195},
        {**dried, "at": at(15, 16), "step": "Chế biến", "text": "Sấy 55 độ trong 26 giờ, còn 60 kg thành phẩm.", "actor": "Xưởng sấy", "in_what": "Thanh long cắt lát", "in_quantity": 455, "out_quantity": 60, "lost_quantity": 395},
        {**dried, "at": at(14, 9), "step": "Đóng gói", "text": "Đóng gói 100 g, hút chân không.", "actor": "Xưởng sấy"},
    ]  # fmt: skip


def shipments(today: dt.date) -> Rows:
    """Whom the goods went to, so that a recall knows whom to call."""

    def ago(days: int) -> dt.date:
        return today - dt.timedelta(days=days)

    ong, ga, tl = "HTX-MATONG", "HTX-TRUNGGA", "HTX-THANHLONG"
    return [
        {"party": ong, "product": "MATONG", "lot": lot(today, "MO", 26), "at": ago(20), "partner": "Cửa hàng HTX, chợ Mỏ Trạng (mẫu)", "quantity": 15, "unit": "lít"},
        {"party": ga, "product": "TRUNG-GA", "lot": lot(today, "TG", 8), "at": ago(7), "partner": "Kho siêu thị Đông Anh (mẫu)", "quantity": 9000, "unit": "quả"},
        {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 23), "at": ago(22), "partner": "Vựa trái cây Phan Thiết (mẫu)", "quantity": 480, "unit": "kg"},
        {"party": tl, "product": "THANHLONG", "lot": lot(today, "TL", 5), "at": ago(4), "partner": "Siêu thị Bình An (mẫu)", "quantity": 300, "unit": "kg"},
        {"party": tl, "product": "THANHLONG-SAY", "lot": lot(today, "TLS", 15), "at": ago(9), "partner": "Cửa hàng đặc sản Đà Lạt (mẫu)", "quantity": 20, "unit": "kg"},
    ]  # fmt: skip


def slips(today: dt.date) -> Rows:
    """What was bought from which household, and into which lot it went."""

    def ago(days: int) -> dt.date:
        return today - dt.timedelta(days=days)

    fruit = {"party": "HTX-THANHLONG", "product": "THANHLONG", "what": "Thanh long ruột đỏ", "unit": "kg"}
    return [
        {**fruit, "number": "TM-0001", "at": ago(23), "member": "TV01", "plot": "V01", "quantity": 1260, "lot": lot(today, "TL", 23)},
        {**fruit, "number": "TM-0002", "at": ago(5), "member": "TV01", "plot": "V01", "quantity": 520, "lot": lot(today, "TL", 5)},
        {**fruit, "number": "TM-0003", "at": ago(5), "member": "TV02", "plot": "V02", "quantity": 210, "lot": lot(today, "TL", 5)},
        {**fruit, "number": "TM-0004", "at": ago(5), "member": "TV03", "quantity": 110, "lot": lot(today, "TL", 5)},
    ]  # fmt: skip


def make_workbook(today: dt.date = TODAY) -> bytes:
    """The sample world as an XLSX, all its dates counted back from `today`."""
    book = load_workbook(io.BytesIO(template()))
    tables: dict[str, Rows] = {
        "party": [{**p, "is_sample": "Có"} for p in PARTIES],
        "member": MEMBERS,
        "plot": PLOTS,
        "product": PRODUCTS,
        "pack_form": PACK_FORMS,
        "component": COMPONENTS,
        "paper": papers(today),
        "batch": batches(today),
        "source": sources(today),
        "event": events(today),
        "shipment": shipments(today),
        "slip": slips(today),
    }
    for key, rows in tables.items():
        spec = SHEET[key]
        places = {column.key: i for i, column in enumerate(spec.columns, start=1)}
        sheet = book[spec.vi]
        for number, row in enumerate(rows, start=3):
            for name, value in row.items():
                sheet.cell(number, places[name], value)
    # A fixed stamp inside, so that the same day gives the same file.
    book.properties.created = book.properties.modified = dt.datetime(2026, 11, 20)  # noqa: DTZ001
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("today", nargs="?", type=dt.date.fromisoformat, default=TODAY)
    parser.add_argument("-o", "--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    arguments.out.write_bytes(make_workbook(arguments.today))
