"""A small trusted world on disk: a trust folder and signed stamps, all made by the real code."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from temthat_stamps.bundle.trustfile import (
    TrustData,
    TrustedIssuer,
    TrustedKey,
    TrustedRun,
    sign_trust,
    write_trust,
)
from temthat_stamps.code import stamp_url
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.notice import Notice, stamps_target
from temthat_stamps.signing import sign_code
from temthat_stamps.verdict import NoticeKind

HOST = "qr.temthat.example"


@dataclass(frozen=True)
class World:
    """`folder` holds the trust file; `stamp(run, serial)` is a printed URL, `forge` one by a stranger's key."""

    folder: Path
    stamp: Callable[[int, int], str]
    forge: Callable[[int, int], str]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Run 1 is good with serials 11-20 void, run 2 is out of date; both by one cooperative."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    key, stranger, operator = (Ed25519PrivateKey.generate() for _ in range(3))
    public = public_bytes(key)

    def run(number: int, expires: dt.date) -> TrustedRun:
        return TrustedRun(
            run=number,
            key=key_id(public),
            first=1,
            last=100,
            registered=now - dt.timedelta(days=1),
            issuer="htx",
            batch="b",
            product="Mật ong bạc hà (mẫu)",
            pack_form="Chai 500 ml",
            lot="L01",
            made_on="2026-01-01",
            expires_on=expires,
        )

    void = Notice(stamps_target(1, 11, 20), 1, NoticeKind.VOID, "misprint", now, 1, 11, 20)
    trust = TrustData(
        origin="test",
        as_of=now,
        hosts=frozenset({HOST}),
        complete_to_run=2,
        issuers={"htx": TrustedIssuer("htx", "HTX Mẫu", "24", "1900 0000")},
        keys={
            key_id(public): TrustedKey(public, "htx", now - dt.timedelta(days=2), now + dt.timedelta(days=20))
        },
        runs={1: run(1, dt.date(2100, 1, 1)), 2: run(2, dt.date(2020, 1, 1))},
        notices={1: (void,)},
    )
    folder = tmp_path / "trust"
    write_trust(folder, sign_trust(trust, operator), public_bytes(operator))
    return World(
        folder,
        lambda r, s: stamp_url(HOST, sign_code(key, r, s)),
        lambda r, s: stamp_url(HOST, sign_code(stranger, r, s)),
    )


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Writes a PNG holding the QR codes of some texts side by side."""

    def write(name: str, *texts: str) -> Path:
        canvas = Image.new("L", (max(1, len(texts)) * 300, 300), 255)
        for place, text in enumerate(texts):
            code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
            symbol = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4, add_quiet_zones=True))
            canvas.paste(symbol, (place * 300 + 20, 20))
        path = tmp_path / name
        canvas.save(path)
        return path

    return write
