"""What can be wrong with an entry of the log: a code, whose fault it is, and words.

An audit never stops at a finding. Unless it `stands`, the entry it speaks of counts for nothing: no bundle holds it and
no later entry may build on it.
"""

from dataclasses import dataclass
from enum import StrEnum

from temthat_stamps.errors import Fault, StampError


class FindingCode(StrEnum):
    """What is wrong. Programs compare these; people read the words beside them."""

    UNREADABLE = "unreadable"
    NOT_OPENED = "not_opened"
    OPENED_TWICE = "opened_twice"
    FOREIGN_ORIGIN = "foreign_origin"
    UNKNOWN_SIGNER = "unknown_signer"
    BAD_SIGNATURE = "bad_signature"
    KEY_NOT_VALID = "key_not_valid"
    WRONG_ISSUER = "wrong_issuer"
    NOT_A_PRODUCER = "not_a_producer"
    NOT_THE_OPERATOR = "not_the_operator"
    BACK_DATED = "back_dated"
    POST_DATED = "post_dated"
    BACKFILL_LATE = "backfill_late"
    BACKFILL_UNVOUCHED = "backfill_unvouched"
    TRUST_MISSING = "trust_missing"
    TRUST_REFUSED = "trust_refused"
    LOG_KEY_DIFFERS = "log_key_differs"
    KEY_TAKEN = "key_taken"
    HINT_TAKEN = "hint_taken"
    WEAK_KEY = "weak_key"
    KEY_PERIOD = "key_period"
    UNKNOWN_KEY = "unknown_key"
    KEY_CLOSED = "key_closed"
    KEY_STILL_OPEN = "key_still_open"
    OUTSIDE_KEY_PERIOD = "outside_key_period"
    RUN_TAKEN = "run_taken"
    RUN_OUT_OF_ORDER = "run_out_of_order"
    RUN_FAR_AHEAD = "run_far_ahead"
    BLOCK_OF_ANOTHER = "block_of_another"
    BLOCK_TAKEN = "block_taken"
    BATCH_OF_ANOTHER = "batch_of_another"
    SOURCES_OUT_OF_ORDER = "sources_out_of_order"
    SOURCES_LATE = "sources_late"
    SOURCES_INCOMPLETE = "sources_incomplete"
    PACKS_MISSING = "packs_missing"
    GTIN_MISSING = "gtin_missing"
    OVER_ISSUE = "over_issue"
    REPLACES_UNKNOWN = "replaces_unknown"
    REPLACES_STANDING = "replaces_standing"
    REPLACED_TWICE = "replaced_twice"
    UNKNOWN_RUN = "unknown_run"
    NOT_WAITING = "not_waiting"
    UNKNOWN_TARGET = "unknown_target"
    TARGET_OF_ANOTHER = "target_of_another"
    NOTICE_NUMBER = "notice_number"
    SECOND_SIGNER = "second_signer"
    NOTHING_TO_LIFT = "nothing_to_lift"
    BUNDLE_RANGE = "bundle_range"
    BUNDLE_DIFFERS = "bundle_differs"
    BUNDLE_MISSING = "bundle_missing"
    BUNDLE_UNLOGGED = "bundle_unlogged"
    WITNESSES_MISSING = "witnesses_missing"


