"""How many signatures a second one core recovers: Kiyome's own way, over eth-account's.

    python benchmarks/signatures.py

Both recover the same signers from the same EIP-712 consent statements, from the fields to the
address. eth-account is run on eth-keys' pure-Python backend, which it falls back to where
coincurve is not installed. Also prints how many whole documents are read and verified.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.signed.consent_statement import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    PRIMARY_TYPE,
    TYPES,
    Scheme,
    digest_statement,
)
from models.consent.signed.document import read_signed_document
from models.consent.signed.parsing import SignedDocument, parse_document
from models.consent.signed.recovery import recover_address
from models.consent.statements import Condition

_GOAL = 1_500
_PREFERENCE = {"dataMining": "allowed", "aiTrainingWithAuthorship": "allowed"}
_ASSET = "ab" * 32
_CHAIN = 1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=2000)
    parser.add_argument("--slow-statements", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    files = [_sign(number) for number in range(given.statements)]
    documents = [parse_document(data) for data in files]
    few = documents[: given.slow_statements]
    recover_theirs = _pure_python_recovery()

    def ours() -> None:
        for document in documents:
            assert _recover(document) == document.signer

    def theirs() -> None:
        for document in few:
            assert recover_theirs(document) == document.signer

    def whole() -> None:
        for data in files:
            [statement] = read_signed_document(data, "a.json", _ASSET)
            assert statement.condition is Condition.SOUND

    own = len(documents) / _best(ours, given.repeat)
    slow = len(few) / _best(theirs, given.repeat)
    read = len(files) / _best(whole, given.repeat)
    print(f"recovered by Kiyome (coincurve)    {own:10.0f} signatures/s")
    print(f"by eth-account in pure Python      {slow:10.0f} signatures/s")
    print(f"ratio                              {own / slow:10.1f}")
    print(f"documents read and verified        {read:10.0f} documents/s")
    print(f"goal of {_GOAL:,}/s on one core: {'met' if own >= _GOAL else 'missed'}")
    return 0 if own >= _GOAL else 1


def _sign(number: int) -> bytes:
    key = SigningKey((number + 1).to_bytes(32, "big"))
    statement = draft_statement(
        _PREFERENCE, 1_760_000_000, asset_cid=f"sha256:{_ASSET}", token_id=number, nonce=number
    )
    return sign_statement(statement, _PREFERENCE, _CHAIN, key)


def _recover(document: SignedDocument) -> str:
    digest = digest_statement(
        document.statement, document.preference, document.chain_id, Scheme.EIP712
    )
    return recover_address(digest, document.signature)


def _pure_python_recovery() -> Callable[[SignedDocument], str]:
    os.environ["ECC_BACKEND_CLASS"] = "eth_keys.backends.NativeECCBackend"
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_keys.backends import NativeECCBackend, get_backend

    assert isinstance(get_backend(), NativeECCBackend)
    types = {
        name: [{"name": field, "type": kind} for field, kind in fields]
        for name, fields in TYPES.items()
    }

    def recover(document: SignedDocument) -> str:
        message: dict[str, Any] = {
            "types": types,
            "primaryType": PRIMARY_TYPE,
            "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": _CHAIN},
            "message": document.statement.as_message(),
        }
        encoded = encode_typed_data(full_message=message)
        return str(Account.recover_message(encoded, signature=document.signature)).lower()

    return recover


def _best(work: Callable[[], None], repeat: int) -> float:
    work()
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    sys.exit(main())
