"""Words people choose from: each value with its Vietnamese name first, then other spellings and English."""

from collections.abc import Mapping
from typing import Any

from temthat_trace.events import Step
from temthat_trace.papers import PaperKind
from temthat_trace.parties import PartyKind
from temthat_trace.products import PackKind, ProductKind
from temthat_trace.search import fold

PARTY_KINDS: dict[PartyKind, tuple[str, ...]] = {
    PartyKind.NATIONAL_ALLIANCE: (
        "Liên minh HTX Việt Nam",
        "Liên minh Hợp tác xã Việt Nam",
        "National alliance",
    ),
    PartyKind.PROVINCIAL_ALLIANCE: (
        "Liên minh HTX tỉnh",
        "Liên minh Hợp tác xã tỉnh",
        "Liên minh HTX thành phố",
        "Liên minh HTX",
        "Provincial alliance",
    ),
    PartyKind.COOPERATIVE: ("Hợp tác xã", "HTX", "Cooperative"),
    PartyKind.COOPERATIVE_UNION: ("Liên hiệp HTX", "Liên hiệp hợp tác xã", "Cooperative union"),
    PartyKind.COOPERATIVE_GROUP: ("Tổ hợp tác", "THT", "Cooperative group"),
    PartyKind.HOUSEHOLD_BUSINESS: ("Hộ kinh doanh", "Hộ", "Household business", "Household"),
    PartyKind.ENTERPRISE: ("Doanh nghiệp", "Công ty", "Enterprise", "Company"),
    PartyKind.PRINT_HOUSE: ("Nhà in", "Print house"),
    PartyKind.GRANTING_AUTHORITY: ("Cơ quan cấp giấy", "Cơ quan chứng nhận", "Granting authority"),
    PartyKind.INSPECTOR: ("Cơ quan kiểm tra", "Quản lý thị trường", "Inspector"),
    PartyKind.SHOP: ("Cửa hàng", "Shop"),
}

PRODUCT_KINDS: dict[ProductKind, tuple[str, ...]] = {
    ProductKind.GOODS: ("Hàng hóa", "Hàng", "Goods"),
    ProductKind.SERVICE: ("Dịch vụ", "Du lịch", "Service"),
}

PACK_KINDS: dict[PackKind, tuple[str, ...]] = {
    PackKind.ITEM: ("Gói lẻ", "Lẻ", "Đơn vị bán lẻ", "Gói", "Hộp", "Chai", "Túi", "Khay", "Lọ", "Item"),
    PackKind.CASE: ("Thùng", "Kiện", "Lốc", "Case", "Carton"),
    PackKind.COMBO: ("Combo", "Bộ quà", "Giỏ quà"),
}

PAPER_KINDS: dict[PaperKind, tuple[str, ...]] = {
    PaperKind.OCOP: ("OCOP", "Chứng nhận OCOP", "Giấy chứng nhận OCOP"),
    PaperKind.VIETGAP: ("VietGAP", "Chứng nhận VietGAP"),
    PaperKind.GLOBALGAP: ("GlobalGAP", "GLOBALG.A.P."),
    PaperKind.ORGANIC: ("Hữu cơ", "Chứng nhận hữu cơ", "Organic"),
    PaperKind.GROWING_AREA: ("Mã số vùng trồng", "PUC", "Growing area code"),
    PaperKind.PACKING_HOUSE: ("Mã số cơ sở đóng gói", "PHC", "Packing house code"),
    PaperKind.FOOD_SAFETY: ("An toàn thực phẩm", "ATTP", "Đủ điều kiện an toàn thực phẩm", "Food safety"),
    PaperKind.TEST_REPORT: ("Phiếu kiểm nghiệm", "Kết quả kiểm nghiệm", "Test report"),
    PaperKind.OTHER: ("Khác", "Other"),
}

STEPS: dict[Step, tuple[str, ...]] = {
    Step.SOWING: ("Gieo trồng", "Xuống giống", "Gieo", "Thả giống", "Vào giống", "Sowing"),
    Step.CARE: ("Chăm sóc", "Bón phân", "Phun thuốc", "Cho ăn", "Care"),
    Step.HARVEST: ("Thu hoạch", "Thu hái", "Thu trứng", "Harvest"),
    Step.PURCHASE: ("Thu mua", "Nhập nguyên liệu", "Purchase"),
    Step.PRELIMINARY: ("Sơ chế", "Phân loại", "Preliminary"),
    Step.PROCESSING: ("Chế biến", "Sản xuất", "Processing"),
    Step.TESTING: ("Kiểm nghiệm", "Kiểm tra chất lượng", "Testing"),
    Step.PACKING: ("Đóng gói", "Đóng chai", "Đóng hộp", "Packing"),
    Step.STORAGE: ("Bảo quản", "Nhập kho", "Lưu kho", "Storage"),
    Step.TRANSPORT: ("Vận chuyển", "Xuất kho", "Transport"),
    Step.OTHER: ("Khác", "Other"),
}

PRODUCT_GROUPS: dict[str, tuple[str, ...]] = {
    "food": ("Thực phẩm", "Food"),
    "beverage": ("Đồ uống", "Beverage", "Beverages"),
    "herbal": ("Dược liệu", "Dược liệu và sản phẩm từ dược liệu", "Thảo dược", "Herbal"),
    "handicraft": ("Thủ công mỹ nghệ", "Hàng thủ công mỹ nghệ", "Handicraft"),
    "ornamental": ("Sinh vật cảnh", "Ornamental"),
    "tourism": ("Du lịch cộng đồng", "Dịch vụ du lịch", "Du lịch sinh thái", "Tourism"),
}
"""The six groups of OCOP (Decision 148/QĐ-TTg)."""

YES_NO: dict[bool, tuple[str, ...]] = {
    True: ("Có", "x", "1", "Yes", "True", "Mẫu"),
    False: ("Không", "0", "No", "False"),
}


TABLES: dict[str, Mapping[Any, tuple[str, ...]]] = {
    "party_kinds": PARTY_KINDS,
    "product_kinds": PRODUCT_KINDS,
    "pack_kinds": PACK_KINDS,
    "paper_kinds": PAPER_KINDS,
    "steps": STEPS,
    "product_groups": PRODUCT_GROUPS,
    "yes_no": YES_NO,
}


def lookup(choices: Mapping[Any, tuple[str, ...]]) -> dict[str, Any]:
    """Every folded spelling, and the value's own name, to its value."""
    found: dict[str, Any] = {}
    for value, words in choices.items():
        for word in (str(value), *words):
            found.setdefault(fold(word), value)
    return found
