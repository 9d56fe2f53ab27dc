"""One JSON-RPC node: questions in batches, a few requests at a time, asked again where it helps.

Encoding, decoding and request ids are web3.py's; what is added here is what a public node needs:
batches that shrink when they are refused, a pause that all requests keep, and an answer for every
question even where the node's answer was cut short.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from models.consent.chain.answers import (
    Answer,
    Refused,
    Result,
    Unanswered,
    is_about_the_batch,
    is_busy,
    is_passing,
    is_too_wide,
)
from models.consent.chain.sources import ChainError
from models.consent.reading_json import printable
from models.recursion import is_nested_deeper, keeping_recursion_limit

Question = tuple[str, list[Any]]

_MAX_BODY = 64 * 1024**2
_MAX_DEPTH = 64
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class _Setback:
    """A request that brought no answers: what to do next."""

    detail: str
    split: bool = False
    busy: bool = False
    pause: float | None = None  # as the node asks, seconds


@dataclass
class NodeCounts:
    """What a node was asked so far."""

    requests: int = 0
    questions: int = 0
    repeated: int = 0
    in_flight: int = 0
    most_in_flight: int = 0


class Node:
    """A node at one address.

    Args:
        url: where it listens. It may hold a key, so it never stands in a message.
        slots: requests at the same time.
        batch: questions in one request, at most; fewer once the node has refused as many.
        timeout: seconds for one request.
        attempts: how often a request is made before it counts as unanswered.
        headers: sent with every request, such as an authorisation.
        sleep: how to wait.
    """

    def __init__(
        self,
        url: str,
        *,
        slots: int = 4,
        batch: int = 100,
        timeout: float = 30.0,
        attempts: int = 5,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx  # web3.py takes a second to load: who reads no chain does not wait for it

        with keeping_recursion_limit():
            from web3.providers.base import JSONBaseProvider

        self.name = _name_host(url)
        self.counts = NodeCounts()
        self._url = url
        self._attempts = max(1, attempts)
        self._batch = max(1, batch)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._ready_at = 0.0
        self._setbacks = 0  # in a row, over all requests
        self._patience = self._attempts * max(1, slots) * 2
        self._rpc = JSONBaseProvider()
        self._pool = ThreadPoolExecutor(max(1, slots), thread_name_prefix="chain")
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout),
            headers={"Content-Type": "application/json", **(headers or {})},
            limits=httpx.Limits(max_connections=max(1, slots)),
        )
        self._timeout = timeout

    def close(self) -> None:
        """Stop; questions under way are waited for."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask everything; one answer for each question, in their order.

        Raises:
            ChainError: the node lets nobody in, or is no JSON-RPC node.
        """
        size = self._batch
        batches = [questions[start : start + size] for start in range(0, len(questions), size)]
        return [
            answer for answers in self._pool.map(self._ask_batch, batches) for answer in answers
        ]

    def ask_one(self, method: str, *parameters: Any) -> Answer:
        """Ask one question."""
        return self.ask([(method, list(parameters))])[0]

    def _ask_batch(self, questions: Sequence[Question]) -> list[Answer]:
        answers: dict[int, Answer] = {}
        waiting = list(range(len(questions)))
        detail = ""
        for attempt in range(self._attempts):
            if self._is_given_up():
                detail = detail or "it has failed too often"
                break
            if attempt:
                self._count_repeat()
            got = self._post([questions[i] for i in waiting])
            if isinstance(got, _Setback):
                detail = got.detail
                self._count_setback(failed=True)
                # A request that is slow or breaks off may be too large, whatever the reason given.
                if len(waiting) > 1 and (got.split or (attempt and not got.busy)):
                    if got.split:
                        self._shrink_batches(len(waiting) // 2)
                    return self._ask_halves(questions, answers, waiting)
                if got.pause is not None and got.pause > _LONGEST_PAUSE:
                    break
                if attempt and not got.busy and questions[waiting[0]][0] == "eth_getLogs":
                    break  # the range may be what is too much: let the caller ask for less
                self._pause(attempt, got.pause)
                continue
            self._count_setback(failed=False)
            busy = False
            for place, answer in got.items():
                number = waiting[place]
                method = questions[number][0]
                if isinstance(answer, Refused):
                    detail = answer.message
                    wide = method == "eth_getLogs" and is_too_wide(answer)
                    if not wide and (is_busy(answer) or is_passing(answer)):
                        busy = True
                        if attempt + 1 < self._attempts:
                            continue
                answers[number] = answer
            waiting = [i for i in waiting if i not in answers]
            if not waiting:
                break
            detail = detail or "it left questions of a batch without an answer"
            if busy or not got:
                self._pause(attempt, None)
        lost = Unanswered(printable(f"{self.name} does not answer: {detail}"))
        return [answers.get(i, lost) for i in range(len(questions))]

    def _ask_halves(
        self, questions: Sequence[Question], answers: dict[int, Answer], waiting: list[int]
    ) -> list[Answer]:
        middle = len(waiting) // 2
        for part in (waiting[:middle], waiting[middle:]):
            answers.update(zip(part, self._ask_batch([questions[i] for i in part]), strict=True))
        return [answers[i] for i in range(len(questions))]

    def _shrink_batches(self, size: int) -> None:
        with self._lock:
            self._batch = max(1, min(self._batch, size))

    def start_afresh(self) -> None:
        """Forget that requests failed before: a new look gives the node a new chance."""
        self._count_setback(failed=False)

    def _count_setback(self, *, failed: bool) -> None:
        with self._lock:
            self._setbacks = self._setbacks + 1 if failed else 0

    def _is_given_up(self) -> bool:
        """Whether so many requests failed in a row that asking on would only cost time."""
        with self._lock:
            return self._setbacks > self._patience

    def _count_repeat(self) -> None:
        with self._lock:
            self.counts.repeated += 1

    def _pause(self, attempt: int, asked: float | None) -> None:
        """Let all requests wait: as long as the node asks, else longer each time."""
        seconds = _FIRST_PAUSE * 2**attempt if asked is None else asked
        with self._lock:
            self._ready_at = max(self._ready_at, time.monotonic() + min(seconds, _LONGEST_PAUSE))

    def _wait_for_turn(self) -> None:
        with self._lock:
            seconds = self._ready_at - time.monotonic()
        if seconds > 0:
            self._sleep(seconds)

    def _post(self, questions: Sequence[Question]) -> dict[int, Answer] | _Setback:
        """One request. The answers by the place of their question; some may be missing."""
        import httpx

        self._wait_for_turn()
        encoded = self._encode(questions)
        with self._lock:
            self.counts.requests += 1
            self.counts.questions += len(questions)
            self.counts.in_flight += 1
            self.counts.most_in_flight = max(self.counts.most_in_flight, self.counts.in_flight)
        try:
            body = bytearray()
            ends_at = time.monotonic() + 2 * self._timeout
            with self._client.stream("POST", self._url, content=encoded) as response:
                setback = self._judge_status(response.status_code, response.headers)
                if setback is not None:
                    return setback
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > _MAX_BODY:
                        return _Setback("its answer is too large", split=True)
                    if time.monotonic() > ends_at:
                        return _Setback("its answer does not end")
        except httpx.TimeoutException:
            return _Setback(f"no answer within {self._timeout:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _Setback(f"the connection failed ({type(error).__name__})")
        finally:
            with self._lock:
                self.counts.in_flight -= 1
        return self._decode(bytes(body), encoded)

    def _encode(self, questions: Sequence[Question]) -> bytes:
        requests: list[Any] = list(questions)
        with self._lock:  # the counter behind the ids is not made for threads
            if len(requests) == 1:
                return self._rpc.encode_rpc_request(*requests[0])
            return self._rpc.encode_batch_rpc_request(requests)

    def _judge_status(self, status: int, headers: Mapping[str, str]) -> _Setback | None:
        if 200 <= status < 300:
            return None
        detail = f"HTTP status {status}"
        if status in (401, 403, 404, 405, 407):
            raise ChainError(
                f"The node at {self.name} refuses to be asked ({detail}).",
                "Check its address and its key in the settings.",
            )
        if status == 429 or status == 503:
            return _Setback(detail, busy=True, pause=_retry_after(headers.get("retry-after")))
        return _Setback(detail, split=status in (400, 413, 414))

    def _decode(self, body: bytes, encoded: bytes) -> dict[int, Answer] | _Setback:
        sent = self._read(encoded)
        got = self._read(body)
        if isinstance(got, dict) and isinstance(sent, list):
            refusal = _read_answer(got)
            if not isinstance(refusal, Refused):
                return _Setback("it answers a batch with one answer", split=True)
            too_many = is_about_the_batch(refusal)
            busy = is_busy(refusal) and not too_many
            return _Setback(refusal.message, split=not busy, busy=busy)
        items = got if isinstance(got, list) else [got]
        places = {
            request["id"]: i for i, request in enumerate(sent if isinstance(sent, list) else [sent])
        }
        answers: dict[int, Answer] = {}
        for item in items:
            key = item.get("id") if isinstance(item, dict) else None
            place = places.get(key) if isinstance(key, int) else None
            if place is None and len(places) == 1 and isinstance(item, dict) and key is None:
                place = 0  # an error before the id was read has the id null
            answer = _read_answer(item)
            if place is not None and answer is not None:
                answers[place] = answer
        return answers or _Setback("its answer is not JSON-RPC", split=True)

    def _read(self, data: bytes) -> Any:
        try:
            if is_nested_deeper(data.decode(), _MAX_DEPTH):
                return None
            return self._rpc.decode_rpc_response(data)
        except (ValueError, RecursionError):
            return None


def _name_host(url: str) -> str:
    """The host of a node: what may stand in a message."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if not host:
        raise ChainError(
            "The address of a node is not an http or https URL.", "Correct it in the settings."
        )
    return host


def _read_answer(item: Any) -> Answer | None:
    if not isinstance(item, dict):
        return None
    error = item.get("error")
    if error is not None:
        if not isinstance(error, dict):
            return Refused(0, printable(str(error)))
        code = error.get("code")
        message = str(error.get("message", ""))
        data = error.get("data")
        if isinstance(data, dict):  # some gateways say what is wrong only here
            message = f"{message} {data.get('payload') or data.get('message') or ''}"
        return Refused(
            code if isinstance(code, int) else 0,
            printable(message, 300),
            data[:2000] if isinstance(data, str) else "",
        )
    return Result(item["result"]) if "result" in item else None


def _retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for; it gives seconds or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
