"""The log against the chain, and the words of nodes."""

from __future__ import annotations

import pytest

from models.consent.chain.answers import Refused
from models.errors import LedgerError
from models.ledger.chain.errors import ForkedHeadError
from models.ledger.chain.evm import Sending, read_refusal
from models.ledger.chain.heads import ContractState, Standing, check_operator, compare_heads
from models.ledger.chain.journal import State
from models.ledger.chain.status import advise
from models.ledger.merkle import EMPTY_ROOT, hash_leaf, root_of
from models.ledger.note import Checkpoint
from tests.unit.test_anchoring_journal import PENDING, PLACE

LEAVES = [hash_leaf(b"%d" % number) for number in range(9)]
HEAD = Checkpoint("kiyome.test/ledger", 9, root_of(LEAVES))
OPERATOR = "0x" + "2" * 40
STATE = ContractState(OPERATOR, "0x" + "0" * 40, paused=False, size=9, sequence=2, root=HEAD.root)


def _root_at(size: int) -> bytes:
    return root_of(LEAVES[:size])


def test_a_log_that_grew_is_newer() -> None:
    assert compare_heads(HEAD, 5, _root_at(5), _root_at) is Standing.NEWER
    assert compare_heads(HEAD, 0, EMPTY_ROOT, _root_at) is Standing.NEWER


def test_the_same_head_is_anchored() -> None:
    assert compare_heads(HEAD, 9, HEAD.root, _root_at) is Standing.ANCHORED


def test_nothing_on_either_side_is_empty() -> None:
    empty = Checkpoint("kiyome.test/ledger", 0, EMPTY_ROOT)
    assert compare_heads(empty, 0, EMPTY_ROOT, _root_at) is Standing.EMPTY


def test_a_chain_that_knows_more_is_refused_as_an_older_copy() -> None:
    with pytest.raises(LedgerError, match="it is an older copy") as caught:
        compare_heads(HEAD, 10, bytes(32), _root_at)
    assert not isinstance(caught.value, ForkedHeadError)


@pytest.mark.parametrize("size", [5, 9])
def test_another_root_at_any_size_is_a_fork(size: int) -> None:
    with pytest.raises(ForkedHeadError, match="FORK"):
        compare_heads(HEAD, size, bytes(32), _root_at)


def test_tiles_that_do_not_lead_to_the_signed_root_are_refused() -> None:
    with pytest.raises(LedgerError, match="tiles do not lead"):
        compare_heads(HEAD, 5, _root_at(5), lambda size: bytes(32) if size == 9 else _root_at(size))


def test_a_paused_contract_is_told_before_anything_is_spent() -> None:
    paused = ContractState(OPERATOR, OPERATOR, paused=True, size=0, sequence=0, root=EMPTY_ROOT)
    with pytest.raises(LedgerError, match="paused"):
        check_operator(paused, OPERATOR)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("already known", Sending.TAKEN),
        ("AlreadyKnown", Sending.TAKEN),
        ("INTERNAL_ERROR: existing tx with same hash", Sending.TAKEN),
        ("transaction already imported", Sending.TAKEN),
        ("Known transaction", Sending.TAKEN),
        ("nonce too low", Sending.NONCE_USED),
        ("nonce too low: next nonce 8, tx nonce 7", Sending.NONCE_USED),
        ("OldNonce", Sending.NONCE_USED),
        ("Transaction nonce is too low. Try incrementing the nonce.", Sending.NONCE_USED),
        ("replacement transaction underpriced", Sending.UNDERPRICED),
        ("transaction underpriced", Sending.UNDERPRICED),
        ("max fee per gas less than block base fee", Sending.UNDERPRICED),
        ("FeeTooLow", Sending.UNDERPRICED),
        ("insufficient funds for gas * price + value", Sending.POOR),
        ("Insufficient funds for gas * price + value", Sending.POOR),
        ("rate limit exceeded", Sending.UNKNOWN),
        ("exceeds block gas limit", Sending.REFUSED),
        ("invalid sender", Sending.REFUSED),
    ],
)
def test_refusals_are_understood_in_every_clients_words(message: str, outcome: Sending) -> None:
    assert read_refusal(Refused(-32000, message)) is outcome


def test_status_advises_on_what_is_under_way_first() -> None:
    advice = advise("rpc", STATE, Standing.NEWER, PENDING, None)
    assert "looks the transaction up" in advice
    advice = advise("rpc", STATE, Standing.ANCHORED, PENDING.mined(PLACE), None)
    assert "once the block is final" in advice
    assert PENDING.mined(PLACE).state is State.MINED


def test_status_has_nothing_to_advise_where_all_is_well() -> None:
    assert advise("files", None, None, None, None) == ""


def test_status_asks_to_anchor_a_head_that_grew_or_lost_its_receipt() -> None:
    assert "kiyome ledger anchor" in advise("rpc", STATE, Standing.NEWER, None, None)
    assert "writes its receipt" in advise("rpc", STATE, Standing.ANCHORED, None, None)
