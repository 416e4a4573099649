"""A self-made certificate for the demo, so that a phone in the same network gives the page its camera.

Browsers allow the camera on https addresses only. The phone warns once, because nobody vouches for this certificate:
it is for trying out, never for production.
"""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_LIFE = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where key and certificate lie (PEM)."""

    key: Path
    certificate: Path


def self_made(folder: Path, host: str, now: dt.datetime) -> Certificate:
    """The folder's certificate for this host (name or address, without port) and localhost; made where none fits."""
    found = Certificate(folder / "tls.key", folder / "tls.crt")
    if not _fits(found, host, now):
        _make(found, host, now)
    return found


def _fits(found: Certificate, host: str, now: dt.datetime) -> bool:
    try:
        loaded = x509.load_pem_x509_certificate(found.certificate.read_bytes())
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return found.key.exists() and loaded.not_valid_after_utc > now and _name(host) in names


def _make(place: Certificate, host: str, now: dt.datetime) -> None:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TemThật demo")])
    names = dict.fromkeys((_name(host), _name("localhost"), _name("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    handle = os.open(place.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    place.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
