"""Freshness: whether a run would find anything that the last one did not.

Everything that a result depends on is digested before a run looks at it, so that a change that
comes in while the run is going on makes the next run look again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.canonical import digest_bytes, digest_of
from models.captions.records import effective_edits
from models.consent.evidence.recording import latest_evidence
from models.errors import WorkspaceError
from models.files import write_atomically
from models.motifs.weights import FOLDER_PREFIX
from models.nouns.lettering.reader import lettering_packages
from models.nouns.terms.records import effective_term_rulings
from models.policy import Policy
from models.releases.proposal import ProposalState, open_proposal, owes_ledger
from models.releases.publishing import holds_manifest, latest_release
from models.review.queue import effective_rulings
from models.runs import WAITING, find_fresh
from models.settings import Settings
from models.store.database import Database
from models.store.tables import RegisterRow
from models.summary import Summary
from models.takedowns import takedown_times
from models.withdrawals import read_withdrawals

_CODE = Path(__file__).resolve().parent
_CODE_SUFFIXES = (".py", ".json", ".npz", ".safetensors")
"""Of files beside the code that what is found depends on."""

_SETTINGS = (
    *(
        "encoder",
        "encoder_backend",
        "noun_models",
        "noun_components",
        "read_lettering",
        "shard_size",
        "max_bytes",
        "max_pixels",
        "ledger_origin",
        "ledger_chain",
        "ledger_contract",
    ),
    *("consult", "consent_rpc", "ipfs_gateways", "arweave_gateways", "fetch_allow"),
)


def read_state(database: Database, dataset: str) -> dict[str, Any]:
    """What the database holds that verdicts depend on: registers, rulings, takedowns, evidence."""
    with database.snapshot() as session:
        return read_state_in(session, dataset)


def read_state_in(session: Session, dataset: str) -> dict[str, Any]:
    """``read_state`` as a transaction sees it."""
    return {
        "registers": {row.kind: row.version for row in session.scalars(select(RegisterRow))},
        "rulings": {
            asset_id: ruling.ruling_id
            for asset_id, ruling in effective_rulings(session, dataset).items()
        },
        "terms": {
            term: ruling.ruling_id
            for term, ruling in effective_term_rulings(session, dataset).items()
        },
        "takedowns": sorted(takedown_times(session)),
        "withdrawals": read_withdrawals(session).as_lines(),
        "caption_edits": {
            asset_id: [edit.id for edit in edits]
            for asset_id, edits in effective_edits(session, dataset).items()
        },
        "evidence": latest_evidence(session),
    }


def digest_inputs(
    state: dict[str, Any], settings: Settings, policy: Policy, plan_digest: str
) -> str:
    """Digest of everything that a run's result depends on besides time.

    Args:
        state: ``read_state`` from before the run looked at anything.
        plan_digest: ``models.planning.Plan.digest``.
    """
    return digest_of(
        {
            "state": state,
            "settings": {name: getattr(settings, name) for name in _SETTINGS},
            "lettering": lettering_packages() if settings.read_lettering else [],
            "encoder_files": _stat_encoder(settings.encoder),
            "calibration": _digest_calibration(settings.motif_calibration),
            "trust_anchors": _stat_files(
                settings.policy.absolute().parent / name
                for name in policy.consent.c2pa_trust_anchors
            ),
            "policy": policy.digest,
            "plan": plan_digest,
            "code": describe_code(),
        }
    )


def describe_code() -> list[list[str | int]]:
    """Path, size and time of every file of the domain's code and of what it reads beside it."""
    return _stat_files(p for p in sorted(_CODE.rglob("*")) if p.suffix in _CODE_SUFFIXES)


def find_fresh_summary(
    database: Database, workspace: Path, dataset: str, inputs: str
) -> Summary | None:
    """The summary of the last run, where running again would change nothing; else None.

    The release has to be there with the bytes that were published, too.
    """
    run = find_fresh(database, dataset, inputs)
    summary = read_summary(workspace, run.id) if run else None
    if run is None or summary is None:
        return None
    if run.status == WAITING:
        return _find_waiting(database, workspace, dataset, run.release, summary)
    release = latest_release(database, dataset)
    if release is None or run.release != release.id:
        return None
    if not holds_manifest(release, workspace) or owes_ledger(release, workspace):
        return None
    return replace(summary, sign_off="", release_folder=str(release.path(workspace)))


def _find_waiting(
    database: Database, workspace: Path, dataset: str, release_id: str, summary: Summary
) -> Summary | None:
    """The summary of a run whose release waits; what is approved has to be published first."""
    with database.snapshot() as session:
        proposal = open_proposal(session, dataset)
    if proposal is None or proposal.release.id != release_id:
        return None
    if proposal.state is ProposalState.APPROVED:
        return None
    if not holds_manifest(proposal.release, workspace):
        return None
    return replace(summary, sign_off=proposal.state.value)


def read_summary(workspace: Path, run_id: str) -> Summary | None:
    """A run's summary; None where it is lost, or was written by another version."""
    try:
        return Summary.from_dict(json.loads(_summary_path(workspace, run_id).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remember_summary(workspace: Path, summary: Summary) -> None:
    """Keep a run's summary.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = _summary_path(workspace, summary.run)
    try:
        write_atomically(path, json.dumps(summary.as_dict(), ensure_ascii=False).encode())
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def _summary_path(workspace: Path, run_id: str) -> Path:
    return workspace / "runs" / f"{run_id}.summary.json"


def _stat_encoder(encoder: str) -> list[list[str | int]]:
    """The files that an encoder's name may end in: the name does not say what they hold."""
    named = encoder.split(":", 1)[-1]
    if named.startswith(FOLDER_PREFIX):
        folder = Path(named.removeprefix(FOLDER_PREFIX))
        return _stat_files(sorted(folder.iterdir()) if folder.is_dir() else [])
    parts = named.split("/")
    return _stat_files(Path("/".join(parts[i:])) for i in range(len(parts)))


def _digest_calibration(file: Path | None) -> str:
    """Digest of a calibration's bytes; of one that cannot be read its name, as a run will tell."""
    if file is None:
        return ""
    try:
        return digest_bytes(file.read_bytes())
    except OSError:
        return f"unreadable {file}"


def _stat_files(paths: Iterable[Path]) -> list[list[str | int]]:
    found: list[list[str | int]] = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        if path.is_file():
            found.append([str(path), stat.st_size, str(stat.st_mtime_ns)])
    return found
