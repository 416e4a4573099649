"""The trust data of a database: what it says offline is what was registered and noticed."""

from decimal import Decimal
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.trustfile import TrustData, load_trust, sign_trust
from temthat_stamps.code import Gs1Path, Header, gs1_url, stamp_url
from temthat_stamps.keys import public_bytes
from temthat_stamps.runs.custody import private_stamp_key, run_secret
from temthat_stamps.runs.notices import notify_batch, notify_key, notify_stamps
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.trust import build_trust
from temthat_stamps.signing import RunSecrets, sign_code
from temthat_stamps.verdict import NoticeKind, Word

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop

HOST, ORIGIN = "tem.example.vn", "tem.example.vn/log"


def trust_of(shop: "Shop") -> TrustData:
    """Built, signed, read again: as a scanner has it."""
    operator = Ed25519PrivateKey.generate()
    data = build_trust(shop.session, ORIGIN, [HOST], shop.now)
    read = load_trust(sign_trust(data, operator), public_bytes(operator))
    assert (read.runs.keys(), read.notices.keys()) == (data.runs.keys(), data.notices.keys())
    return read


def text_of(shop: "Shop", run: Run, serial: int = 1) -> str:
    code = sign_code(private_stamp_key(shop.sealer, run.stamp_key), run.run, serial)
    if not run.gs1:
        return stamp_url(HOST, code)
    header = Header(run.stamp_key.hint, run.run, serial)
    number = str(RunSecrets(run_secret(shop.sealer, run)).number(header))
    return gs1_url(HOST, Gs1Path("08938505974194", run.batch.lot, number), code)


def word(shop: "Shop", text: str) -> Word:
    return judge_offline(text, trust_of(shop), shop.now).verdict.word


def test_an_empty_database_covers_nothing(sqlite_shop: "Shop") -> None:
    """No run, no key, no claim."""
    shop = sqlite_shop
    trust = trust_of(shop)
    assert (trust.complete_to_run, trust.runs, trust.keys) == (0, {}, {})


def test_what_was_registered_is_genuine_offline(sqlite_shop: "Shop") -> None:
    """First and last serial, short and GS1 form; who made it is told; the next serial is forged."""
    shop = sqlite_shop
    run, gs1 = shop.run(5), shop.run(5, gs1=True)
    for text in (text_of(shop, run), text_of(shop, run, 5), text_of(shop, gs1, 5)):
        judged = judge_offline(text, trust_of(shop), shop.now)
        assert judged.verdict.word is Word.GENUINE_OFFLINE
        assert judged.issuer is not None
        assert judged.run is not None
        assert (judged.issuer.name, judged.run.product, judged.run.lot) == ("HTX Mẫu", "Mật ong", "L1")
    assert word(shop, text_of(shop, run, 6)) is Word.FORGED


def test_notices_and_activation_are_in_it(shop: "Shop") -> None:
    """Void, recall, revoked key and missing activation have their verdicts without a network."""
    plain, voided, asleep = shop.run(5), shop.run(5), shop.run(5, needs_activation=True)
    recalled = shop.run(5, batch=shop.new_batch("L2", Decimal(10)))
    texts = {
        name: text_of(shop, run) for name, run in zip("pvar", (plain, voided, asleep, recalled), strict=True)
    }
    notice = (shop.session, shop.sealer, ORIGIN)
    notify_stamps(*notice, voided, 1, 2, NoticeKind.VOID, "misprint", shop.coop, shop.now)
    notify_batch(
        *notice, recalled.batch, NoticeKind.RECALL, "contamination", shop.coop, shop.now, second=shop.alliance
    )
    assert [word(shop, texts[name]) for name in "pvar"] == [
        Word.GENUINE_OFFLINE,
        Word.REVOKED,
        Word.NOT_APPLIED,
        Word.RECALLED,
    ]
    asleep.activated_at = shop.now
    assert word(shop, texts["a"]) is Word.GENUINE_OFFLINE
    notify_key(*notice, plain.stamp_key, NoticeKind.REVOCATION, "key_compromised", shop.coop, shop.now)
    assert [word(shop, texts[name]) for name in "pvar"] == [
        Word.REVOKED,
        Word.REVOKED,
        Word.REVOKED,
        Word.RECALLED,
    ]


def test_building_takes_few_queries(sqlite_shop: "Shop") -> None:
    """As many for thirty runs with notices as for three."""
    shop = sqlite_shop

    def queries() -> int:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(shop.engine, "before_cursor_execute", note)
        shop.session.expire_all()
        build_trust(shop.session, ORIGIN, [HOST], shop.now)
        event.remove(shop.engine, "before_cursor_execute", note)
        return len(statements)

    def add(runs: int) -> None:
        for _ in range(runs):
            run = shop.run(1)
            notify_stamps(
                shop.session, shop.sealer, ORIGIN, run, 1, 1, NoticeKind.VOID, "misprint", shop.coop, shop.now
            )
        shop.session.commit()

    add(3)
    few = queries()
    add(27)
    assert queries() == few
