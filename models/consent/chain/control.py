"""Who controls a token, or speaks for who does, at one block.

Trade approvals (``getApproved``, ``isApprovedForAll``) let somebody move a token. They are no
authority over consent, and are not asked for. Holding some of an ERC-1155 token is none either,
unless there is only one.
"""

from __future__ import annotations

from collections.abc import Collection as Many
from collections.abc import Mapping
from dataclasses import dataclass

from models.consent.chain.abi import AbiError, encode_call, read_address, read_bool, read_uint
from models.consent.chain.answers import CallOutcome, Failed, Returned
from models.consent.chain.rpc import BlockView, Call
from models.consent.chain.sources import TokenRef

DELEGATE_REGISTRY = "0x00000000000000447e69651d841bd8d104bed493"  # delegate.xyz, version 2
_FOR_TOKEN = "checkDelegateForERC721(address,address,address,uint256,bytes32)"  # noqa: S105
_FOR_CONTRACT = "checkDelegateForContract(address,address,address,bytes32)"
_ALL_RIGHTS = b""
_NOBODY = "0x" + "0" * 40

Question = tuple[str, TokenRef]


@dataclass(frozen=True, slots=True)
class Control:
    """Whether an address controls a token.

    Attributes:
        role: as what, for a reader: ``"owner of the token"``; "" where it does not.
        note: what could not be found out, or "".
    """

    role: str = ""
    note: str = ""


def find_control(
    view: BlockView, questions: Many[Question], creators: Mapping[str, str]
) -> dict[Question, Control]:
    """Ask the contracts who controls tokens. All is asked at the view's block.

    Args:
        view: the chain at one block.
        questions: an address, and a token that it may control.
        creators: the creator of each contract where ERC-7015 names one (``read_creators``).
    """
    asked = sorted(set(questions))
    calls = {call for question in asked for call in _calls_about(*question)}
    answers = _ask(view, calls)
    found: dict[Question, Control] = {}
    principals: dict[Question, dict[str, str]] = {}
    for question in asked:
        address, token = question
        principals[question] = _principals(token, answers, creators)
        role = principals[question].get(address, "")
        if not role and _holds_all(address, token, answers):
            role = "holder of the only one of the token"
        found[question] = Control("" if address == _NOBODY else role)
    open_questions = [q for q in asked if not found[q].role and q[0] != _NOBODY]
    delegations = _ask(
        view, {call for q in open_questions for call in _delegations(q, principals[q]).values()}
    )
    for question in open_questions:
        asking = _delegations(question, principals[question])
        roles = [role for role, call in asking.items() if _is_true(delegations[call])]
        consulted = [answers[call] for call in _calls_about(*question)]
        consulted += [delegations[call] for call in asking.values()]
        failed = next((o.detail for o in consulted if isinstance(o, Failed)), "")
        note = f"who controls {question[1]} could not be read in full: {failed}" if failed else ""
        found[question] = Control(
            f"delegate of the {roles[0]}" if roles else "", "" if roles else note
        )
    return found


def _calls_about(address: str, token: TokenRef) -> list[Call]:
    calls = [_owner_call(token)]
    if token.standard == "erc721":
        return [*calls, _token_owner_call(token)]
    return [*calls, *_holding_calls(address, token)]


def _owner_call(token: TokenRef) -> Call:
    return Call(token.contract, encode_call("owner()"))


def _token_owner_call(token: TokenRef) -> Call:
    return Call(token.contract, encode_call("ownerOf(uint256)", token.token))


def _holding_calls(address: str, token: TokenRef) -> tuple[Call, Call]:
    return (
        Call(token.contract, encode_call("totalSupply(uint256)", token.token)),
        Call(token.contract, encode_call("balanceOf(address,uint256)", address, token.token)),
    )


def _principals(
    token: TokenRef, answers: Mapping[Call, CallOutcome], creators: Mapping[str, str]
) -> dict[str, str]:
    """The addresses that control a token themselves, and as what."""
    found: dict[str, str] = {}
    if creator := creators.get(token.contract):
        found[creator] = "creator of the contract"
    if token.standard == "erc721" and (owner := _address(answers[_token_owner_call(token)])):
        found[owner] = "owner of the token"
    if owner := _address(answers[_owner_call(token)]):
        found[owner] = "owner of the contract"
    found.pop(_NOBODY, None)
    return found


def _holds_all(address: str, token: TokenRef, answers: Mapping[Call, CallOutcome]) -> bool:
    if token.standard != "erc1155":
        return False
    supply, balance = (_number(answers[call]) for call in _holding_calls(address, token))
    return supply == 1 and balance == 1


def _delegations(question: Question, principals: Mapping[str, str]) -> dict[str, Call]:
    """What to ask the registry: whether the address is a delegate of somebody in control."""
    address, token = question
    asking: dict[str, Call] = {}
    for principal, role in principals.items():
        if token.standard == "erc721":
            data = encode_call(
                _FOR_TOKEN, address, principal, token.contract, token.token, _ALL_RIGHTS
            )
        else:
            data = encode_call(_FOR_CONTRACT, address, principal, token.contract, _ALL_RIGHTS)
        asking[role] = Call(DELEGATE_REGISTRY, data)
    return asking


def _ask(view: BlockView, calls: Many[Call]) -> dict[Call, CallOutcome]:
    ordered = sorted(calls, key=lambda call: (call.to, call.data))
    return dict(zip(ordered, view.call(ordered), strict=True))


def _address(outcome: CallOutcome) -> str:
    try:
        found = read_address(outcome.data) if isinstance(outcome, Returned) else ""
    except AbiError:
        return ""
    return "" if found == _NOBODY else found


def _number(outcome: CallOutcome) -> int | None:
    try:
        return read_uint(outcome.data) if isinstance(outcome, Returned) else None
    except AbiError:
        return None


def _is_true(outcome: CallOutcome) -> bool:
    try:
        return isinstance(outcome, Returned) and read_bool(outcome.data)
    except AbiError:
        return False
