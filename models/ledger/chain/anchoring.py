"""Anchors the ledger's head: one writer, one transaction at a time, a receipt once it is final.

    manifest written -> transaction on disk -> sent -> mined -> final -> receipt -> journal cleared

Every arrow may be where the process dies; the next call goes on from there. The contract takes
only a head that extends its own, so that no head is ever anchored twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.errors import LedgerError
from models.failpoints import reach
from models.ledger.chain.backends import open_backend, require_chain
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.chain.erc7053 import encode_manifest_commit, find_uncommitted, mark_committed
from models.ledger.chain.errors import DisplacedError
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.fees import GWEI
from models.ledger.chain.heads import (
    ContractState,
    Standing,
    check_chain_id,
    check_not_behind,
    check_operator,
    compare_heads,
    read_contract,
)
from models.ledger.chain.journal import PAYOUTS, ChainJournal, Pending, State
from models.ledger.chain.pace import Pace
from models.ledger.chain.publishing import publish_receipt, recover_receipt
from models.ledger.chain.receipts import AnchorFiles, encode_manifest
from models.ledger.chain.sending import Cost, Limits, TransactionSender, estimate
from models.ledger.chain.signing import TransactionSigner, open_signer
from models.ledger.log import UsageLedger
from models.ledger.merkle import prove_consistency
from models.ledger.note import Checkpoint
from models.ledger.tiles import TileReader
from models.settings import Settings

_ATTEMPTS = 3

OpenSigner = Callable[[str], TransactionSigner]
"""Opens the signer; takes the account that may anchor."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """What an attempt to anchor came to.

    Attributes:
        size: entries in the log's head, or in the head that is under way.
        state: FINALIZED where the head stands on the chain for good; else how far it has come;
            None where the log is empty.
        sent: whether this call began a transaction.
        receipt: where the receipt lies, once there is one.
    """

    size: int
    state: State | None
    sent: bool = False
    receipt: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What anchoring now would send.

    Attributes:
        standing: how the log stands to the chain; only NEWER is sent.
        size, anchored: entries in the log and on the chain.
        proof: hashes in the consistency proof.
        data: bytes of call data.
        cost: what it would take; None where nothing is sent.
    """

    standing: Standing
    size: int
    anchored: int
    proof: int
    data: int
    cost: Cost | None


class Anchorer:
    """Anchors one ledger's heads on one contract. Get it with ``open_anchorer``."""

    def __init__(
        self,
        ledger: UsageLedger,
        chain: EvmChain,
        settings: Settings,
        signer: OpenSigner,
        pace: Pace | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        require_chain(settings)
        if not settings.ledger_contract:
            raise LedgerError(
                "No contract is named that heads could be anchored on.",
                "Make one with `kiyome ledger deploy`, and set ledger_contract in kiyome.toml.",
            )
        if settings.ledger_chain == "rpc" and not settings.ledger_chain_id:
            raise LedgerError(
                "It is not said which chain heads are anchored on.",
                "Set ledger_chain_id in kiyome.toml, so that no other chain is taken for it.",
            )
        self._ledger = ledger
        self._chain = chain
        self._settings = settings
        self._address = settings.ledger_contract.lower()
        self._open_signer = signer
        self._pace = pace or Pace()
        self._say = say
        self._limits = Limits(
            int(settings.ledger_max_fee_gwei * GWEI), settings.ledger_confirmations
        )
        self._contract = UsageLedgerContract()
        self.journal = ChainJournal(ledger.private_folder)
        self.files = AnchorFiles(ledger.public_folder)

    def anchor(self) -> Anchored:
        """Finish what is under way, then anchor the head if it is newer than the one on the chain.

        Returns:
            What it came to. Where finality takes longer than this call waits, the transaction
            stays under way, and the next call goes on with it.

        Raises:
            ForkedHeadError: the log does not lead to the head on the chain.
            ChainAwayError: the chain does not answer.
            LedgerError: another process is anchoring, the log is older than the chain, the
                account may not anchor, or the transaction would fail or cost too much.
        """
        with self.journal.hold(self._pace.lock_within):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._anchor()
                except DisplacedError as error:
                    if attempt == _ATTEMPTS:
                        raise
                    self._say(f"{error.problem} Looking again.")
        raise AssertionError  # the loop returns or raises

    def plan(self) -> Plan:
        """What anchoring now would send, and cost. Nothing is sent, and no key is opened.

        Raises: as ``anchor``.
        """
        check_chain_id(self._chain, self._settings.ledger_chain_id)
        state = read_contract(self._chain, self._address)
        head, reader = self._read_log()
        standing = compare_heads(head, state.size, state.root, reader.root)
        if standing is not Standing.NEWER:
            return Plan(standing, head.size, state.size, 0, 0, None)
        check_operator(state, state.operator)
        proof = _prove(reader, state.size, head.size)
        data = self._contract.anchor(head.size, head.root, bytes(32), proof)
        cost = estimate(self._chain, state.operator, self._address, data, self._limits.max_fee)
        return Plan(standing, head.size, state.size, len(proof), len(data), cost)

    def _anchor(self) -> Anchored:
        chain_id = check_chain_id(self._chain, self._settings.ledger_chain_id)
        pending = self.journal.load()
        if pending is not None:
            self._check_place(pending, chain_id)
            self._say(f"Going on with the transaction under way ({pending.purpose}).")
            pending = self._carry_on(pending)
            if pending.state is not State.FINALIZED:
                return Anchored(int(pending.detail.get("size", 0)), pending.state)
        state = read_contract(self._chain, self._address)
        for known in self.files.receipts():
            check_not_behind(state, chain_id, self._address, known)
        head, reader = self._read_log()
        standing = compare_heads(head, state.size, state.root, reader.root)
        if standing is Standing.EMPTY:
            return Anchored(0, None)
        if standing is Standing.NEWER:
            self._recover(state, chain_id, head.origin)
            pending = self._carry_on(self._begin(state, chain_id, head, reader))
            if pending.state is not State.FINALIZED:
                return Anchored(head.size, pending.state, sent=True)
        elif self._recover(state, chain_id, head.origin) is None:
            return Anchored(head.size, State.MINED)
        if self._settings.ledger_commit_manifests:
            self._commit_manifests(chain_id)
        path = self.files.receipt_path(head.size)
        receipt = path if path.exists() else None
        return Anchored(head.size, State.FINALIZED, standing is Standing.NEWER, receipt)

    def _recover(self, state: ContractState, chain_id: int, origin: str) -> bool | None:
        """Write the receipt of the chain's head where it is missing; see ``recover_receipt``."""
        if not state.size or self.files.receipt_path(state.size).exists():
            return True
        found = recover_receipt(
            self._chain,
            self.files,
            self._address,
            state,
            chain_id,
            self._limits.confirmations,
            self._make_manifest(Checkpoint(origin, state.size, state.root)),
        )
        if found is False:
            self._say(
                f"The manifest that was anchored with the head of {state.size} entries is lost, so "
                "there is no receipt of it."
            )
        return found

    def _begin(
        self, state: ContractState, chain_id: int, head: Checkpoint, reader: TileReader
    ) -> Pending:
        signer = self._open_signer(state.operator)
        check_operator(state, signer.address)
        self.files.drop_unsent(state.size)
        manifest = self.files.write_manifest(head.size, self._make_manifest(head))
        reach("chain.manifest")
        proof = _prove(reader, state.size, head.size)
        data = self._contract.anchor(head.size, head.root, bytes.fromhex(manifest), proof)
        self._say(f"Anchoring {head.size} entries; {state.size} are on the chain.")
        detail = {"manifest": manifest, "root": head.root.hex(), "size": head.size}
        return self._sender(signer).begin(chain_id, "anchor", self._address, data, detail)

    def _make_manifest(self, head: Checkpoint) -> bytes:
        """The manifest of a head: the batches since the manifest before, of whichever contract."""
        since = self.files.last_manifest(head.size)
        members = [
            batch
            for batch in self._ledger.batches()
            if since <= batch.first_index and batch.size <= head.size
        ]
        return encode_manifest(head, self._ledger.public_folder / "batches", members)

    def _carry_on(self, pending: Pending) -> Pending:
        """Bring a transaction as far as it gets, and do what follows from it where it is final."""
        pending = self._sender(self._open_signer(pending.sender)).carry_on(pending)
        if pending.state is State.FINALIZED:
            self._conclude(pending)
        return pending

    def _conclude(self, pending: Pending) -> None:
        if not pending.succeeded:
            self.journal.clear()
            raise LedgerError(
                f"The contract refused the transaction {pending.tx_hash} ({pending.purpose}).",
                "`kiyome ledger status` compares the log with the chain.",
            )
        if pending.purpose == "anchor":
            publish_receipt(self._chain, self.files, pending)
            reach("chain.receipt")
        elif pending.purpose == "commit":
            mark_committed(self.journal, pending.detail["size"])
        self.journal.clear()
        reach("chain.cleared")

    def _commit_manifests(self, chain_id: int) -> None:
        for receipt in find_uncommitted(self.files, self.journal):
            self._say(f"Committing the manifest of {receipt.size} entries (ERC-7053).")
            state = read_contract(self._chain, self._address)
            signer = self._open_signer(state.operator)
            check_operator(state, signer.address)
            data = encode_manifest_commit(receipt)
            detail = {"size": receipt.size}
            sender = self._sender(signer)
            pending = self._carry_on(sender.begin(chain_id, "commit", self._address, data, detail))
            if pending.state is not State.FINALIZED:
                return

    def _check_place(self, pending: Pending, chain_id: int) -> None:
        """Make sure that what is under way is under way here, and can be finished here."""
        if pending.purpose == "deploy":
            raise LedgerError(
                "A contract is being made.", "Finish that first with `kiyome ledger deploy`."
            )
        if pending.purpose.startswith(PAYOUTS):
            raise LedgerError(
                f"A transaction of the payouts is under way ({pending.purpose}).",
                "Finish that first: run the same `kiyome ledger payouts` command again.",
            )
        here = (chain_id, self._address)
        if (pending.chain_id, pending.to or self._address) != here:
            raise LedgerError(
                f"A transaction is under way on chain {pending.chain_id} to {pending.to}, and the "
                f"settings name chain {chain_id} and {self._address}.",
                "Put the former settings back until it is through; where that chain is gone for "
                f"good, move {self.journal.path} away.",
            )

    def _read_log(self) -> tuple[Checkpoint, TileReader]:
        head = self._ledger.head()
        return head, TileReader(self._ledger.public_folder, head.size)

    def _sender(self, signer: TransactionSigner) -> TransactionSender:
        return TransactionSender(
            self._chain, self.journal, signer, self._limits, self._pace, self._say
        )


@contextmanager
def open_anchorer(
    settings: Settings,
    ledger: UsageLedger,
    *,
    pace: Pace | None = None,
    say: Callable[[str], None] = lambda _: None,
    ask_password: Callable[[], str] | None = None,
) -> Iterator[Anchorer]:
    """An anchorer for a ledger, as the settings say.

    Args:
        settings, ledger: what is anchored, and where.
        pace: how long to wait for what.
        say: takes a sentence about what is going on.
        ask_password: asks a person for the key file's password; None where nobody is there.

    Raises:
        LedgerError: the settings name no chain or no contract.
    """
    chain = EvmChain(open_backend(settings))

    @cache
    def open_account(account: str) -> TransactionSigner:
        return open_signer(settings, account=account, ask_password=ask_password)

    try:
        yield Anchorer(ledger, chain, settings, open_account, pace, say)
    finally:
        chain.close()


def _prove(reader: TileReader, old: int, new: int) -> list[bytes]:
    """The consistency proof from the head on the chain; none from the empty one."""
    return prove_consistency(old, new, reader.subtree) if old else []
