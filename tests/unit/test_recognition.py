"""Whether a contract is recognised is decided by the policy in force, not by what was read once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.consent.purposes import Preference, Purpose
from models.consent.recognition import recognise
from models.consent.statements import Statement, Trust
from models.consent.terms import ConsentPolicy

ONE, OTHER = "0x" + "1" * 40, "0x" + "2" * 40
PROVEN = Trust(integrity=True, signer=True, control=True, bound=True)
POLICY = ConsentPolicy.model_validate(
    {
        "collection": [
            {"chain": "eip155:1", "contract": ONE, "holder": "Studio"},
            {"chain": "eip155:5", "contract": ONE, "holder": "Studio", "tokens": [7]},
        ],
        "registry": [{"chain": "eip155:1", "contract": OTHER}],
    }
)


def grant(source: str) -> Statement:
    return Statement(
        "erc721", source, {Purpose.GENERATIVE_TRAINING: Preference.ALLOWED}, trust=PROVEN
    )


@pytest.mark.parametrize(
    "source",
    [
        f"eip155:1/erc721:{ONE}/3",
        f"eip155:1/erc1155:{ONE}/3",
        f"eip155:1/erc7572:{ONE}",
        f"eip155:5/erc721:{ONE}/7",
        f"eip155:5/erc7572:{ONE}",
        f"eip155:1/erc7053:{OTHER}/100/2",
    ],
)
def test_what_the_policy_names_keeps_its_proofs(source: str) -> None:
    assert recognise(grant(source), POLICY) == grant(source)


@pytest.mark.parametrize(
    "source",
    [
        f"eip155:1/erc721:{OTHER}/3",
        f"eip155:10/erc721:{ONE}/3",
        f"eip155:5/erc721:{ONE}/8",
        f"eip155:1/erc7572:{OTHER}",
        f"eip155:1/erc7053:{ONE}/100/2",
    ],
)
def test_what_it_does_not_name_loses_them_and_nothing_else(source: str) -> None:
    found = recognise(grant(source), POLICY)
    assert not found.trust.may_grant
    assert found.trust == Trust(integrity=True, bound=True)
    assert replace(found, trust=PROVEN, notes=()) == grant(source)
    assert "recognise" in found.notes[-1]


def test_a_statement_that_was_read_on_no_chain_stays_as_it_is() -> None:
    for source in ("a.json", "cawg.training-mining", "list:artists"):
        assert recognise(grant(source), ConsentPolicy()) == grant(source)
