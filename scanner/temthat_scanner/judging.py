"""Whom the scanner asks: trust data at hand, the service, or the service first and the data when the line is down."""

import datetime as dt
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import httpx

from temthat_stamps.bundle.offline import Judged, judge_offline, judge_unaided
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Mistyped
from temthat_stamps.texts import Lang, Saying, explain, say, say_mistyped
from temthat_stamps.verdict import Asker, Reason, Verdict, Word

_PATIENCE = 5.0
"""Seconds that a till waits for the service."""

REST = 30.0
"""Seconds without asking after the service gave no answer: a till does not wait for a dead line at each pack."""

STRANGE = "the service's answer is not one this scanner knows: update it"

_KNOWN = ("stamp", "batch", "product", "issuer", "history")
"""What the service tells beside the verdict, that is handed on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One code's answer. `verdict` is None for a mistyped number: the person looks again."""

    text: str
    verdict: Verdict | None
    saying: Saying
    explained: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    """Stamp, product, batch, issuer and the like, as JSON values."""


def not_ours(text: str, lang: Lang) -> Answer:
    """The answer for a code that is somebody else's."""
    verdict = Verdict(Word.NOT_OURS)
    return Answer(text, verdict, say(verdict, lang, text=text))


class ServiceUnreachable(Exception):
    """The service does not answer, or answers something that is no verdict; `vi` and `en` say what to do."""

    @property
    def vi(self) -> str:
        """In Vietnamese."""
        return f"Máy chủ không cho kết quả ({self}). Dùng --trust để kiểm tra không cần mạng."

    @property
    def en(self) -> str:
        """In English."""
        return f"The service gave no answer ({self}). Use --trust to judge without a network."


class LineDown(ServiceUnreachable):
    """It does not answer at all."""


class Judge(Protocol):
    """Text in, answer out."""

    def ask(self, text: str) -> Answer:
        """Judge one code. Raises `ServiceUnreachable` where a service is needed and does not answer."""
        ...


@dataclass
class OfflineJudge:
    """Judges by trust data alone; without any it can only tell what is not ours.

    `trust` may be replaced by newer at any time, by another thread too: one code is judged by one of them.
    """

    trust: TrustView | None
    asker: Asker
    lang: Lang

    def ask(self, text: str) -> Answer:
        """See `Judge`; raises `TrustError` where the trust data on this device is damaged."""
        now, trust = dt.datetime.now(dt.UTC), self.trust
        try:
            if trust is None:
                judged = judge_unaided(text, now, self.asker)
            else:
                judged = judge_offline(text, trust, now, self.asker)
        except Mistyped as error:
            return Answer(text, None, say_mistyped(error, self.lang))
        issuer = judged.issuer
        saying = say(
            judged.verdict,
            self.lang,
            issuer=_issuer_name(judged),
            hotline=issuer.hotline if issuer else None,
            text=text,
        )
        explained = tuple(explain(reason, self.lang) for reason in judged.verdict.reasons)
        return Answer(text, judged.verdict, saying, explained, _record(judged))


class OnlineJudge:
    """Asks the service; a context manager that keeps one connection open between scans."""

    def __init__(self, server: str, asker: Asker, lang: Lang, api_key: str | None, place: str | None) -> None:
        headers: dict[str, str] = {"Accept-Language": lang}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._server = server.rstrip("/")
        # A key typed with Vietnamese letters is a wrong key, which the service says.
        self._client = httpx.Client(headers=httpx.Headers(headers, encoding="utf-8"))
        self._question = {"kind": asker.value} | ({"place": place} if place else {})
        self._lang: Lang = lang
        self.patience = _PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, text: str) -> Answer:
        """See `Judge`."""
        response = self.post("/api/v1/verify", {"code": text, **self._question})
        body = read_answer(response)
        if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY and body.get("error") == "mistyped":
            position = body.get("position")
            mistyped = Mistyped("mistyped", position if isinstance(position, int) else None)
            return Answer(text, None, say_mistyped(mistyped, self._lang))
        if response.status_code != httpx.codes.OK:
            raise ServiceUnreachable(
                f"{response.status_code} {body.get('message_vi') or body.get('error') or ''}".strip()
            )
        return self.answer_of(text, body)

    def post(self, path: str, body: Any, patience: float | None = None) -> httpx.Response:
        """Whatever the service answers in so many seconds (this judge's `patience` by default). Raises `LineDown`."""
        try:
            return self._client.post(self._server + path, json=body, timeout=patience or self.patience)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            # UnicodeError: a name of no host, such as “tem..vn”.
            raise LineDown(str(error) or type(error).__name__) from error

    def is_there(self) -> bool:
        """Whether the service answers at all, whatever it says."""
        try:
            self._client.get(f"{self._server}/healthz", timeout=self.patience)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, RuntimeError):
            return False  # RuntimeError: this judge was closed meanwhile
        return True

    def answer_of(self, text: str, body: Mapping[str, Any]) -> Answer:
        """A verdict of the service in words. Raises `ServiceUnreachable` where it is none this scanner knows."""
        try:
            reasons = tuple(_reason(said) for said in body["reasons"])
            verdict = Verdict(Word(body["verdict"]), reasons)
            issuer, history = _object(body, "issuer"), _object(body, "history")
            last = _object(history, "last")
            saying = say(
                verdict,
                self._lang,
                issuer=_text(issuer, "name") or None,
                hotline=_text(issuer, "hotline") or None,
                day=_text(last, "on") or None,
                place=_text(last, "province") or None,
                text=text,
            )
            explained = tuple(explain(reason, self._lang) for reason in reasons)
            known = {name: found for name in _KNOWN if (found := _object(body, name))}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServiceUnreachable(STRANGE) from error
        return Answer(text, verdict, saying, explained, known)


