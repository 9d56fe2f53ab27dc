"""One node, with everything that public nodes do to their callers."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from models.consent.chain.answers import (
    Failed,
    Refused,
    Result,
    Returned,
    Reverted,
    Unanswered,
    is_busy,
    is_too_wide,
    outcome_of_call,
)
from models.consent.chain.node import Node, Question
from models.consent.chain.sources import ChainError
from tests.faulty_node import FaultyNode, Reply, listed, refusal, reply, start_faulty_node


def echo(node: FaultyNode, body: Any) -> Reply:
    """Answer each question with its first parameter."""
    answers = [{"jsonrpc": "2.0", "id": q["id"], "result": q["params"][0]} for q in listed(body)]
    return reply(answers if isinstance(body, list) else answers[0])


def questions(count: int) -> list[Question]:
    return [("eth_call", [i]) for i in range(count)]


def ask(behave: Any, count: int, **options: Any) -> tuple[list[Any], FaultyNode, list[float]]:
    pauses: list[float] = []
    with start_faulty_node(behave) as server:
        node = Node(server.url, sleep=pauses.append, **{"timeout": 5.0, **options})
        try:
            return node.ask(questions(count)), server, pauses
        finally:
            node.close()


def test_every_question_gets_its_own_answer_in_order() -> None:
    answers, server, _ = ask(echo, 250, batch=100, slots=3)
    assert answers == [Result(i) for i in range(250)]
    assert sorted(len(listed(body)) for body in server.seen) == [50, 100, 100]


def test_answers_in_another_order_are_put_in_order() -> None:
    def shuffle(node: FaultyNode, body: Any) -> Reply:
        status, headers, content = echo(node, body)
        return status, headers, json.dumps(json.loads(content)[::-1]).encode()

    assert ask(shuffle, 10)[0] == [Result(i) for i in range(10)]


def test_questions_that_a_cut_batch_left_out_are_asked_again() -> None:
    def cut(node: FaultyNode, body: Any) -> Reply:
        return echo(node, body[:3]) if isinstance(body, list) else echo(node, body)

    assert ask(cut, 10)[0] == [Result(i) for i in range(10)]


def test_a_batch_that_is_refused_is_split_until_it_is_accepted() -> None:
    def small_only(node: FaultyNode, body: Any) -> Reply:
        if len(listed(body)) > 5:
            error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch"}}
            return reply(error)
        return echo(node, body)

    assert ask(small_only, 40, batch=40)[0] == [Result(i) for i in range(40)]


def test_a_node_that_takes_no_batches_is_asked_one_by_one() -> None:
    def single_only(node: FaultyNode, body: Any) -> Reply:
        return reply("no", 400) if isinstance(body, list) else echo(node, body)

    assert ask(single_only, 8)[0] == [Result(i) for i in range(8)]


@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_that_a_node_asks_for_is_kept(status: int) -> None:
    def busy_once(node: FaultyNode, body: Any) -> Reply:
        return reply("", status, {"Retry-After": "7"}) if len(node.seen) == 1 else echo(node, body)

    answers, _, pauses = ask(busy_once, 2)
    assert answers == [Result(0), Result(1)]
    assert pauses
    assert 6 < pauses[0] <= 7


def test_the_pause_may_be_given_as_a_date() -> None:
    def busy_once(node: FaultyNode, body: Any) -> Reply:
        if len(node.seen) == 1:
            return reply("", 429, {"Retry-After": formatdate(time.time() + 20, usegmt=True)})
        return echo(node, body)

    _, _, pauses = ask(busy_once, 1)
    assert 17 < pauses[0] <= 20


@pytest.mark.parametrize("header", ["86400", "tomorrow", "-1", "1e9", "9" * 40])
def test_a_pause_that_is_absurd_or_unreadable_holds_nothing_up(header: str) -> None:
    answers, server, pauses = ask(lambda *_: reply("", 429, {"Retry-After": header}), 1, attempts=3)
    assert isinstance(answers[0], Unanswered)
    assert len(server.seen) <= 3
    assert all(pause < 60 for pause in pauses)


def test_a_limit_that_is_named_inside_of_an_answer_is_waited_for() -> None:
    def busy_once(node: FaultyNode, body: Any) -> Reply:
        if len(node.seen) == 1:
            return refusal(body, -32005, "daily request count exceeded, request rate limited")
        return echo(node, body)

    answers, _, pauses = ask(busy_once, 2)
    assert answers == [Result(0), Result(1)]
    assert len(pauses) == 1


def test_pauses_grow_until_the_node_counts_as_silent() -> None:
    answers, server, pauses = ask(lambda *_: reply("", 502), 1, attempts=4)
    assert isinstance(answers[0], Unanswered)
    assert len(server.seen) == 4
    assert pauses == sorted(pauses)


def test_a_dropped_connection_is_tried_again() -> None:
    def drop_once(node: FaultyNode, body: Any) -> Reply | None:
        return None if len(node.seen) == 1 else echo(node, body)

    assert ask(drop_once, 3)[0] == [Result(i) for i in range(3)]


def test_a_question_that_breaks_the_node_costs_only_its_own_answer() -> None:
    def poisoned(node: FaultyNode, body: Any) -> Reply | None:
        return None if any(q["params"][0] == 6 for q in listed(body)) else echo(node, body)

    answers, _, _ = ask(poisoned, 16, batch=16, attempts=3)
    assert [i for i, answer in enumerate(answers) if answer != Result(i)] == [6]
    assert isinstance(answers[6], Unanswered)


def test_a_contract_that_reverts_in_a_nodes_words_is_not_asked_again() -> None:
    def revert(node: FaultyNode, body: Any) -> Reply:
        return refusal(body, -32000, "execution reverted: rate limit exceeded, try again")

    answers, server, pauses = ask(revert, 3)
    assert len(server.seen) == 1
    assert pauses == []
    assert all(isinstance(outcome_of_call(answer), Reverted) for answer in answers)


@pytest.mark.parametrize("url", ["", "ws://a.example", "http://", "http://[", "a.example:8545"])
def test_a_node_without_an_http_address_is_an_error(url: str) -> None:
    with pytest.raises(ChainError, match="not an http or https URL"):
        Node(url)


def test_a_node_that_never_answers_in_time_is_given_up() -> None:
    def slow(node: FaultyNode, body: Any) -> Reply:
        time.sleep(0.3)
        return echo(node, body)

    answers, _, _ = ask(slow, 1, timeout=0.1, attempts=2)
    assert isinstance(answers[0], Unanswered)
    assert "no answer within" in answers[0].detail


def test_a_dead_node_is_not_asked_for_ever() -> None:
    answers, server, _ = ask(lambda *_: None, 2000, batch=10, slots=2, attempts=3)
    assert all(isinstance(answer, Unanswered) for answer in answers)
    assert len(server.seen) < 40


def test_never_more_requests_at_a_time_than_there_are_slots() -> None:
    def slow(node: FaultyNode, body: Any) -> Reply:
        time.sleep(0.01)
        return echo(node, body)

    with start_faulty_node(slow) as server:
        node = Node(server.url, batch=1, slots=3)
        node.ask(questions(30))
        node.close()
    assert node.counts.most_in_flight == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_node_that_lets_nobody_in_is_an_error_without_its_key(status: int) -> None:
    with start_faulty_node(lambda *_: reply("", status)) as server:
        node = Node(f"{server.url}/v3/secret-key")
        with pytest.raises(ChainError, match="refuses to be asked") as caught:
            node.ask(questions(1))
        node.close()
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b"null", b'[{"id": 1}, 7]'])
def test_an_answer_that_is_no_json_rpc_is_no_answer(content: bytes) -> None:
    answers, _, _ = ask(lambda *_: (200, {}, content), 2, attempts=2)
    assert all(isinstance(answer, Unanswered) for answer in answers)


def test_an_answer_to_another_question_is_not_taken() -> None:
    def lie(node: FaultyNode, body: Any) -> Reply:
        return reply([{"jsonrpc": "2.0", "id": 10**9, "result": "0x01"} for _ in listed(body)])

    assert all(isinstance(answer, Unanswered) for answer in ask(lie, 2, attempts=2)[0])


@pytest.mark.parametrize(
    "message",
    [
        "query returned more than 10000 results",
        "Query returned more than 10000 results. Try with this block range [0x1, 0x2].",
        "range 1000000 exceeds limit of 10000",
        "range 9009594 is bigger than range limit 2000",
        "block range is larger than max block range, block range = 5120, max block range = 5000",
        "exceed maximum block range: 5000",
        "block range too large",
        "eth_getLogs is limited to a 10,000 range",
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
        "query timeout exceeded",
        "too many blocks, narrow down your filter",
    ],
)
def test_providers_say_in_many_ways_that_a_range_is_too_wide(message: str) -> None:
    assert is_too_wide(Refused(-32602, message))


@pytest.mark.parametrize(
    "refused",
    [
        Refused(429, "Your app has exceeded its compute units per second capacity"),
        Refused(-32005, "daily request count exceeded, request rate limited"),
    ],
)
def test_a_rate_limit_is_not_a_wide_range(refused: Refused) -> None:
    assert is_busy(refused)
    assert not is_too_wide(refused)


@pytest.mark.parametrize(
    "refused",
    [
        Refused(3, "execution reverted: no such token"),
        Refused(-32000, "execution reverted"),
        Refused(-32015, "VM execution error.", "Reverted 0x"),
        Refused(-32000, "invalid opcode: INVALID"),
    ],
)
def test_what_the_contract_refuses_is_a_revert(refused: Refused) -> None:
    assert isinstance(outcome_of_call(refused), Reverted)


@pytest.mark.parametrize(
    "answer",
    [
        Refused(-32000, "out of gas"),
        Refused(-32000, "gas required exceeds allowance"),
        Refused(-32603, "internal error"),
        Refused(3, "execution reverted", "0x556f1830" + "0" * 64),
        Unanswered("timeout"),
        Result(None),
        Result("0x1"),
        Result(7),
    ],
)
def test_what_the_node_cannot_do_is_no_revert(answer: Any) -> None:
    assert isinstance(outcome_of_call(answer), Failed)


def test_what_a_contract_returns_is_bytes() -> None:
    assert outcome_of_call(Result("0x00ff")) == Returned(b"\x00\xff")
