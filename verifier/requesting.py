"""Making an auditor's request from a copy of a log's public folder and a block."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from verifier.batch import open_batch
from verifier.canonical import decode_file, encode
from verifier.chain import Chain, Receipt
from verifier.drawing import RELEASE_DIGITS, Beacon, Request, make_request, read_share
from verifier.folder import list_folder, read_file
from verifier.heads import Trust
from verifier.note import MAX_NOTE_BYTES, Head, Key, open_checkpoint
from verifier.report import CheckError, UncheckedError

_MAX_JSON_BYTES = 1 << 24
_PERCENT = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,7})?%", re.ASCII)


def parse_share(text: str) -> Decimal:
    """``1%`` or ``0.01``.

    Raises:
        CheckError: it is neither, or not between 0 and 1.
    """
    try:
        value = Decimal(text[:-1]) / 100 if _PERCENT.fullmatch(text) else Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or not 0 < value < 1:
        raise CheckError("request", f"{text!r} is not a share between 0 and 1, as in 1% or 0.01.")
    return read_share(format(value.normalize(), "f"))


def request_audit(
    folder: Path,
    trust: Trust,
    release: str | None,
    block: tuple[int, str] | None,
    rate: Decimal,
    confidence: Decimal,
    run: str | None = None,
) -> Request:
    """Draw the entries of a release, or of a training run, that an operator is to open.

    Args:
        folder: a copy of the public folder.
        trust: the log's key, and a node where there is one.
        release: the release's id, or how it begins (8 digits and more); of a run, the one that it
            used, which may be left out where it used only one.
        block: number and hash of a block, typed in; None asks the node for its newest final one.
        rate: no more than this part of the uses may violate.
        confidence: how sure that shall be.
        run: the training run's name; None audits the release itself.

    Raises:
        CheckError: the folder or the chain does not fit.
        UncheckedError: something that it takes is missing.
    """
    text = read_file(folder / "vkey", MAX_NOTE_BYTES, "vkey").decode("utf-8", "replace")
    key = Key.parse(text.removesuffix("\n"))
    if trust.key is not None and trust.key != key:
        raise CheckError("key", "The folder is of another key than the one that was given.")
    batches = _read_batches(folder, key)
    name = used = "" if release is None else _find(release, batches)
    if run is not None:
        name, used = _find_run(run, used, batches)
    elif not name:
        raise UncheckedError("batch", "Nothing is named: give --release, or --run.")
    batch_file, data = batches[name]
    batch = open_batch(batch_file, key)
    size, receipt = _find_anchor(folder, key, name, hashlib.sha256(data).hexdigest(), batch.head)
    shown = "checkpoint" if receipt is None else f"checkpoints/{size}"
    checkpoint = read_file(folder / shown, MAX_NOTE_BYTES, shown)
    open_checkpoint(checkpoint, key)
    beacon = _choose_block(trust.chain, receipt, block)
    revocations = sum(
        other.counts["revoke"]
        for value, _ in batches.values()
        if (other := open_batch(value, key)).first < batch.first
    )
    request = make_request(
        key,
        batch_file,
        checkpoint.decode(),
        receipt,
        beacon,
        rate,
        confidence,
        revocations,
        None if run is None else batches[used][0],
    )
    if trust.chain is not None and request.receipt is not None:
        trust.chain.look_up(request.receipt)
        trust.chain.confirm_block(beacon.number, "0x" + beacon.digest.hex())
    return request


def write_request(request: Request, to: Path) -> None:
    """Write the request's file.

    Raises:
        UncheckedError: it cannot be written, or is there already.
    """
    try:
        with to.open("xb") as file:
            file.write(encode(request.as_dict()) + b"\n")
    except FileExistsError:
        raise UncheckedError("file", f"{to} is there already: name another file.") from None
    except OSError as error:
        raise UncheckedError("file", f"{to} cannot be written: {error.strerror}.") from None


def _read_batches(folder: Path, key: Key) -> dict[str, tuple[dict[str, Any], bytes]]:
    found = {}
    for path in list_folder(folder / "batches"):
        data = read_file(path, _MAX_JSON_BYTES, f"batches/{path.name}")
        value = decode_file(data)
        found[open_batch(value, key).batch_id] = (value, data)
    return found


def _find(release: str, names: dict[str, Any]) -> str:
    if release in names:
        return release
    found = [name for name in names if name.startswith(release)] if len(release) >= 8 else []
    if len(found) != 1:
        how_many = "More than one release" if found else "No release"
        raise CheckError("batch", f"{how_many} of the folder has an id that begins {release!r}.")
    return found[0]


def _find_run(run: str, release: str, names: dict[str, Any]) -> tuple[str, str]:
    """The batch of a run, and that of the release that it used."""
    found = [
        (name, used)
        for used in ([release] if release else sorted(names))
        if (name := f"run-{run}-{used[:RELEASE_DIGITS]}") in names
    ]
    if len(found) != 1:
        how_many = "More than one release was used by a run" if found else "There is no run"
        remedy = ": name one with --release" if found else ""
        raise CheckError("batch", f"{how_many} of the name {run!r} in this folder{remedy}.")
    return found[0]


def _find_anchor(
    folder: Path, key: Key, name: str, digest: str, head: Head
) -> tuple[int, dict[str, Any] | None]:
    """The size of the head that anchored a batch, with its receipt; none where nothing did."""
    sizes = sorted(
        int(path.name.removesuffix(".json"))
        for path in list_folder(folder / "anchors")
        if path.name.removesuffix(".json").isdigit()
    )
    size = next((size for size in sizes if size >= head.size), None)
    if size is None:
        return head.size, None
    data = read_file(folder / "anchors" / f"{size}.json", _MAX_JSON_BYTES, f"anchors/{size}.json")
    anchor = decode_file(data)
    if anchor.get("origin") != key.name or {"id": name, "sha256": digest} not in (
        anchor.get("batches") or ()
    ):
        raise CheckError("anchors", f"anchors/{size}.json does not name the batch {name}.")
    path = folder / "receipts" / f"{size}.json"
    if not path.exists():
        raise UncheckedError(
            "receipt", f"The head of {size} leaves is not final on its chain yet: come back later."
        )
    value = decode_file(read_file(path, _MAX_JSON_BYTES, f"receipts/{size}.json"))
    if Receipt.parse(value).manifest != hashlib.sha256(data).digest():
        raise CheckError("receipts", f"receipts/{size}.json is not of anchors/{size}.json.")
    return size, value


def _choose_block(
    chain: Chain | None, receipt: dict[str, Any] | None, block: tuple[int, str] | None
) -> Beacon:
    if block is not None:
        chain_id = Receipt.parse(receipt).chain_id if receipt else 0
        return Beacon(chain_id, block[0], bytes.fromhex(block[1].removeprefix("0x")), by_hand=True)
    if chain is None:
        raise UncheckedError(
            "beacon", "Nothing draws: give --rpc, or --block-hash and --block-number."
        )
    if receipt is None:
        raise CheckError("receipt", "The release is anchored on no chain: no block is after it.")
    number, digest = chain.newest_final()
    return Beacon(chain.chain_id(), number, bytes.fromhex(digest.removeprefix("0x")), by_hand=False)
