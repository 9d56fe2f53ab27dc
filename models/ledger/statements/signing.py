"""Signs a statement with the log's key, and checks the signature.

As with a batch's file, the signature covers a text that can never be read as a checkpoint: name of
the log, format, and the statement in canonical JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.compensation.payouts import Payout, verify_payout
from models.ledger.note import Signer, Verifier
from models.ledger.report import Check, VerificationReport, conclude
from models.ledger.statements.statement import FORMAT, Statement


def sign_statement(statement: Statement, signer: Signer) -> bytes:
    """The content of ``statement.json``."""
    value = decode_canonical(encode_canonical(statement.as_dict()))
    signature = base64.b64encode(signer.sign(_signed_text(signer.name, value))).decode()
    return encode_canonical({"signature": signature, "statement": value}) + b"\n"


def open_statement(data: bytes, verifier: Verifier) -> dict[str, Any]:
    """What a statement says, once its signature holds.

    Args:
        data: the content of ``statement.json``.
        verifier: the log's key, from a source that is trusted.

    Raises:
        LedgerError: it is damaged, or not signed by that key.
    """
    try:
        file = decode_canonical(data.removesuffix(b"\n"))
        value = file["statement"]
        signature = base64.b64decode(file["signature"], validate=True)
        sound = (
            data.endswith(b"\n")
            and file.keys() == {"signature", "statement"}
            and value["format"] == FORMAT
            and base64.b64encode(signature).decode() == file["signature"]
        )
        if sound and verifier.verify(_signed_text(verifier.name, value), signature):
            return dict(value)
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerError(
            f"The statement is damaged: {error}.", "Ask whoever made it for it again."
        ) from error
    raise LedgerError(
        "The statement's signature does not hold.",
        "Compare the key with the one that is published.",
    )


def verify_statement_file(path: Path, vkey: str | None) -> VerificationReport:
    """Check a statement's signature and its sums. Never raises: what is wrong is a failed check.

    Its proofs are files of their own (``models.ledger.proofs``).

    Args:
        path: ``statement.json``.
        vkey: the log's public key, from a source that is trusted; without it the file's own.
    """
    try:
        data = path.read_bytes()
        own = decode_canonical(data.removesuffix(b"\n"))["statement"]["vkey"]
        value = open_statement(data, Verifier.parse(vkey or own))
        sums = _check_sums(value)
        size, root = int(value["size"]), str(value["root"])
    except OSError as error:
        return _fail(f"{path.name} cannot be read: {error.strerror}.")
    except LedgerError as error:
        return _fail(error.problem)
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
        return _fail(f"{path.name} is damaged: {error}.")
    trust = "the key that was given" if vkey else "the key in the file; give the one you trust"
    checks = (Check("signature", ok=True, detail=f"It is signed with {trust}."), *sums)
    return VerificationReport(all(check.ok for check in checks), size, root, checks)


def _check_sums(value: dict[str, Any]) -> Sequence[Check]:
    """Recompute what the statement itself has everything for."""
    money, problems = value["money"], []
    for line in value["lines"]:
        weight = line["samples"] * Fraction(line["multiplier"])
        if weight != Fraction(line["weight"]):
            problems.append(f"entry {line['index']} does not weigh {line['weight']}")
    lines = sum((Fraction(line["weight"]) for line in value["lines"]), Fraction(0))
    if lines != Fraction(money["weight"]):
        problems.append(
            f"the lines come to {lines} and the weight is {money['weight']}: something is missing, "
            "or was entered after the payout"
        )
    if money["is_settled"]:
        problems += _find_wrong_amounts(money)
    paid = [Payout(c["index"], c["account"], int(c["amount"])) for c in money["claims"]]
    root = bytes.fromhex(money["claims_root"].removeprefix("0x"))
    wrong = [
        f"claim {payout.index} is not in the payout tree"
        for payout, claim in zip(paid, money["claims"], strict=True)
        if not verify_payout(payout, [bytes.fromhex(p[2:]) for p in claim["proof"]], root)
    ]
    return (
        conclude("sums", problems, "Weights and amounts add up."),
        conclude("claims", wrong, f"{len(paid)} claims are in the payout tree."),
    )


def _find_wrong_amounts(money: dict[str, Any]) -> list[str]:
    pot, gross, before, net, after = (
        int(money[name]) for name in ("pot", "gross", "carried_in", "net", "carried_out")
    )
    problems = []
    weight = Fraction(money["weight"])
    part = pot * weight / Fraction(money["total_weight"]) if weight else Fraction(0)
    if abs(gross - part) >= 1:
        problems.append(f"the part of the pot is {part}, not {gross}")
    if gross + before != net + after:
        problems.append("what is due is not what is paid and carried over")
    if money["shares"] and sum(int(share["amount"]) for share in money["shares"]) != net:
        problems.append("the accounts do not get what is paid")
    return problems


def _fail(detail: str) -> VerificationReport:
    return VerificationReport(False, 0, "", (Check("signature", ok=False, detail=detail),))


def _signed_text(origin: str, value: Any) -> bytes:
    return f"{origin}\n{FORMAT}\n".encode() + encode_canonical(value) + b"\n"