@dataclass
class FallingBackJudge:
    """The service while it answers, the trust data when it does not; `down` says why it did not last time.

    A line that is dead makes one pack wait. From then on it is tried in the background, every `REST` seconds in which
    somebody asks, until the service answers.
    """

    online: OnlineJudge
    offline: OfflineJudge
    down: str = ""
    _is_dead: bool = False
    _resting_until: float = 0.0
    _try: threading.Thread | None = None

    def ask(self, text: str) -> Answer:
        """See `Judge`; raises only as `OfflineJudge` does."""
        if self._is_dead:
            self._try_again()
            return self.offline.ask(text)
        try:
            answer = self.online.ask(text)
        except ServiceUnreachable as error:
            self.down = str(error)
            if isinstance(error, LineDown):
                self._is_dead, self._resting_until = True, time.monotonic() + REST
            return self.offline.ask(text)
        self.down = ""
        return answer

    def _try_again(self) -> None:
        if time.monotonic() < self._resting_until or (self._try and self._try.is_alive()):
            return
        self._try = threading.Thread(target=self._look, name="line", daemon=True)
        self._try.start()

    def _look(self) -> None:
        if self.online.is_there():
            self._is_dead, self.down = False, ""
        else:
            self._resting_until = time.monotonic() + REST


def read_answer(response: httpx.Response) -> dict[str, Any]:
    """An answer's JSON object. Raises `ServiceUnreachable` where it is none: a proxy's page, a guest network's."""
    try:
        body = response.json()
    except (ValueError, RecursionError) as error:
        raise ServiceUnreachable(_strange(response)) from error
    if not isinstance(body, dict):
        raise ServiceUnreachable(_strange(response))
    return body


def _reason(said: Mapping[str, Any]) -> Reason:
    """Raises `KeyError`, `TypeError`, `AttributeError`: then it is none."""
    if not _text(said, "key"):
        raise KeyError("key")
    return Reason(_text(said, "key"), _text(said, "value"))


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object of an answer, empty where it has none. Raises `TypeError` where it is something else."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    """A text of an answer, empty where it has none. Raises `TypeError` where it is something else."""
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _strange(response: httpx.Response) -> str:
    return STRANGE if response.status_code == httpx.codes.OK else f"HTTP {response.status_code}"


def _issuer_name(judged: Judged) -> str | None:
    """What the run's manifest commits to; where those names are not at hand, what the operator says."""
    if judged.names:
        return judged.names.issuer
    return judged.issuer.name if judged.issuer else None


def _record(judged: Judged) -> dict[str, Any]:
    record: dict[str, Any] = {}
    if judged.code:
        header = judged.code.header
        record["stamp"] = {"key_hint": header.hint.hex(), "run": header.run, "serial": header.serial}
    names = judged.names
    if names:
        record["product"] = {"name": names.product, "pack_form": names.pack_form}
    if run := judged.run:
        record["batch"] = {
            "lot": names.lot if names else None,
            "made_on": run.made_on.isoformat(),
            "expires_on": run.expires_on.isoformat() if run.expires_on else None,
        }
    if issuer := judged.issuer:
        record["issuer"] = {
            "name": _issuer_name(judged),
            "province": issuer.province,
            "hotline": issuer.hotline,
        }
    return record
