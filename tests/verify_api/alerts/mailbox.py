"""A mail server on a real socket that keeps what comes: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA (RFC 5321)."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """`recipient`: what RCPT is answered with; `data`: what the end of a message is answered with."""

    recipient: str = "250 ok"
    data: str = "250 kept"
    port: int = 0
    came: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    """Whether each MAIL came over TLS."""


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Mailbox]:
    """A server that offers STARTTLS if it has a certificate, or speaks TLS from the first byte (`at_once`)."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def setup(self) -> None:
            self.is_secure = False
            super().setup()
            if at_once and tls:
                self.to_tls(tls)

        def to_tls(self, context: ssl.SSLContext) -> None:
            self.connection = context.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            self.is_secure = True

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def take(self, sender: str, recipient: str) -> None:
            self.say("354 go on")
            body = b""
            while (part := self.rfile.readline()) not in (b".\r\n", b""):
                body += part[1:] if part.startswith(b"..") else part
            if box.data.startswith("250"):
                made = message_from_bytes(body, policy=policy.default)
                assert isinstance(made, EmailMessage)
                box.came.append((sender, recipient, made))
            self.say(box.data)

        def handle(self) -> None:
            self.say("220 mail.test")
            sender = recipient = ""
            while line := self.rfile.readline():
                text = line.decode().strip()
                match text.split(" ")[0].upper():
                    case "EHLO":
                        offers = ["mail.test", "AUTH PLAIN"]
                        if tls and not self.is_secure:
                            offers.insert(1, "STARTTLS")
                        for offer in offers[:-1]:
                            self.say(f"250-{offer}")
                        self.say(f"250 {offers[-1]}")
                    case "STARTTLS" if tls:
                        self.say("220 go on")
                        self.to_tls(tls)
                    case "AUTH":
                        box.logins.append(base64.b64decode(text.split(" ")[2]).decode())
                        self.say("235 welcome")
                    case "MAIL":
                        box.secure.append(self.is_secure)
                        sender = text
                        self.say("250 ok")
                    case "RCPT":
                        recipient = text
                        self.say(box.recipient)
                    case "DATA":
                        self.take(sender, recipient)
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust the certificate hangs up; that is no news here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
