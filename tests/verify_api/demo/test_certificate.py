"""The demo's certificate: what a phone's browser needs to give a page its camera."""

import datetime as dt
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509

from temthat_verify_api.demo.certificate import self_made

NOW = dt.datetime.now(dt.UTC)


def test_it_is_kept_while_it_fits(tmp_path: Path) -> None:
    """A second start shows the phone what it has accepted already; another address or a year later makes a new one."""
    first = self_made(tmp_path, "192.168.1.7", NOW).certificate.read_bytes()
    assert self_made(tmp_path, "192.168.1.7", NOW).certificate.read_bytes() == first
    moved = self_made(tmp_path, "192.168.1.8", NOW).certificate.read_bytes()
    assert moved != first
    late = self_made(tmp_path, "192.168.1.8", NOW + dt.timedelta(days=400)).certificate.read_bytes()
    assert late != moved
    assert (tmp_path / "tls.key").stat().st_mode & 0o077 == 0


def test_it_names_the_address_and_this_machine(tmp_path: Path) -> None:
    """Whoever trusts it can open the demo by any of its names, and by no other."""
    made = self_made(tmp_path, "tem.example.vn", NOW)
    loaded = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["tem.example.vn", "localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A whole handshake without a network; raises what either end finds wrong."""
    left_in, left_out, right_in, right_out = (ssl.MemoryBIO() for _ in range(4))
    ends = [
        server.wrap_bio(left_in, left_out, server_side=True),
        client.wrap_bio(right_in, right_out, server_hostname=name),
    ]
    for _ in range(6):
        for end in list(ends):
            with suppress(ssl.SSLWantReadError):  # the other end has to speak first
                end.do_handshake()
                ends.remove(end)
            left_in.write(right_out.read())
            right_in.write(left_out.read())
    assert not ends


def test_a_browser_that_trusts_it_can_talk(tmp_path: Path) -> None:
    """With this machine by its name, and with nobody who calls himself otherwise."""
    made = self_made(tmp_path, "localhost", NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate, made.key)
    client = ssl.create_default_context(cafile=str(made.certificate))
    shake_hands(server, client, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(server, client, "tem.example.vn")
