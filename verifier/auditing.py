"""An audit's folder: everything that an operator opened of the entries that a block drew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from verifier.bounds import bound_share
from verifier.canonical import MAX_FILE_BYTES, decode_file
from verifier.chain import Chain
from verifier.consent import Terms, read_terms
from verifier.drawing import Request, read_request
from verifier.entries import Revocation, read_revocation
from verifier.folder import list_folder, read_file
from verifier.heads import Examined, Trust, choose_key
from verifier.manifest import count_rows
from verifier.note import Key
from verifier.report import CheckError, Checks, Status, UncheckedError
from verifier.weighing import MAX_ENTRY_BYTES, Found, judge_entry

_SHOWN = 100


def examine_audit(folder: str, trust: Trust, kept: bytes | None) -> Examined:
    """Check an audit's folder. Never raises: what is wrong is a failed check.

    Args:
        kept: the request as the auditor kept it; None where they did not.
    """
    examined = Examined(folder, "audit")
    try:
        _check(examined, Path(folder), trust, kept)
    except CheckError as fault:
        examined.checks.blame(fault)
    return examined


def check_beacon(request: Request, chain: Chain) -> str:
    """A sentence about the request's block, once the node says the same.

    Raises:
        CheckError: it says something else. UncheckedError: it says nothing.
    """
    if request.receipt is None:
        raise UncheckedError("receipt", f"The {request.what} is anchored nowhere.")
    anchored = chain.look_up(request.receipt)
    chain.confirm_block(request.beacon.number, "0x" + request.beacon.digest.hex())
    return f"{anchored} The block {request.beacon.number} is final, and after it."


def _check(examined: Examined, folder: Path, trust: Trust, kept: bytes | None) -> None:
    checks = examined.checks
    data = read_file(folder / "request.json", MAX_FILE_BYTES, "request.json")
    value = decode_file(data)
    named = Key.parse(str(value.get("vkey")))
    examined.key = choose_key(named, trust, checks)
    request = read_request(value, examined.key)
    examined.heads.append(request.head)
    checks.add("checkpoint", f"The head of {request.head.size} leaves is signed by the log.")
    detail = (
        f"{len(request.positions)} of the {request.entries} entries of {request.batch.batch_id} "
        f"follow from the block {request.beacon.number}."
    )
    checks.add("draw", detail)
    if request.release is not None:
        detail = (
            f"{request.batch.batch_id} is a training run's: it used {request.rests_on.batch_id}."
        )
        checks.add("run", detail)
    _check_request(checks, request, data, kept)
    _check_chain(checks, request, trust)
    terms = _read_policy(checks, folder, request)
    _check_sums(checks, folder, request, terms)
    revocations = _read_revocations(checks, folder, request)
    found = Found()
    for index in sorted(request.positions):
        judge_entry(found, folder, index, request, terms, revocations)
    _conclude(checks, request, found)


def _check_request(checks: Checks, request: Request, data: bytes, kept: bytes | None) -> None:
    if kept is None:
        detail = (
            "Whether the request is the one that you made was not checked: give --request. "
            "Another block, rate or number of revocations would make it another."
        )
        checks.add("request", detail, Status.NOTE)
    elif kept != data:
        raise CheckError("request", "The folder answers another request than the one you kept.")
    else:
        checks.add("request", "The folder answers the request that you kept.")
    if request.beacon.by_hand:
        detail = (
            "The block's hash was typed in. Whoever chose it may have chosen the entries: take "
            "it from a source that nobody here can bend."
        )
        checks.add("beacon", detail, Status.NOTE)


def _check_chain(checks: Checks, request: Request, trust: Trust) -> None:
    if request.receipt is None:
        detail = (
            "The head is anchored nowhere: that the log was as it is before the block, nobody can "
            "tell from this folder."
        )
        checks.add("receipt", detail, Status.NOTE)
    elif trust.chain is None:
        detail = (
            "Neither the receipt nor the block was looked up: give --rpc and --contract. Without "
            "them the block's number and hash are the request's own word."
        )
        checks.add("receipt", detail, Status.NOTE)
    else:
        checks.add("receipt", check_beacon(request, trust.chain))


def _read_policy(checks: Checks, folder: Path, request: Request) -> Terms | None:
    if not (folder / "policy.json").exists():
        detail = "The policy of the release was not opened: no use can be weighed."
        checks.add("policy", detail, Status.UNCHECKED)
        return None
    data = read_file(folder / "policy.json", MAX_ENTRY_BYTES, "policy.json")
    if hashlib.sha256(data).digest() != request.rests_on.policy:
        raise CheckError("policy", "The policy is not the one whose digest the batch signs.")
    terms = read_terms(data)
    profile = "opt-out, silence is accepted" if terms.opt_out else "opt-in"
    detail = f"The policy is the one that the batch signs ({profile})."
    checks.add("policy", detail)
    return terms


def _check_sums(checks: Checks, folder: Path, request: Request, terms: Terms | None) -> None:
    counts = ", ".join(f"{n} {name}" for name, n in sorted(request.batch.counts.items()) if n)
    detail = f"The signed counts ({counts}) and the owners' records both come to {request.entries}."
    checks.add("sums", detail)
    if not (folder / "manifest.parquet").exists():
        detail = "The manifest was not opened: how many assets it lists was not counted."
        checks.add("manifest", detail, Status.NOTE)
        return
    data = read_file(folder / "manifest.parquet", MAX_FILE_BYTES, "manifest.parquet")
    if hashlib.sha256(data).digest() != request.rests_on.manifest:
        raise CheckError("manifest", "The manifest is not the one whose digest the batch signs.")
    rows = count_rows(data)
    if request.release is not None:
        if rows < request.uses:
            detail = f"The manifest lists {rows} assets, and the run counts {request.uses} uses."
            raise CheckError("manifest", detail)
        detail = f"The manifest is the one that the release's batch signs; it lists {rows} assets."
        checks.add("manifest", detail)
        return
    purposes = len(terms.purposes) if terms is not None else 1
    if rows * purposes != request.uses:
        raise CheckError(
            "manifest",
            f"The manifest lists {rows} assets for {purposes} purposes, and the batch counts "
            f"{request.uses} uses.",
        )
    detail = f"The manifest is the one that the batch signs; its {rows} assets are all the uses."
    checks.add("manifest", detail)


def _read_revocations(
    checks: Checks, folder: Path, request: Request
) -> dict[tuple[str, str], list[Revocation]]:
    found: dict[tuple[str, str], list[Revocation]] = {}
    opened = 0
    for path in list_folder(folder / "revocations"):
        name = path.name.removesuffix(".json")
        if not (name.isascii() and name.isdigit() and name == str(int(name))):
            raise CheckError("revocations", f"revocations/{path.name} is not named for an entry.")
        data = read_file(path, MAX_ENTRY_BYTES, f"revocations/{path.name}")
        each = read_revocation(decode_file(data), int(name), request)
        found.setdefault((each.asset, each.purpose), []).append(each)
        opened += each.index < request.batch.first
    if opened > request.revocations:
        detail = f"{opened} revocations were opened, and the request counts {request.revocations}."
        raise CheckError("revocations", detail)
    if opened == request.revocations:
        detail = f"All {opened} revocations that stand before the {request.what} were opened."
        checks.add("revocations", detail)
    else:
        detail = (
            f"{opened} of the {request.revocations} revocations that stand before the "
            f"{request.what} were opened: that none of the others is about a drawn use is the "
            "operator's word."
        )
        checks.add("revocations", detail, Status.NOTE)
    return found


def _conclude(checks: Checks, request: Request, found: Found) -> None:
    drawn = len(request.positions)
    opened = found.uses + found.others
    if opened:
        detail = (
            f"{opened} of {drawn} drawn entries were opened and stand under the head: "
            f"{found.uses} uses, {found.others} others."
        )
        checks.add("entries", detail)
    _tell_grounds(checks, found)
    if found.kept:
        detail = f"{len(found.kept)} pieces of evidence were opened, and have the digests named."
        checks.add("evidence", detail)
    if found.unkept:
        detail = (
            f"{len(found.unkept)} pieces of evidence were not kept, says the operator: only their "
            "digests follow from the records."
        )
        checks.add("evidence", detail, Status.NOTE)
    if found.never_kept:
        detail = (
            f"{len(found.never_kept)} pieces of evidence were not kept, and their uses' records "
            "say so: only their digests follow from the records."
        )
        checks.add("evidence", detail, Status.NOTE)
    if found.on_chain:
        detail = (
            f"{found.on_chain} statements name a chain and mostly a block that they were read at: "
            "a node of yours says whether they were."
        )
        checks.add("chain", detail, Status.NOTE)
    _list(checks, "opened", found.missing, Status.FAILED)
    _list(checks, "evidence", found.absent, Status.FAILED)
    _list(checks, "violation", found.violations, Status.FAILED)
    _list(checks, "unverifiable", found.unverifiable, Status.UNCHECKED)
    if found.erased:
        detail = f"{found.erased} drawn entries are of erased owners: nothing can be shown of them."
        checks.add("erased", detail, Status.NOTE)
    if found.sound:
        detail = f"{found.sound} of {found.uses} drawn uses were consented to by what was opened."
        checks.add("consent", detail)
    _bound(checks, request, found.counted)


def _tell_grounds(checks: Checks, found: Found) -> None:
    if found.grounded:
        detail = (
            f"The manifest's row and the statements of {found.grounded} uses are those whose "
            "digest their records hold."
        )
        checks.add("grounds", detail)
    if found.ungrounded:
        detail = (
            f"The records of {found.ungrounded} uses hold no digest of their grounds. Of the "
            "manifest's row, asset_id, decided_by, reasons and the carriers and evidence in "
            "consent follow from the record; basis and the source, setter, trust and license_ref "
            "in consent are the operator's word, and so is what the statements say."
        )
        checks.add("grounds", detail, Status.NOTE)


def _bound(checks: Checks, request: Request, counted: int) -> None:
    drawn, sure = len(request.positions), format((request.confidence * 100).normalize(), "f")
    taken = f"{counted} of {drawn} drawn count as violations"
    if drawn == request.entries:
        share = Decimal(counted) / Decimal(request.uses)
        detail = f"Every entry was drawn: {_percent(share)} % of the uses violate ({taken})."
    else:
        bound = Decimal(bound_share(drawn, counted, float(request.confidence)))
        share = min(Decimal(1), bound * request.entries / request.uses)
        detail = (
            f"With {sure} % confidence at most {_percent(share)} % of the uses violate ({taken}; "
            "Clopper-Pearson)."
        )
    # A bound without a violation is what the number of entries was chosen for.
    reached = counted == 0 or share <= request.rate
    wanted = format((request.rate * 100).normalize(), "f")
    if not reached:
        detail += f" That is more than the {wanted} % that were asked for."
    checks.add("bound", detail, Status.OK if reached else Status.UNCHECKED)


def _percent(share: Decimal) -> str:
    rounded = (share * 100).quantize(Decimal("0.0001"), ROUND_CEILING)
    return format(rounded.normalize(), "f")


def _list(checks: Checks, name: str, details: Sequence[str], status: Status) -> None:
    for detail in _shorten(details):
        checks.add(name, detail[0].upper() + detail[1:] + ".", status)


def _shorten(details: Sequence[str]) -> Iterator[str]:
    yield from details[:_SHOWN]
    if len(details) > _SHOWN:
        yield f"and {len(details) - _SHOWN} more"
