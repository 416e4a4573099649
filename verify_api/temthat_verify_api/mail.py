"""One message to one address over the operator's own mail server (RFC 5321; TLS by RFC 3207 or from the first byte)."""

import datetime as dt
import re
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from temthat_verify_api.settings import Settings

SECONDS = 20.0
LONGEST_ADDRESS = 254
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
"""What HTML calls a valid e-mail address, with a dot in the domain: nothing in it can end a line or a header."""


class MailError(Exception):
    """The message was not taken. `for_good`: this address will not take the next one either."""

    def __init__(self, vi: str, en: str, *, for_good: bool = False) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en
        self.for_good = for_good


def read_address(text: str) -> str:
    """An e-mail address as typed. Raises MailError for what is none."""
    text = text.strip()
    if len(text) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        raise MailError(
            "Địa chỉ thư điện tử phải có dạng ten@donvi.vn.", "An e-mail address looks like name@example.vn."
        )
    return text


def can_mail(settings: Settings) -> bool:
    """Whether the operator has set a mail server."""
    return bool(settings.smtp_host)


def send_mail(settings: Settings, to: str, subject: str, text: str, now: dt.datetime, key: str) -> None:
    """Hand a plain text to the mail server; it is theirs when this returns. Raises MailError.

    `key`: the same for the same message, so that a receiver can tell one that comes twice.
    """
    message = EmailMessage()
    domain = settings.host.partition(":")[0]
    message["From"] = settings.smtp_from or f"temthat@{domain}"
    message["To"] = to
    message["Subject"] = " ".join(
        subject.split()
    )  # a product's name may have been pasted with its line's end
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{key}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        with _connect(settings.smtp_host, settings.smtp_port, settings.smtp_tls) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, _)] = error.recipients.values()
        raise MailError(
            f"Máy chủ thư từ chối địa chỉ này (mã {code}).",
            f"The mail server refuses this address (code {code}).",
            for_good=code >= 500,
        ) from error
    except smtplib.SMTPResponseException as error:
        raise MailError(
            f"Máy chủ thư trả lời mã {error.smtp_code}.", f"The mail server answered {error.smtp_code}."
        ) from error
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        kind = type(error).__name__
        raise MailError(
            f"Không gửi được tới máy chủ thư ({kind}).", f"The mail server cannot be reached ({kind})."
        ) from error


def _connect(host: str, port: int, tls: Literal["starttls", "tls", "none"]) -> smtplib.SMTP:
    if tls == "tls":
        return smtplib.SMTP_SSL(
            host, port, timeout=SECONDS, local_hostname=_own_name(), context=tls_context()
        )
    server = smtplib.SMTP(host, port, timeout=SECONDS, local_hostname=_own_name())
    if tls == "starttls":
        try:
            server.starttls(context=tls_context())
        except BaseException:
            server.close()
            raise
    return server


def _own_name() -> str:
    """What this machine calls itself; no look-up that may take long."""
    return socket.gethostname() or "localhost"


def tls_context() -> ssl.SSLContext:
    """Which certificates are believed: those of the usual authorities, for the server's name."""
    return ssl.create_default_context()
