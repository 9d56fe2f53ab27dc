"""What only a chain can say about signed statements: who controls a token, what wallets confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from models.assets.asset import Asset
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import digest_bytes
from models.consent.chain.control import find_control
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import ChainError, TokenRef, chain_number
from models.consent.chain.wallets import CallRevertedError, WalletCalls
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.gathering.wanted import Unproven
from models.consent.signed.carrier import names_bytes
from models.consent.signed.document import CARRIER as SIGNED
from models.consent.signed.document import read_signed_document
from models.consent.signed.erc1271 import contract_check
from models.consent.signed.parsing import DocumentError, parse_document
from models.consent.stage import load_sidecar
from models.consent.statements import Condition, Statement, Trust
from models.consent.subjects import Subject, SubjectKind
from models.consent.testimony import CONTROL

_DAY = 86_400


def observe_control(
    view: BlockView,
    tokens: Mapping[str, Sequence[TokenRef]],
    signers: Mapping[str, Set[str]],
    creators: Mapping[str, str],
    as_of: int,
) -> Iterator[Observation]:
    """Whether those who signed statements control the token of the image that they speak of.

    Args:
        view: the chain at one block.
        tokens: for a CID the tokens of recognised collections whose metadata names it.
        signers: for a CID who has signed a statement about the file.
        creators: the creator of each contract, where ERC-7015 names one.
        as_of: now, UTC seconds.
    """
    asked = {
        (signer, token): cid
        for cid, found in tokens.items()
        for token in found
        for signer in signers.get(cid, ())
    }
    for (signer, token), control in find_control(view, list(asked), creators).items():
        subject = Subject(SubjectKind.CID, asked[(signer, token)])
        statement = Statement(
            carrier=CONTROL,
            source=str(token),
            condition=Condition.UNDETERMINED if control.note else Condition.SOUND,
            trust=Trust(integrity=True, signer=True, control=bool(control.role)),
            setter=signer,
            observed_at=view.block.timestamp,
            anchor=view.anchor,
            notes=(f"{signer} is the {control.role}",) if control.role else (),
        )
        outcome = Outcome.READ if control.role else Outcome.ABSENT
        yield Observation(
            source=f"control:{token}/{signer}",
            carrier=CONTROL,
            outcome=Outcome.UNDETERMINED if control.note else outcome,
            observed_at=view.block.timestamp,
            said=(Said(subject, statement),) if control.role else (),
            valid_until=as_of + _DAY,
            anchor=view.anchor,
            note=control.note or control.role or f"{signer} does not control the token",
        )


def observe_wallets(
    view: BlockView, unproven: Iterable[Unproven], max_bytes: int, as_of: int
) -> Iterator[tuple[Unproven, Observation]]:
    """What contract wallets say to signatures in their name; those of other chains are left out."""
    number = chain_number(view.chain)
    check = contract_check({number: WalletCalls(view)}, ChainError, (CallRevertedError,))
    for each in unproven:
        content = _sidecar_of(each.asset, each.digest)
        if content is None or _chain_of(content) != number:
            continue
        statements = read_signed_document(
            content,
            each.asset.name,
            each.asset.asset_id,
            check_contract_signature=check,
            matches=_matcher(each.asset, max_bytes),
        )
        sound = [s for s in statements if s.condition is Condition.SOUND]
        subject = Subject(SubjectKind.SHA256, each.asset.asset_id)
        yield (
            each,
            Observation(
                source=f"signature:{each.digest}/{each.asset.asset_id}",
                carrier=SIGNED,
                outcome=Outcome.READ if sound else Outcome.ABSENT,
                observed_at=view.block.timestamp,
                said=tuple(Said(subject, _at(view, s)) for s in sound if s.trust.bound),
                valid_until=as_of + _DAY,
                anchor=view.anchor,
                body=content,
                note="the wallet confirms it" if sound else "no wallet on this chain confirms it",
            ),
        )


def _at(view: BlockView, statement: Statement) -> Statement:
    return replace(statement, observed_at=view.block.timestamp, anchor=view.anchor)


def _sidecar_of(asset: Asset, digest: str) -> bytes | None:
    """The sidecar with this digest, as far as it can be read."""
    for sidecar in asset.sidecars:
        try:
            content = load_sidecar(sidecar)
        except FaultError:
            continue
        if digest_bytes(content) == digest:
            return content
    return None


def _chain_of(content: bytes) -> int | None:
    try:
        return parse_document(content).chain_id
    except DocumentError:
        return None


def _matcher(asset: Asset, max_bytes: int) -> Callable[[str], bool]:
    def matches(name: str) -> bool:
        try:
            data = read_location(asset.locations[0], max_bytes)
        except FaultError:
            return False
        return digest_bytes(data) == asset.asset_id and names_bytes(name, data, asset.asset_id)

    return matches
