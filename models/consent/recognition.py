"""Recognition: whether the policy still takes a contract on a chain for the rights holder's own.

Evidence is kept as it was read. Whether the contract that it was read from may grant is a matter of
the policy in force when a decision is made, and not of the one in force when it was read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from models.consent.statements import Statement
from models.consent.terms import ConsentPolicy

_SOURCE = re.compile(
    r"(eip155:[0-9]+)/(erc721|erc1155|erc7572|erc7053):(0x[0-9a-f]{40})(?:/([0-9]{1,78}))?(?:/.*)?"
)
_DOUBT = re.compile(r"unread:(eip155:[0-9]+)/(contract|erc7053):(0x[0-9a-f]{40})/.*")
_NOTE = "the policy does not recognise this contract any more: it cannot grant"


def recognise(statement: Statement, policy: ConsentPolicy) -> Statement:
    """The statement as the policy lets it count: without its proofs where nobody vouches for them.

    Args:
        statement: one that was read on a chain; any other is returned as it is.
        policy: names the collections and registries that are recognised.
    """
    proven = statement.trust.signer or statement.trust.control
    match = _SOURCE.fullmatch(statement.source) if proven else None
    if match is None or _is_recognised(match, policy):
        return statement
    return replace(
        statement,
        trust=replace(statement.trust, signer=False, control=False),
        notes=(*statement.notes, _NOTE),
    )


def is_asked(source: str, policy: ConsentPolicy) -> bool:
    """Whether a source counts: a doubt does while the policy names the contract that it is about.

    A contract that was named by mistake may never be readable; taking it out ends the doubt.
    """
    match = _DOUBT.fullmatch(source)
    if match is None:
        return True
    chain, kind, contract = match.groups()
    named = policy.registry if kind == "erc7053" else policy.collection
    return any((each.chain, each.contract) == (chain, contract) for each in named)


def _is_recognised(match: re.Match[str], policy: ConsentPolicy) -> bool:
    chain, kind, contract, number = match.groups()
    if kind == "erc7053":
        return any((r.chain, r.contract) == (chain, contract) for r in policy.registry)
    return any(
        (c.chain, c.contract) == (chain, contract)
        and (not c.tokens or number is None or int(number) in c.tokens)
        for c in policy.collection
    )
