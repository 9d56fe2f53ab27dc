"""Ledgers, contracts and clocks that several anchoring tests share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.consent.chain.answers import Answer
from models.ledger.chain.anchoring import Anchorer, open_anchorer
from models.ledger.chain.backends import Backend, RpcBackend
from models.ledger.chain.contract import ANCHORED_TOPIC, UsageLedgerContract
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.pace import Pace
from models.ledger.chain.signing import LocalSigner
from models.ledger.log import UsageLedger
from models.settings import Settings
from tests.anvil import KEYS, Anvil

CHAIN_ID = 31337


@dataclass
class FakeClock:
    """A clock that only moves when somebody sleeps; ``on_sleep`` is what happens meanwhile."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[int], None] = lambda _: None

    def now(self) -> float:
        """Seconds since the test began."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
        self.slept.append(seconds)
        self.on_sleep(len(self.slept))


def make_pace(clock: FakeClock, **changes: Any) -> Pace:
    """A pace by a fake clock: ten looks for a block, ten more for its finality."""
    pace = Pace(
        poll=1.0,
        outbid_after=1000.0,
        mined_within=10.0,
        final_within=10.0,
        lock_within=120.0,
        now=clock.now,
        sleep=clock.sleep,
    )
    return replace(pace, **changes)


def local_signer(number: int = 0) -> LocalSigner:
    """The signer of one of anvil's accounts."""
    return LocalSigner.of(bytes.fromhex(KEYS[number][2:]))


def deploy_ledger(chain: Anvil, operator: int = 0) -> str:
    """The address of a new ledger contract."""
    data = UsageLedgerContract().deployment(chain.accounts[operator])
    receipt = chain.send(chain.accounts[0], None, "0x" + data.hex())
    address: str = receipt["contractAddress"].lower()
    return address


def make_settings(chain: Anvil, contract: str, **changes: Any) -> Settings:
    """Settings that anchor on this chain."""
    given: dict[str, Any] = {
        "ledger_chain": "rpc",
        "ledger_rpc": chain.url,
        "ledger_chain_id": CHAIN_ID,
        "ledger_contract": contract,
        **changes,
    }
    return Settings(**given)


class FaultyBackend:
    """A backend whose answers a test replaces.

    Args:
        inner: the real one.
        replace_answer: takes method, turn (from 1) and the real one's answer, which it may ask
            for; gives the answer.
    """

    def __init__(
        self,
        inner: Backend,
        replace_answer: Callable[[str, int, Callable[[], Answer]], Answer],
    ) -> None:
        self.name = inner.name
        self.asked: Counter[str] = Counter()
        self._inner = inner
        self._replace = replace_answer

    def ask(self, method: str, *parameters: Any) -> Answer:
        """The answer that the test wants."""
        self.asked[method] += 1
        return self._replace(
            method, self.asked[method], lambda: self._inner.ask(method, *parameters)
        )

    def close(self) -> None:
        """Close the real one."""
        self._inner.close()


@contextmanager
def anchorer_of(
    ledger: UsageLedger,
    settings: Settings,
    clock: FakeClock,
    *,
    signer: int = 0,
    heard: list[str] | None = None,
    faults: Callable[[str, int, Callable[[], Answer]], Answer] | None = None,
    **pace: Any,
) -> Iterator[Anchorer]:
    """An anchorer with one of anvil's accounts."""
    backend: Backend = RpcBackend(settings.ledger_rpc)
    chain = EvmChain(FaultyBackend(backend, faults) if faults else backend)
    said = [] if heard is None else heard
    try:
        yield Anchorer(
            ledger,
            chain,
            settings,
            lambda _: local_signer(signer),
            make_pace(clock, **pace),
            said.append,
        )
    finally:
        chain.close()


def contract_head(chain: Anvil, contract: str) -> tuple[int, int, bytes]:
    """Size, sequence and root on the chain."""
    codec = UsageLedgerContract()
    data = chain.ask("eth_call", {"to": contract, "data": "0x" + codec.head().hex()}, "latest")
    size, sequence, root = codec.read_head(bytes.fromhex(data[2:]))
    return size, sequence, bytes(root)


def anchored_events(chain: Anvil, contract: str) -> list[dict[str, Any]]:
    """Every event of the contract that is part of the chain."""
    asked = {"address": contract, "fromBlock": "0x0", "toBlock": "latest"}
    found: list[dict[str, Any]] = chain.ask("eth_getLogs", asked)
    return [entry for entry in found if entry["topics"][0] == "0x" + ANCHORED_TOPIC.hex()]


def receipt_files(ledger: UsageLedger) -> list[str]:
    """Names of the receipts."""
    folder = ledger.public_folder / "receipts"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def mine_on_sleep(chain: Anvil) -> Callable[[int], None]:
    """What a clock does while somebody waits: one block is mined."""
    return lambda _: chain.mine()


def mine_once(chain: Anvil) -> Callable[[int], None]:
    """The same, but one block in all: what waits stands in it, and it does not become final."""
    return lambda turn: chain.mine() if turn == 1 else None


def ledger_at(folder: Path) -> UsageLedger:
    """The ledger in a folder, opened again."""
    from tests.ledger_parts import ORIGIN

    return UsageLedger.open(folder, ORIGIN)


def anchor_for_real(
    folder: Path, url: str, contract: str, outbid_after: str = "90", batch: str = ""
) -> str:
    """Anchor by the real clock, with the key in the environment; what a process of its own does.

    Args:
        batch: id of a batch of three records that is appended first.
    """
    settings = Settings(
        ledger_chain="rpc", ledger_rpc=url, ledger_chain_id=CHAIN_ID, ledger_contract=contract
    )
    pace = Pace(
        poll=0.1,
        outbid_after=float(outbid_after),
        mined_within=120.0,
        final_within=120.0,
        lock_within=240.0,
    )
    ledger = ledger_at(folder)
    if batch:
        from tests.ledger_parts import make_records

        ledger.append(batch, make_records(3), 1_800_000_000)
    with open_anchorer(settings, ledger, pace=pace) as anchorer:
        outcome = anchorer.anchor()
    return f"{outcome.state} {outcome.sent}"
