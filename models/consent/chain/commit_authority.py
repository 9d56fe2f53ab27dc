"""What one commit (ERC-7053) says of an asset, and on whose authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.canonical import digest_bytes
from models.consent.chain.commit_data import CommitData, find_creator, read_preference
from models.consent.chain.control import Control, Question
from models.consent.chain.logs import Log
from models.consent.chain.naming import name_cid
from models.consent.chain.rpc import Block, BlockView, anchor_of
from models.consent.chain.sources import CommitRegistry, TokenRef
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.ipfs.cid import Cid
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement, Trust
from models.fetching.fetched import Fetched

CARRIER = "erc7053"


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who may speak of which asset, as far as the operator's recognised collections tell.

    Attributes:
        tokens: for a CID (canonical) the tokens of recognised collections on the registry's
            chain whose metadata names it (``TokenReading.claims``).
        creators: the creator of each of their contracts (``read_creator``).
    """

    tokens: Mapping[str, Sequence[TokenRef]] = field(default_factory=dict)
    creators: Mapping[str, str] = field(default_factory=dict)


NOBODY = Authorities()


def observe_commit(
    view: BlockView,
    registry: CommitRegistry,
    log: Log,
    cid: Cid,
    block: Block,
    commit: CommitData,
    tree: Fetched | str | None,
    authorities: Authorities,
    control: Mapping[Question, Control],
) -> Observation:
    """What one commit says.

    Args:
        view: the chain at one block.
        registry: where it was made.
        log: its event.
        cid: the asset that it is about.
        block: the block that it stands in.
        commit: its text.
        tree: the file that the text names, a sentence why it could not be had, or None.
        authorities: who may grant.
        control: what ``find_control`` found out about the recorder and the asset's tokens.
    """
    recorder, source = recorder_of(log), source_of(registry, log)
    held = [
        control[(recorder, token)]
        for token in authorities.tokens.get(cid.canonical, ())
        if token.chain == registry.chain
    ]
    role = next((each.role for each in held if each.role), "")
    notes = (
        [f"{recorder} is {role}"] if role else [f"{recorder} is not proven to control the asset"]
    )
    notes += [each.note for each in held if each.note][:1]
    # Strangers, and everyone for whom one recorder speaks, share its address: none of them may
    # take back what another said.
    stranger = f"{recorder}@{log.block}.{log.index}"
    base = Statement(
        carrier=CARRIER,
        source=source,
        setter=recorder if role else stranger,
        issued_at=block.timestamp,
        observed_at=view.block.timestamp,
        sequence=min(log.block * 2**20 + min(log.index, 2**20 - 1), 2**53 - 1),
        anchor=anchor_of(view.chain, block),
        evidence_sha256=digest_bytes(log.data),
        notes=tuple(notes),
    )
    statements: list[Statement] = []
    outcome, body = Outcome.READ, log.data
    if commit.statement is not None:
        trust = Trust(integrity=True, signer=bool(role), control=bool(role))
        statements.append(_place(base, commit.statement, trust))
    if isinstance(tree, str):
        outcome = Outcome.UNDETERMINED
        note = printable(f"the file that the commit names cannot be read: {tree}")
        statements.append(
            replace(base, condition=Condition.UNDETERMINED, notes=(*base.notes, note))
        )
    elif tree is not None:
        body = tree.body
        statements += _read_tree(base, registry, recorder, role, cid, commit, tree)
    said = tuple(Said(subject, statement) for statement in statements for subject in name_cid(cid))
    return Observation(
        source=source,
        carrier=CARRIER,
        outcome=outcome,
        observed_at=view.block.timestamp,
        said=said,
        anchor=base.anchor,
        body=body,
        note=printable("; ".join(n for n in (*notes, view.note) if n)),
    )


def _read_tree(
    base: Statement,
    registry: CommitRegistry,
    recorder: str,
    role: str,
    cid: Cid,
    commit: CommitData,
    tree: Fetched,
) -> list[Statement]:
    """What the named file says, and on whose authority."""
    found = read_preference(tree.body, base.source, required=commit.required)
    if found is None:
        return []
    base = replace(base, evidence_sha256=tree.sha256)
    if role:
        proven = tree.verified
        trust = Trust(integrity=proven, signer=proven, control=proven)
        return [_place(base, found, trust)]
    if recorder in {custodian.lower() for custodian in registry.custodians}:
        wallet, why = find_creator(tree.body, commit.signature, cid)
        if wallet and tree.verified:
            base = replace(
                base,
                setter=f"{recorder}/{wallet}",
                notes=(f"{recorder} records for {wallet}, who signed the asset tree",),
            )
            return [_place(base, found, Trust(integrity=True, signer=True, control=True))]
        base = replace(base, notes=(*base.notes, printable(why or "its bytes are not verified")))
    return [_place(base, found, Trust(integrity=tree.verified))]


def _place(base: Statement, found: Statement, trust: Trust) -> Statement:
    """What was found, as said in this commit."""
    return replace(
        base,
        preferences=found.preferences,
        condition=found.condition,
        attribution=found.attribution,
        license_ref=found.license_ref,
        author=found.author,
        trust=trust,
        notes=(*base.notes, *found.notes)[:16],
    )


def observe_asset(
    view: BlockView, registry: CommitRegistry, cid: Cid, why: str | None, *, is_heard: bool = False
) -> Observation:
    """Whether there are commits about a CID; ``why`` says why that is not known."""
    source = f"{registry.source}/{cid.canonical}"
    said: tuple[Said, ...] = ()
    if why is not None:
        outcome, note = Outcome.UNDETERMINED, why
        statement = Statement(
            carrier=CARRIER,
            source=source,
            condition=Condition.UNDETERMINED,
            observed_at=view.block.timestamp,
            anchor=view.anchor,
            notes=(printable(why),),
        )
        said = tuple(Said(subject, statement) for subject in name_cid(cid))
    elif is_heard:
        outcome, note = Outcome.READ, "there are commits about this asset"
    else:
        outcome, note = Outcome.ABSENT, "there is no commit about this asset at this block"
    return Observation(
        source=source,
        carrier=CARRIER,
        outcome=outcome,
        observed_at=view.block.timestamp,
        said=said,
        anchor=view.anchor,
        note=printable("; ".join(n for n in (note, view.note) if n)),
    )


def recorder_of(log: Log) -> str:
    """Who made a commit: its first indexed argument."""
    return "0x" + log.topics[1][-40:]


def source_of(registry: CommitRegistry, log: Log) -> str:
    """How the observation of one commit is named: by registry, block and log index."""
    return f"{registry.source}/{log.block}/{log.index}"
