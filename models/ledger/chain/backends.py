"""Where heads are anchored: nowhere (files), in this process (tester), or on a chain (rpc).

A backend is one thing only: it answers JSON-RPC questions. What is asked, and what the answers
mean, stands in ``models.ledger.chain.evm``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from models.consent.chain.answers import Answer, Refused, Result, Unanswered
from models.consent.chain.sources import ChainError
from models.errors import LedgerError
from models.ledger.chain.errors import ChainAwayError
from models.settings import Settings


class Backend(Protocol):
    """A chain, as far as it can be asked.

    Attributes:
        name: what may stand in a message: never an address that holds a key.
    """

    name: str

    def ask(self, method: str, *parameters: Any) -> Answer:
        """The answer to one JSON-RPC question: a result, a refusal, or none at all."""
        ...

    def close(self) -> None:
        """Let the chain go."""
        ...


class FilesBackend:
    """No chain: signed checkpoints in files. Every question is refused."""

    name = "files"

    def ask(self, method: str, *parameters: Any) -> Answer:  # noqa: ARG002
        """Refuse.

        Raises:
            LedgerError: always.
        """
        raise _unchained()

    def close(self) -> None:
        """Nothing is held."""


class RpcBackend:
    """A chain behind a JSON-RPC endpoint.

    A question is asked once: whoever asks knows whether asking again does harm.

    Args:
        url: http or https. It may hold a key, so it never stands in a message.
        timeout: seconds for one answer.
        sleep: how to wait where the endpoint asks for it.

    Raises:
        ChainError: the address cannot be used.
    """

    def __init__(
        self, url: str, *, timeout: float = 30.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        from models.consent.chain.node import Node

        self._node = Node(url, slots=1, batch=1, timeout=timeout, attempts=1, sleep=sleep)
        self.name = self._node.name

    def ask(self, method: str, *parameters: Any) -> Answer:
        """The node's answer.

        Raises:
            ChainAwayError: the endpoint lets nobody in.
        """
        self._node.start_afresh()
        try:
            return self._node.ask_one(method, *parameters)
        except ChainError as error:
            raise ChainAwayError(error.problem, error.remedy) from error

    def close(self) -> None:
        """Close the connection."""
        self._node.close()


class TesterBackend:
    """An EVM inside this process (eth-tester), for trying: it is gone when the process ends.

    Raises:
        LedgerError: eth-tester is not installed.
    """

    name = "tester"

    def __init__(self) -> None:
        import importlib

        from models.recursion import keeping_recursion_limit

        try:
            with keeping_recursion_limit():
                own = importlib.import_module("eth_tester.exceptions")
                from web3 import EthereumTesterProvider, Web3
                from web3.exceptions import Web3Exception

                self._web3 = Web3(EthereumTesterProvider())
            # eth-tester has errors of its own where a node refuses or a contract reverts.
            self._refusals: tuple[type[Exception], ...] = (
                own.TransactionFailed,
                own.ValidationError,
                Web3Exception,
                ValueError,
            )
        except ImportError as error:
            raise LedgerError(
                "The chain inside the process needs eth-tester and py-evm.",
                'Run `pip install "kiyome[tester]"`, or use ledger_chain = "rpc" with anvil.',
            ) from error

    def ask(self, method: str, *parameters: Any) -> Answer:
        """What eth-tester answers, in the form of JSON-RPC."""
        from web3.exceptions import BlockNotFound, TransactionNotFound

        try:
            made: Any = self._web3.manager.request_blocking(method, list(parameters))  # type: ignore[arg-type]
        except (BlockNotFound, TransactionNotFound):
            return Result(None)
        except NotImplementedError as error:
            return Unanswered(f"eth-tester cannot answer {method}: {error}")
        except self._refusals as error:
            return Refused(-32000, str(error))
        return Result(_to_json(made))

    def close(self) -> None:
        """Nothing is held."""


_tester: list[TesterBackend] = []


def require_chain(settings: Settings) -> None:
    """Make sure that the settings name a chain.

    Raises:
        LedgerError: the ledger is kept in files alone.
    """
    if settings.ledger_chain == "files":
        raise _unchained()


def _unchained() -> LedgerError:
    return LedgerError(
        "This ledger is kept in files alone, and anchored on no chain.",
        'Set ledger_chain = "rpc" and ledger_rpc in kiyome.toml, then make a contract with '
        "`kiyome ledger deploy`.",
    )


def open_backend(settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> Backend:
    """The backend that the settings name. The tester is one and the same in a process.

    Raises:
        LedgerError: the settings do not say where the chain is.
        ChainError: its address cannot be used.
    """
    if settings.ledger_chain == "files":
        return FilesBackend()
    if settings.ledger_chain == "tester":
        if not _tester:
            _tester.append(TesterBackend())
        return _tester[0]
    if not settings.ledger_rpc:
        raise LedgerError(
            'ledger_chain is "rpc", but no endpoint is named.', "Set ledger_rpc in kiyome.toml."
        )
    return RpcBackend(settings.ledger_rpc, sleep=sleep)


def _to_json(value: Any) -> Any:
    """Numbers and bytes as ``0x…``, the way a node would write them."""
    if value is None or isinstance(value, (bool, str)):
        return value.lower() if isinstance(value, str) and value.startswith("0x") else value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, bytes):
        return "0x" + bytes(value).hex()
    if isinstance(value, Mapping):
        return {key: _to_json(part) for key, part in value.items()}
    return [_to_json(part) for part in value]