_WORDS: dict[FindingCode, tuple[Fault, str, str]] = {
    FindingCode.UNREADABLE: (
        Fault.OPERATOR,
        "Mục này không đọc được: {why}.",
        "This entry cannot be read: {why}.",
    ),
    FindingCode.NOT_OPENED: (
        Fault.OPERATOR,
        "Sổ không bắt đầu bằng văn bản mở sổ, nên không văn bản nào được tính.",
        "The log does not begin with its opening, so that nothing in it counts.",
    ),
    FindingCode.OPENED_TWICE: (
        Fault.OPERATOR,
        "Sổ được mở lần thứ hai.",
        "The log is opened a second time.",
    ),
    FindingCode.FOREIGN_ORIGIN: (
        Fault.OPERATOR,
        "Văn bản thuộc sổ khác: “{origin}”.",
        "The statement belongs to another log: “{origin}”.",
    ),
    FindingCode.UNKNOWN_SIGNER: (
        Fault.OPERATOR,
        "Không khóa nào được giao quyền đã ký văn bản này.",
        "No key that is delegated to signed this statement.",
    ),
    FindingCode.BAD_SIGNATURE: (
        Fault.OPERATOR,
        "Chữ ký mang tên khóa {key} không phải của khóa đó.",
        "The signature under the name of key {key} is not by that key.",
    ),
    FindingCode.KEY_NOT_VALID: (
        Fault.ISSUER,
        "Khóa {key} không có hiệu lực cho văn bản này: {vi}",
        "Key {key} does not count for this statement: {en}",
    ),
    FindingCode.WRONG_ISSUER: (
        Fault.ISSUER,
        "Văn bản đứng tên {issuer} nhưng do {signer} ký.",
        "The statement is in the name of {issuer} but signed by {signer}.",
    ),
    FindingCode.NOT_A_PRODUCER: (
        Fault.ISSUER,
        "{issuer} không phải đơn vị sản xuất nên không được phát hành tem.",
        "{issuer} is no producer and issues no stamps.",
    ),
    FindingCode.NOT_THE_OPERATOR: (
        Fault.OPERATOR,
        "Văn bản loại này chỉ do khóa của nhà vận hành ký.",
        "Only the operator's key may state this.",
    ),
    FindingCode.BACK_DATED: (
        Fault.ISSUER,
        "Văn bản ghi {at}, sớm hơn quá 7 ngày so với {log_time} đã có trong sổ.",
        "The statement is dated {at}, more than 7 days before {log_time}, which the log had reached.",
    ),
    FindingCode.POST_DATED: (
        Fault.CLOCK,
        "Văn bản ghi {at}, muộn hơn đồng hồ của máy đang đọc.",
        "The statement is dated {at}, later than the clock of who reads it.",
    ),
    FindingCode.BACKFILL_LATE: (
        Fault.OPERATOR,
        "Văn bản được ghi bù nhưng đề {at}, sau khi mở sổ.",
        "The statement is back-filled but dated {at}, after the log was opened.",
    ),
    FindingCode.BACKFILL_UNVOUCHED: (
        Fault.OPERATOR,
        "Văn bản ghi bù do khóa {key} ký, chưa liên minh nào giao quyền cho khóa này; chỉ có lời của nhà vận hành.",
        "A back-filled statement by key {key}, which no alliance delegated to; there is only the operator's word.",
    ),
    FindingCode.TRUST_MISSING: (
        Fault.STORE,
        "Không có tệp tin cậy “{name}” phiên bản {version}: {why}.",
        "The trust file “{name}” version {version} is not at hand: {why}.",
    ),
    FindingCode.TRUST_REFUSED: (
        Fault.OPERATOR,
        "Việc giao quyền không được nhận: {vi}",
        "The delegation is not accepted: {en}",
    ),
    FindingCode.LOG_KEY_DIFFERS: (
        Fault.OPERATOR,
        "Liên minh ghi khóa của sổ là {theirs}, khác với khóa đang dùng để đọc.",
        "The alliance names {theirs} as the log's key, which is not the one this log was read with.",
    ),
    FindingCode.KEY_TAKEN: (
        Fault.ISSUER,
        "Khóa {key} đã được biết trước đó nên không được nhận lại.",
        "Key {key} was known before and is not accepted again.",
    ),
    FindingCode.HINT_TAKEN: (
        Fault.ISSUER,
        "Một khóa tem khác đã dùng mã gợi ý {hint}.",
        "Another stamp key has the hint {hint}.",
    ),
    FindingCode.WEAK_KEY: (
        Fault.ISSUER,
        "Khóa {key} là khóa yếu, không chữ ký nào của nó được chấp nhận.",
        "Key {key} is weak: no signature by it is ever accepted.",
    ),
    FindingCode.KEY_PERIOD: (
        Fault.ISSUER,
        "Khóa tem mở từ {opens} đến {closes}: phải từ 1 giây đến 31 ngày, trong cùng một tháng (giờ UTC).",
        "The stamp key is open from {opens} to {closes}: it lives 31 days at most, within one month (UTC).",
    ),
    FindingCode.UNKNOWN_KEY: (
        Fault.ISSUER,
        "Khóa tem {key} chưa được đơn vị này công bố.",
        "Stamp key {key} was not announced by this issuer.",
    ),
    FindingCode.KEY_CLOSED: (
        Fault.ISSUER,
        "Khóa tem {key} đã đóng hoặc bị thu hồi.",
        "Stamp key {key} is closed or revoked.",
    ),
    FindingCode.KEY_STILL_OPEN: (
        Fault.OPERATOR,
        "Nhà vận hành chỉ được đóng khóa tem đã hết hạn; khóa {key} còn mở đến {closes}.",
        "The operator closes stamp keys whose time is over; key {key} is open until {closes}.",
    ),
    FindingCode.OUTSIDE_KEY_PERIOD: (
        Fault.ISSUER,
        "Đợt in {run} đăng ký lúc {at}, ngoài thời gian mở của khóa tem.",
        "Run {run} is registered at {at}, outside its stamp key's period.",
    ),
    FindingCode.RUN_TAKEN: (
        Fault.ISSUER,
        "Đợt in {run} đã được đăng ký ở mục {before}; bản đầu tiên có hiệu lực.",
        "Run {run} was registered by entry {before}; the first stands.",
    ),
    FindingCode.RUN_OUT_OF_ORDER: (
        Fault.OPERATOR,
        "Đợt in {run} có số nhỏ hơn đợt {highest} đã có trong sổ mà không thuộc dãy số để dành.",
        "Run {run} has a lower number than run {highest} before it and is in no reserved block.",
    ),
    FindingCode.RUN_FAR_AHEAD: (
        Fault.OPERATOR,
        "Số đợt in {run} vượt quá xa số {highest} đã cấp; nhận số này là bỏ phí mọi số ở giữa.",
        "Run number {run} is far beyond {highest}, the highest given: all numbers between would be wasted.",
    ),
    FindingCode.BLOCK_OF_ANOTHER: (
        Fault.ISSUER,
        "Đợt in {run} nằm trong dãy số để dành cho {owner}.",
        "Run {run} is in a block reserved for {owner}.",
    ),
    FindingCode.BLOCK_TAKEN: (
        Fault.OPERATOR,
        "Dãy số {first}–{last} đã có số được dùng hoặc để dành.",
        "Of the numbers {first} to {last} some are used or reserved.",
    ),
    FindingCode.BATCH_OF_ANOTHER: (
        Fault.ISSUER,
        "Lô {batch} là của {owner}.",
        "Batch {batch} is of {owner}.",
    ),
    FindingCode.SOURCES_OUT_OF_ORDER: (
        Fault.ISSUER,
        "Nguồn của lô {batch}: phần {part}/{parts} không nối tiếp phần trước.",
        "Sources of batch {batch}: part {part} of {parts} does not follow the one before.",
    ),
    FindingCode.SOURCES_LATE: (
        Fault.ISSUER,
        "Nguồn của lô {batch} được khai sau khi đã in tem cho lô.",
        "The sources of batch {batch} are stated after its first run.",
    ),
    FindingCode.SOURCES_INCOMPLETE: (
        Fault.ISSUER,
        "Lô {batch} mới khai {part}/{parts} phần nguồn, chưa được in tem.",
        "Of the sources of batch {batch} only {part} of {parts} parts are stated: no run yet.",
    ),
    FindingCode.PACKS_MISSING: (
        Fault.ISSUER,
        "Đợt in {run} không ghi lô đóng được bao nhiêu gói.",
        "Run {run} does not say how many packs the batch fills.",
    ),
    FindingCode.GTIN_MISSING: (
        Fault.ISSUER,
        "Đợt in {run} là tem dạng GS1 mà không có GTIN.",
        "Run {run} has stamps in GS1 form and no GTIN.",
    ),
    FindingCode.OVER_ISSUE: (
        Fault.ISSUER,
        "Đợt in {run}: lô {batch} đóng được {packs} gói, thêm 2 % hao hụt là {allowed} tem, nhưng nay đã có {issued} "
        "tem mà không nêu lý do.",
        "Run {run}: batch {batch} fills {packs} packs, with 2 % overage {allowed} stamps, yet {issued} are issued now "
        "and no reason is given.",
    ),
    FindingCode.REPLACES_UNKNOWN: (
        Fault.ISSUER,
        "Đợt in {run} thay cho tem không có, hoặc không cùng đơn vị, lô và quy cách (đợt {old}).",
        "Run {run} replaces stamps that do not exist or are not of the same issuer, batch and pack form (run {old}).",
    ),
    FindingCode.REPLACES_STANDING: (
        Fault.ISSUER,
        "Đợt in {run} thay cho tem của đợt {old} chưa bị hủy hết.",
        "Run {run} replaces stamps of run {old} that are not all void.",
    ),
    FindingCode.REPLACED_TWICE: (
        Fault.ISSUER,
        "Đợt in {run} thay cho tem của đợt {old} đã được thay một lần.",
        "Run {run} replaces stamps of run {old} that were replaced before.",
    ),
    FindingCode.UNKNOWN_RUN: (
        Fault.ISSUER,
        "Đơn vị này không có đợt in {run} trong sổ.",
        "This issuer has no run {run} in the log.",
    ),
    FindingCode.NOT_WAITING: (
        Fault.ISSUER,
        "Đợt in {run} không chờ kích hoạt.",
        "Run {run} does not wait to be activated.",
    ),
    FindingCode.UNKNOWN_TARGET: (
        Fault.ISSUER,
        "Thông báo nói về {target}, không có trong sổ.",
        "The notice is about {target}, which is not in the log.",
    ),
    FindingCode.TARGET_OF_ANOTHER: (
        Fault.ISSUER,
        "Thông báo về {target} không do đơn vị phát hành hay cấp trên của đơn vị đó ký.",
        "The notice on {target} is signed neither by its issuer nor by who looks after that issuer.",
    ),
    FindingCode.NOTICE_NUMBER: (
        Fault.ISSUER,
        "Thông báo về {target} mang số {number}, số tiếp theo phải là {next}.",
        "The notice on {target} has number {number} where {next} comes next.",
    ),
    FindingCode.SECOND_SIGNER: (
        Fault.ISSUER,
        "Thông báo “{kind}” về {target} cần liên minh hoặc cơ quan của tỉnh cùng ký.",
        "The notice “{kind}” on {target} needs the province's alliance or authority to sign.",
    ),
    FindingCode.NOTHING_TO_LIFT: (
        Fault.ISSUER,
        "Không có thông báo nào về {target} để gỡ.",
        "There is no notice on {target} to lift.",
    ),
    FindingCode.BUNDLE_RANGE: (
        Fault.OPERATOR,
        "Gói dữ liệu nói về {size} mục và đến đợt in {run}, điều mà sổ lúc đó không có.",
        "The bundle speaks of {size} entries and runs up to {run}, which the log did not hold then.",
    ),
    FindingCode.BUNDLE_DIFFERS: (
        Fault.OPERATOR,
        "Gói dữ liệu đã công bố khác với gói dựng lại từ sổ: {name}.",
        "The bundle published differs from the one rebuilt from the log: {name}.",
    ),
    FindingCode.BUNDLE_MISSING: (
        Fault.STORE,
        "Không đọc được tệp của gói dữ liệu: {name}.",
        "A file of the bundle cannot be read: {name}.",
    ),
    FindingCode.BUNDLE_UNLOGGED: (
        Fault.OPERATOR,
        "Gói dữ liệu đã công bố ({name}) chưa được ghi vào sổ.",
        "The bundle published ({name}) is not stated in the log.",
    ),
    FindingCode.WITNESSES_MISSING: (
        Fault.OPERATOR,
        "Mốc sổ thiếu bên chứng kiến được yêu cầu: {vi}",
        "The checkpoint lacks witnesses that it needs: {en}",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with entry `index`, or with the log as a whole (None). `stands`: the entry counts all the same."""

    index: int | None
    fault: Fault
    code: FindingCode
    vi: str
    en: str
    stands: bool = False


class Breach(StampError):
    """A rule of the log is broken: what the rules raise, and what becomes a `Finding`."""

    def __init__(self, code: FindingCode, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def finding(self, index: int | None, *, stands: bool = False) -> Finding:
        """The same, of an entry or of the whole log."""
        fault, vi, en = _WORDS[self.code]
        return Finding(index, fault, self.code, vi.format(**self.details), en.format(**self.details), stands)
