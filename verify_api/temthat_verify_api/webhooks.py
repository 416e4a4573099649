"""One delivery to somebody else's address: where it may go, how it is signed, what counts as received.

The address comes from outside, so it must not lead inside: only HTTPS to public addresses, the name looked up once and
that very address connected to, no redirects, little time. A demo may use plain HTTP and its own machine.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import ssl
from dataclasses import dataclass

import httpx

LONGEST_URL = 2_000
SECONDS = 15.0
"""From connecting to the status line; how long a name is looked up is the system's resolver's matter."""
SIGNATURE = "GS1-Signature"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UndeliverableError(Exception):
    """It could not be delivered, or may not be; says why in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was looked at: its URL, and whether it may lie in a private network."""

    url: httpx.URL
    may_be_private: bool


def read_target(text: object, *, is_demo: bool) -> Target:
    """The target of a URL, by its looks. Raises UndeliverableError."""
    if not isinstance(text, str) or len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise _not_a_url()
    try:
        url = httpx.URL(text)
        host = url.host  # decodes what begins with xn--
    except (httpx.InvalidURL, UnicodeError):
        raise _not_a_url() from None
    schemes = ("https", "http") if is_demo else ("https",)
    if url.scheme not in schemes or not host or url.userinfo or url.fragment:
        raise _not_a_url()
    if url.port is not None and not 0 < url.port < 1 << 16:
        raise _not_a_url()
    if not is_demo and _literal(host) is not None:
        _require_public([host])
    return Target(url, is_demo)


def _not_a_url() -> UndeliverableError:
    return UndeliverableError(
        "dest phải là địa chỉ https://… công khai, không có tên đăng nhập và không có phần #.",
        "dest must be a public https://… address without user name and without #.",
    )


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """What the receiver checks: `t=SECONDS,v1=HEX` with HMAC-SHA256 over "SECONDS." and the body."""
    mac = hmac.new(secret, b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={mac}"


def send(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """POST the body; the status of the answer. Raises UndeliverableError when there is none in time."""
    address = _address(target)
    try:
        return asyncio.run(_post(target.url, address, body, headers))
    except TimeoutError:
        raise UndeliverableError(
            f"Bên nhận không trả lời trong {SECONDS:.0f} giây.", f"No answer within {SECONDS:.0f} seconds."
        ) from None
    except (httpx.HTTPError, OSError, UnicodeError) as error:
        kind = type(error).__name__
        raise UndeliverableError(
            f"Không gửi được tới bên nhận ({kind}).", f"The receiver cannot be reached ({kind})."
        ) from error


async def _post(url: httpx.URL, address: str, body: bytes, headers: dict[str, str]) -> int:
    at = f"[{address}]" if ":" in address else address
    port = "" if url.port is None else f":{url.port}"
    host = f"[{url.host}]" if ":" in url.host else url.host
    # To the address that was looked at, whatever the name leads to by now; TLS still wants the name's certificate.
    request = httpx.Request(
        "POST",
        url.copy_with(host=at),
        headers={**headers, "Host": f"{host}{port}", "User-Agent": "TemThat"},
        content=body,
        extensions={"sni_hostname": url.host},
    )
    async with asyncio.timeout(SECONDS):
        async with httpx.AsyncClient(
            verify=tls_context(), timeout=SECONDS, follow_redirects=False, trust_env=False
        ) as client:
            answer = await client.send(request, stream=True)
            await answer.aclose()  # its body is of no interest, however long
            return answer.status_code


def tls_context() -> ssl.SSLContext:
    """Which certificates are believed: those of the usual authorities, for the name in the URL."""
    return httpx.create_ssl_context(trust_env=False)


def _address(target: Target) -> str:
    """The address of the target's name. Raises UndeliverableError when there is none, or one that is not public."""
    url = target.url
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UndeliverableError(
            f"Không tìm thấy máy chủ {url.host[:80]}.", f"There is no server {url.host[:80]}."
        ) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not target.may_be_private:
        _require_public(addresses)
    return addresses[0]


def _require_public(addresses: list[str]) -> None:
    for text in addresses:
        address = _literal(text)
        if address is None or not _is_public(address):
            raise UndeliverableError(
                "dest dẫn vào mạng nội bộ; chỉ gửi tới địa chỉ công khai.",
                "dest leads into a private network; only public addresses are delivered to.",
            )


def _literal(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return _is_public(inner)
        if address in _NAT64 or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast
