"""All settings in one typed object, read from the environment (prefix TEMTHAT_) or built by the demo."""

import os
import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from temthat_trace.epcis.levels import levels_of
from temthat_trace.epcis.problems import Level


class Settings(BaseSettings):
    """What an operator may set. Every field is documented in docs/operations.md; a test holds the two together."""

    model_config = SettingsConfigDict(env_prefix="TEMTHAT_", frozen=True)

    mode: Literal["demo", "production"] = Field(
        default="production", description="production refuses to start on a missing or open secret"
    )
    database_url: str = Field(
        default="sqlite:///temthat-data/temthat.db",
        description="SQLAlchemy URL: sqlite:///path or postgresql+psycopg://user:password@host/name",
    )
    data_dir: Path = Field(
        default=Path("temthat-data"), description="folder for print files, the master key and logs"
    )
    master_key_file: Path | None = Field(
        default=None, description="file with the master key; default: master.key in the data folder"
    )
    host: str = Field(
        default="localhost:8000", description="host printed on stamps, at most 21 characters for version 6-M"
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="other hosts whose stamps are ours (moved domains)"
    )
    secure_cookies: bool = Field(
        default=True, description="cookies only over HTTPS; the demo on plain HTTP turns it off"
    )
    hotline: str = Field(default="", description="telephone number shown when a producer has none")
    operator_name: str = Field(default="TemThật", description="name of whoever runs this service")
    log_origin: str = Field(default="", description="origin line of the public log; default: the host")
    witnesses: tuple[str, ...] = Field(
        default=(),
        description="the log's witnesses, each “VKEY URL”; in a demo also “VKEY local:FOLDER”",
    )
    witness_quorum: int = Field(
        default=2,
        ge=0,
        description="how many witnesses a checkpoint needs before it counts; 0 in a demo only",
    )
    signer: Path | None = Field(
        default=None,
        description="socket of the signer process (temthat signer); without it a demo signs in its own process",
    )
    upload_limit: int = Field(default=20_000_000, description="largest accepted workbook or picture, bytes")
    body_limit: int = Field(default=1_000_000, description="largest accepted body of an API request, bytes")
    epcis_limit: int = Field(default=32_000_000, description="largest accepted EPCIS document, bytes")
    epcis_rules: dict[str, Level] = Field(
        default={}, description="levels of EPCIS rules other than the usual ones: error or warning"
    )

    smtp_host: str = Field(
        default="", description="mail server for alerts by e-mail; empty: none are offered"
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="its port")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="how it is spoken to; none only on this machine or in a demo"
    )
    smtp_user: str = Field(default="", description="account at the mail server; empty: it asks for none")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password")
    smtp_from: str = Field(default="", description="sender of the mails; default: temthat@ the host")

    sms_secret: SecretStr = Field(
        default=SecretStr(""),
        description="secret shared with an SMS gateway, 16 characters or more; empty: no SMS is taken",
    )
    sms_reply_url: str = Field(
        default="", description="where replies are posted too; empty: they are the HTTP answer alone"
    )
    sms_accents: bool = Field(
        default=False,
        description="replies with Vietnamese diacritics (UCS-2, 70 characters) or without (GSM-7, 160)",
    )

    checks_kept_days: int = Field(
        default=90,
        ge=30,
        le=400,
        description="days after which no single check is left in the database; counts by day stay",
    )

    @field_validator("database_url")
    @classmethod
    def _database_is_one_we_know(cls, url: str) -> str:
        try:
            parsed = make_url(url)
        except ArgumentError:
            parsed = None
        if parsed is None or not (
            parsed.drivername == "postgresql+psycopg"
            or (parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:")
        ):
            raise ValueError("sqlite:///path or postgresql+psycopg://user:password@host/name")
        return url

    @field_validator("witnesses")
    @classmethod
    def _witnesses_have_an_address(cls, witnesses: tuple[str, ...]) -> tuple[str, ...]:
        for witness in witnesses:
            _, _, where = witness.partition(" ")
            if not where.startswith(("https://", "http://", "local:")):
                raise ValueError("each witness is “VKEY URL”")
        return witnesses

    @field_validator("sms_secret")
    @classmethod
    def _sms_secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < 16:
            raise ValueError("sms_secret has 16 characters or more")
        return secret

    @field_validator("sms_reply_url")
    @classmethod
    def _sms_reply_url_is_a_url(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("sms_reply_url begins with https:// or http://")
        return url

    @field_validator("epcis_rules")
    @classmethod
    def _rules_are_known(cls, rules: dict[str, Level]) -> dict[str, Level]:
        levels_of(rules)
        return rules

    @field_validator("host")
    @classmethod
    def _host_is_a_host(cls, host: str) -> str:
        host = host.strip().lower()
        if not host or any(c in host for c in "/?#@ "):
            raise ValueError("host is a bare host name, optionally with a port")
        return host

    @model_validator(mode="after")
    def _production_is_strict(self) -> "Settings":
        if self.mode == "production" and not self.secure_cookies:
            raise ValueError("secure_cookies may be off in demo mode only")
        if self.mode == "production" and self.witness_quorum < 1:
            raise ValueError("witness_quorum may be 0 in demo mode only")
        if self.mode == "production" and any(" local:" in witness for witness in self.witnesses):
            raise ValueError("witnesses in this process (local:) are for demo mode only")
        is_near = self.smtp_host in ("", "localhost", "127.0.0.1", "::1")
        if self.mode == "production" and self.smtp_tls == "none" and not is_near:
            raise ValueError("smtp_tls may be none only for a mail server on this machine")
        return self

    @property
    def origin(self) -> str:
        """The log's origin: every statement carries it."""
        return self.log_origin or self.host

    @property
    def hosts(self) -> frozenset[str]:
        """Every host whose stamps are ours."""
        return frozenset((self.host, *self.allowed_hosts))

    @property
    def public_dir(self) -> Path:
        """What is served under /log/ and may be mirrored: tiles, checkpoint, trust files, bundle."""
        return self.data_dir / "public"

    @property
    def scheme(self) -> Literal["HTTPS", "HTTP"]:
        """What printed URLs begin with: plain HTTP only in a demo without TLS."""
        return "HTTPS" if self.secure_cookies else "HTTP"

    @property
    def key_file(self) -> Path:
        """Where the master key lies."""
        return self.master_key_file or self.data_dir / "master.key"


class MissingMasterKeyError(Exception):
    """The master key is not where it should be, or others may read it."""


def load_master_key(settings: Settings, *, create: bool = False) -> bytes:
    """The 32-byte master key. `create` makes one where none is (first start, demo); never over an existing one.

    Raises `MissingMasterKeyError`, saying how to restore it.
    """
    path = settings.key_file
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise MissingMasterKeyError(
            f"no master key in {path}: restore the file from your backup (temthat restore), or, for a new and empty "
            "database, run “temthat init”"
        ) from error
    if len(key) < 32 or len(set(key)) < 8:
        raise MissingMasterKeyError(f"the master key in {path} is not a random 32-byte key")
    if settings.mode == "production" and path.stat().st_mode & 0o077:
        raise MissingMasterKeyError(f"others may read {path}: run “chmod 600 {path}”")
    return key
