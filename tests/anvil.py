"""A real EVM chain for tests: anvil on a free port, with contracts in Vyper."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models.consent.uris import Resolver
from models.fetching.fetched import Failure, Fetched, FetchError

CONTRACTS = Path(__file__).parent / "contracts"
_REPOSITORY = Path(__file__).parents[1]
CHAIN = "eip155:31337"
# The keys of anvil's accounts are public: they are derived from a phrase in its documentation.
KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)


def find_anvil() -> str | None:
    """Where anvil is: ``KIYOME_ANVIL``, the search path, or the repository's ``node_modules``."""
    named = os.environ.get("KIYOME_ANVIL")
    local = _REPOSITORY / "node_modules" / ".bin" / "anvil"
    return named or shutil.which("anvil") or (str(local) if local.exists() else None)


@cache
def compile_contract(name: str) -> tuple[list[dict[str, Any]], str]:
    """ABI and bytecode (``0x…``) of a contract in ``tests/contracts``."""
    import vyper

    made = vyper.compile_code(
        (CONTRACTS / f"{name}.vy").read_text(), output_formats=["abi", "bytecode"]
    )
    return made["abi"], made["bytecode"]


def encode_arguments(abi: list[dict[str, Any]], function: str, arguments: Sequence[Any]) -> str:
    """Call data of a function, or the arguments of the constructor where ``function`` is ""."""
    from eth_abi import encode
    from eth_utils import function_signature_to_4byte_selector

    inputs = [
        part["inputs"] for part in abi if part.get("name", "") == function and "inputs" in part
    ]
    types = [part["type"] for part in inputs[0]] if inputs else []
    encoded = encode(types, arguments).hex()
    if not function:
        return encoded
    signature = f"{function}({','.join(types)})"
    return "0x" + function_signature_to_4byte_selector(signature).hex() + encoded


@dataclass
class Contract:
    """A deployed contract.

    ``send`` mines a transaction in a block of its own and returns its receipt.
    """

    chain: Anvil
    address: str
    name: str

    def send(self, function: str, *arguments: Any, sender: int = 0) -> dict[str, Any]:
        """Call a function in a transaction, from one of anvil's accounts."""
        abi, _ = compile_contract(self.name)
        data = encode_arguments(abi, function, arguments)
        return self.chain.send(self.chain.accounts[sender], self.address, data)

    def post(self, function: str, *arguments: Any, sender: int = 0) -> None:
        """The same without waiting for it to be mined (see ``Anvil.one_block``)."""
        abi, _ = compile_contract(self.name)
        data = encode_arguments(abi, function, arguments)
        self.chain.post(self.chain.accounts[sender], self.address, data)


@dataclass
class Anvil:
    """A running chain.

    Attributes:
        url: where its node listens.
        accounts: ten addresses with money, lower case.
    """

    url: str
    accounts: list[str] = field(default_factory=list)

    def ask(self, method: str, *parameters: Any) -> Any:
        """One JSON-RPC request.

        Raises:
            RuntimeError: the node answers with an error.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        request = urllib.request.Request(
            self.url, body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def send(self, sender: str, to: str | None, data: str) -> dict[str, Any]:
        """Send a transaction; it has been mined when this returns.

        Raises:
            RuntimeError: it was refused or reverted.
        """
        digest = self.post(sender, to, data, gas=15_000_000)
        receipt: dict[str, Any] | None = None
        for _ in range(400):
            if receipt := self.ask("eth_getTransactionReceipt", digest):
                break
            time.sleep(0.005)
        if receipt is None or receipt["status"] != "0x1":
            raise RuntimeError(f"the transaction was reverted: {receipt}")
        return receipt

    def post(self, sender: str, to: str | None, data: str, gas: int = 1_000_000) -> str:
        """Send a transaction and do not wait; its digest."""
        asked = {"from": sender, "data": data, "gas": hex(gas)}
        digest: str = self.ask("eth_sendTransaction", asked | ({"to": to} if to else {}))
        return digest

    @contextmanager
    def one_block(self) -> Iterator[None]:
        """What is posted while this runs stands in one block, in this order."""
        self.ask("evm_setAutomine", False)
        try:
            yield
        finally:
            self.mine()
            self.ask("evm_setAutomine", True)

    def deploy(self, name: str, *arguments: Any, sender: int = 0) -> Contract:
        """Deploy a contract of ``tests/contracts``."""
        abi, bytecode = compile_contract(name)
        data = bytecode + encode_arguments(abi, "", arguments)
        receipt = self.send(self.accounts[sender], None, data)
        return Contract(self, receipt["contractAddress"].lower(), name)

    def place(self, name: str, address: str) -> Contract:
        """Put a contract at an address of one's choice; it takes no arguments."""
        made = self.deploy(name)
        self.ask("anvil_setCode", address, self.ask("eth_getCode", made.address, "latest"))
        return Contract(self, address.lower(), name)

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks."""
        self.ask("anvil_mine", hex(blocks))

    def finalize(self) -> None:
        """Mine until everything so far is final: two epochs of one block each."""
        self.mine(3)

    @property
    def height(self) -> int:
        """Number of the newest block."""
        return int(self.ask("eth_blockNumber"), 16)

    def reorganise(self, depth: int, *transactions: tuple[str, int]) -> None:
        """Replace the newest blocks by as many others.

        They are empty but for the given signed transactions (``0x…``), each with the place of its
        block among the new ones.
        """
        self.ask("anvil_reorg", depth, [list(each) for each in transactions])

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """While this runs, blocks are mined only by ``mine``."""
        self.ask("evm_setAutomine", False)
        try:
            yield
        finally:
            self.ask("evm_setAutomine", True)

    def raise_base_fee(self, wei: int) -> None:
        """Let a unit of gas cost this much in the next block."""
        self.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))

    def drop_waiting(self) -> None:
        """Let the node forget every transaction that is in no block."""
        self.ask("anvil_dropAllTransactions")


@contextmanager
def start_anvil(*options: str, epoch: int = 1) -> Iterator[Anvil]:
    """Run anvil on a free port of the loopback.

    Args:
        options: more of its command line.
        epoch: blocks in an epoch; what lies two epochs back is final.

    Raises:
        RuntimeError: it does not start.
    """
    binary = find_anvil()
    if binary is None:
        pytest.skip("no anvil: put it on PATH, or name it in KIYOME_ANVIL")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [binary, "--port", str(port), "--silent", "--slots-in-an-epoch", str(epoch), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        chain = Anvil(f"http://127.0.0.1:{port}")
        try:
            for _ in range(200):
                try:
                    chain.accounts = [a.lower() for a in chain.ask("eth_accounts")]
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise RuntimeError("anvil does not answer")
            yield chain
        finally:
            process.terminate()
            process.wait(40)


@dataclass
class Shelf:
    """What addresses lead to, in place of the network: bytes, or how fetching them fails.

    ``data:`` addresses are decoded as they always are. What lies at an ``ipfs:`` address counts
    as verified.
    """

    things: dict[str, bytes | Failure] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def resolve(self, uri: str) -> Fetched:
        """Stands for ``Resolver.resolve``."""
        self.asked.append(uri)
        if uri.startswith("data:"):
            return Resolver(self._refuse, None).resolve(uri)
        thing = self.things.get(uri, Failure.ABSENT)
        if isinstance(thing, Failure):
            raise FetchError(thing, uri, thing.value)
        return Fetched(uri, uri, 200, (), thing, 0, verified=uri.startswith("ipfs://"))

    def _refuse(self, url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        raise FetchError(Failure.UNREACHABLE, url, "there is no network here")
