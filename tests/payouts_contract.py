"""The contract ``Payouts`` on a test chain."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.ledger.compensation.accounts import to_checksum
from models.ledger.compensation.payouts import Payout, PayoutTree
from tests.anvil import Anvil, Contract, encode_arguments

ARTIFACT = Path(__file__).parents[1] / "contracts" / "Payouts.json"
DAY = 86_400
NO_TOKEN = "0x" + "00" * 20


@dataclass
class Payouts:
    """A deployed contract: who sends is one of anvil's accounts."""

    chain: Anvil
    address: str
    abi: list[dict[str, Any]]

    def send(self, function: str, *arguments: Any, sender: int = 0, value: int = 0) -> Any:
        """Call a function in a transaction; its receipt."""
        asked = {
            "from": self.chain.accounts[sender],
            "to": self.address,
            "data": encode_arguments(self.abi, function, arguments),
            "value": hex(value),
            "gas": hex(2_000_000),
        }
        # Called first, so that a revert gives its reason.
        self.chain.ask("eth_call", asked, "latest")
        digest = self.chain.ask("eth_sendTransaction", asked)
        for _ in range(4000):
            if receipt := self.chain.ask("eth_getTransactionReceipt", digest):
                assert receipt["status"] == "0x1"
                return receipt
            time.sleep(0.005)
        raise AssertionError("the transaction was not mined")

    def ask(self, function: str, *arguments: Any) -> int:
        """Ask a view that gives one word."""
        data = encode_arguments(self.abi, function, arguments)
        answer = self.chain.ask("eth_call", {"to": self.address, "data": data}, "latest")
        return int(answer, 16)

    def claim(self, tree: PayoutTree, number: int, **changes: Any) -> Any:
        """Claim a payout of the first period; changes replace arguments."""
        payout = tree.payouts[number]
        given = {
            "period": 1,
            "index": number,
            "account": payout.account,
            "amount": payout.amount,
            "proof": tree.prove(number),
        } | changes
        sender = given.pop("sender", 5)
        return self.send("claim", *given.values(), sender=sender)

    def add(self, tree: PayoutTree, *, value: int | None = None, **changes: Any) -> Any:
        """Add a period for a tree; by default with coins."""
        given = {
            "root": tree.root,
            "total": tree.total,
            "reclaimable": self.now() + 100 * DAY,
            "statement": b"\x01" * 32,
        } | changes
        sender = given.pop("sender", 0)
        amount = tree.total if value is None else value
        return self.send("addPeriod", *given.values(), sender=sender, value=amount)

    def now(self) -> int:
        """The newest block's time."""
        return int(self.chain.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.chain.ask("evm_increaseTime", hex(seconds))
        self.chain.mine()


def deploy_payouts(chain: Anvil, token: Contract | None = None) -> Payouts:
    """A new contract that the first of anvil's accounts owns."""
    read = json.loads(ARTIFACT.read_bytes())
    address = NO_TOKEN if token is None else token.address
    data = read["bytecode"] + encode_arguments(read["abi"], "", [chain.accounts[0], address])
    receipt = chain.send(chain.accounts[0], None, data)
    return Payouts(chain, receipt["contractAddress"].lower(), read["abi"])


def make_tree(chain: Anvil, *amounts: int) -> PayoutTree:
    """Payouts to anvil's accounts from the second on."""
    return PayoutTree(
        [
            Payout(index, to_checksum(chain.accounts[1 + index % 8]), amount)
            for index, amount in enumerate(amounts)
        ]
    )
