"""What one stamp says: the values another part of stamps hands over to be put on paper."""

import re
from dataclasses import dataclass

from temthat_stamps.number import ALPHABET
from temthat_stamps.printing.errors import PrintRefused

PHRASE = "Tem truy xuất"
"""What a stamp may call itself. Anti-counterfeit stamps are licensed print-house work: never those words here."""

_NUMBER = re.compile(f"[{ALPHABET}]{{16}}")
_GROUPED = re.compile(f"(?:[{ALPHABET}]{{4}} ){{3}}[{ALPHABET}]{{4}}")


@dataclass(frozen=True, slots=True)
class Label:
    """One stamp to print.

    `url`: what the QR code says. `number`: the printed number, with or without blanks. `lines`: product, lot, dates,
    the most important first; those that do not fit are left out. `pin`: never drawn, only `listing.write_pins`
    gives it to a print house that covers it with a scratch film.
    """

    url: str
    number: str
    serial: int
    lines: tuple[str, ...] = ()
    pin: str | None = None

    @property
    def grouped_number(self) -> str:
        """Four groups of four, as on paper. Raises `PrintRefused` if it is no printed number."""
        if _GROUPED.fullmatch(self.number):
            return self.number
        bare = self.number.replace(" ", "").replace("-", "")
        if not _NUMBER.fullmatch(bare):
            raise PrintRefused(
                f"Số tem “{self.number}” (tem thứ {self.serial}) không đúng dạng 16 ký tự.",
                f"Printed number “{self.number}” (serial {self.serial}) is not 16 characters of its alphabet.",
            )
        return " ".join(bare[i : i + 4] for i in range(0, 16, 4))


def check_host(label: Label, host: str) -> None:
    """The host in words must be the host in the code, or the words mislead. Raises `PrintRefused`."""
    address = label.url.upper()
    if not address.startswith((f"HTTPS://{host.upper()}/", f"HTTP://{host.upper()}/")):
        raise PrintRefused(
            f"Tem thứ {label.serial}: mã QR không trỏ tới {host} như chữ in bên cạnh.",
            f"Serial {label.serial}: the QR code does not lead to {host}, the address printed beside it.",
        )
