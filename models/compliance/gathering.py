"""Gathering the facts of a release from the workspace, the database and the usage ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.assets.shards import read_shard
from models.compliance.decisions import count_outcomes, list_decisions
from models.compliance.facts import Composition, Consent, Facts, Missing, Removals
from models.compliance.ledger_files import read_ledger
from models.compliance.licences import count_licences, list_licences, write_expression
from models.compliance.removals import gather_removals
from models.compliance.reviewing import read_review, read_rulings
from models.consent.purposes import Purpose
from models.errors import KiyomeError, ReleaseError
from models.ledger.log import UsageLedger
from models.planning import dataset_folder, read_plan
from models.policy import Policy
from models.releases.attribution import FILE as ATTRIBUTION_FILE
from models.releases.audited import read_policy
from models.releases.consent_share import count_consent
from models.releases.manifest import digest_exclusions
from models.releases.noticing import make_notice
from models.releases.publishing import (
    REWRITTEN_FILE,
    find_release,
    latest_release,
    purposes_of,
    read_facts,
    read_manifest,
)
from models.releases.release import Release
from models.review.quality.wording import Words
from models.settings import Settings
from models.store.database import Database
from models.takedowns import find_taken_down, takedown_times
from models.verdicts import Verdict
from models.withdrawals import read_withdrawals


def gather_facts(
    database: Database,
    settings: Settings,
    release: Release,
    policy: Policy | None,
    *,
    publisher: str = "",
    url: str = "",
    is_confidential: bool = False,
) -> Facts:
    """Everything that is known of a release.

    Args:
        policy: the present one, for the case that it is the release's and was not kept.

    Raises:
        ReleaseError: a file of the release is missing or damaged, or does not fit the others.
        LedgerError: the usage ledger is missing or damaged.
    """
    workspace = settings.workspace
    manifest, outcomes = _read_release(release, workspace)
    described = read_facts(release, workspace)
    if described.get("id") != release.id:
        raise _damaged(release, "release.json")
    described = keep_public(described)
    policy_sha256 = str(described.get("policy", {}).get("sha256", ""))
    said = read_policy(workspace, policy_sha256, policy) if policy_sha256 else None
    purposes = purposes_of(release, workspace)
    ledger = _open_ledger(settings)
    with database.snapshot() as session:
        rulings = read_rulings(session, release.dataset)
        review = read_review(session, release)
    licences = list_licences(manifest)
    missing = _list_missing(said is None, release, manifest)
    notice: bytes | None = None
    if release.number > 1:
        try:
            _, _, notice = make_notice(database, settings, release.dataset, release.number)
        except ReleaseError:
            missing.append(Missing("removal-notice.json", _EARLIER_LOST))
    in_ledger = read_ledger(ledger, release.id)
    if in_ledger.batch is None:
        missing.append(Missing("ledger/", _NOT_LOGGED))
    return Facts(
        release=release,
        described=described,
        manifest_bytes=(release.path(workspace) / "manifest.parquet").stat().st_size,
        composition=_compose(release, workspace, manifest),
        consent=_tell_consent(manifest, licences, described, purposes),
        outcomes=count_outcomes(outcomes),
        policy=str(described.get("policy", {}).get("label", "")),
        policy_sha256=policy_sha256,
        policy_said=said,
        review=review,
        removals=_tell_removals(database, workspace, release, manifest, purposes),
        ledger=in_ledger,
        attribution=_read_optional(release.path(workspace) / ATTRIBUTION_FILE),
        notice=notice,
        decisions=list_decisions(
            outcomes,
            rulings,
            ledger.reference,
            policy_sha256,
            release.created_ms,
            with_names=is_confidential,
        ),
        licences=licences,
        publisher=publisher,
        url=url,
        is_confidential=is_confidential,
        missing=tuple(missing),
    )


_PUBLIC = frozenset(
    {
        *(
            "assets",
            "cleared",
            "consent",
            "counts",
            "dataset",
            "encoder",
            "exclusions_sha256",
            "id",
        ),
        *("layout", "manifest_sha256", "number", "policy", "previous", "reasons", "registers"),
        *("id", "removed", "removed_is_known", "run"),
    }
)


def keep_public(described: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``release.json`` may be published: no path of the machine, and nothing unknown."""
    kept = {key: value for key, value in described.items() if key in _PUBLIC}
    encoder = kept.get("encoder")
    if isinstance(encoder, dict) and str(encoder.get("name", "")).count("/") > 1:
        # Weights from a file are named by its path; the fingerprint says which they were.
        name = str(encoder["name"]).partition("/")[0]
        kept["encoder"] = {**encoder, "name": f"{name}/a file"}
    return kept


_NOT_LOGGED = Words(
    "The usage ledger holds no batch of this release.",
    "利用台帳に、このリリースのバッチがありません。",
)
_NO_POLICY = Words(
    "The policy of that time was not kept, and the present one is another.",
    "当時のポリシーは保存されておらず、現在のポリシーとは異なります。",
)
_NO_ATTRIBUTION = Words(
    "Nothing in this release is used on condition that its author is named.",
    "作者名の表示を条件に使われている画像はありません。",
)
_EARLIER_LOST = Words(
    "An earlier release is missing or damaged, so that nothing can be compared with it.",
    "以前のリリースが失われたか破損しているため、比較できません。",
)
_NO_NOTICE = Words(
    "This is the first release: nothing was removed from an earlier one.",
    "最初のリリースのため、以前のリリースから取り除いたものはありません。",
)


def _list_missing(no_policy: bool, release: Release, manifest: pa.Table) -> list[Missing]:
    found = []
    if no_policy:
        found.append(Missing("policy.toml", _NO_POLICY))
    if not pc.any(manifest["attribution"]).as_py():
        found.append(Missing(ATTRIBUTION_FILE, _NO_ATTRIBUTION))
    if release.number == 1:
        found.append(Missing("removal-notice.json", _NO_NOTICE))
    return found


def _read_release(release: Release, workspace: Path) -> tuple[pa.Table, pa.Table]:
    """The manifest and the outcomes, once they fit each other and the database."""
    manifest = read_manifest(release, workspace)
    if manifest is None:
        raise _damaged(release, "manifest.parquet")
    try:
        outcomes = pq.read_table(release.path(workspace) / "outcomes.parquet")
    except (OSError, pa.ArrowException) as error:
        raise _damaged(release, "outcomes.parquet") from error
    cleared = outcomes.filter(pc.equal(outcomes["verdict"], Verdict.CLEAR.value))
    if (
        digest_exclusions(outcomes) != release.exclusions_sha256
        or cleared["asset_id"].to_pylist() != manifest["asset_id"].to_pylist()
    ):
        raise _damaged(release, "outcomes.parquet")
    return manifest, outcomes


def _damaged(release: Release, name: str) -> ReleaseError:
    return ReleaseError(
        f"{name} of release {release.number} of {release.dataset!r} is missing or damaged.",
        "Restore it from a backup.",
    )


def _open_ledger(settings: Settings) -> UsageLedger:
    folder = settings.workspace / "ledger"
    if not (folder / "private" / "head").exists():
        # Opening it would begin a new one, whose key nobody knows.
        raise ReleaseError(
            "The workspace has no usage ledger, and a bundle is signed with its key.",
            "Restore the folder `ledger` from a backup, or run `kiyome cleanse` first.",
        )
    return UsageLedger.open(folder, settings.ledger_origin)


def _compose(release: Release, workspace: Path, manifest: pa.Table) -> Composition:
    formats = {
        str(each["values"] or "unknown"): each["counts"]
        for each in manifest["format"].value_counts().to_pylist()
    }
    sized = manifest.select(["width", "height"]).drop_null()
    smallest = largest = None
    if sized.num_rows:
        area = pc.multiply(sized["width"].cast(pa.int64()), sized["height"].cast(pa.int64()))
        order = pc.sort_indices(area)
        smallest, largest = (
            (sized["width"][at].as_py(), sized["height"][at].as_py())
            for at in (order[0].as_py(), order[-1].as_py())
        )
    rewritten = release.path(workspace) / REWRITTEN_FILE
    return Composition(
        formats=dict(sorted(formats.items(), key=lambda item: (-item[1], item[0]))),
        smallest=smallest,
        largest=largest,
        image_bytes=_measure_images(workspace, release.dataset, manifest),
        captions=pc.sum(pc.list_value_length(manifest["captions"])).as_py() or 0,
        rewritten=pq.read_metadata(rewritten).num_rows if rewritten.is_file() else 0,
        by_people=pc.sum(pc.equal(manifest["decided_by"], "ruling")).as_py() or 0,
        to_name=pc.sum(manifest["attribution"]).as_py() or 0,
    )


def _measure_images(workspace: Path, dataset: str, manifest: pa.Table) -> int | None:
    """Bytes of all cleared images together, or None where the dataset has changed since."""
    wanted = set(manifest["asset_id"].to_pylist())
    sizes: dict[str, int] = {}
    shards = dataset_folder(workspace, dataset) / "shards"
    try:
        for digest, _ in read_plan(workspace, dataset).shards:
            for asset in read_shard(shards / f"{digest}.parquet").assets:
                if asset.asset_id in wanted and asset.locations[0].size >= 0:
                    sizes[asset.asset_id] = asset.locations[0].size
    except (KiyomeError, OSError, ValueError, LookupError):
        return None
    return sum(sizes.values()) if sizes.keys() == wanted else None


def _tell_consent(
    manifest: pa.Table,
    licences: pa.Table,
    described: Mapping[str, Any],
    purposes: frozenset[Purpose],
) -> Consent:
    said = described.get("consent")
    terms: Mapping[str, Any] = said if isinstance(said, dict) else {}
    counted = count_licences(licences)
    unlicensed = manifest.num_rows - len(pc.unique(licences["asset_sha256"]))
    return Consent(
        share=count_consent(manifest),
        carriers=_count_carriers(manifest),
        purposes=tuple(sorted(purpose.value for purpose in purposes)),
        profile=str(terms.get("profile", "")),
        opt_out_name=str(terms.get("opt_out_name", "")),
        opt_in_target=str(terms.get("opt_in_target", "")),
        expression=write_expression(counted, unlicensed),
        licences=counted,
        unlicensed=unlicensed,
    )


def _count_carriers(manifest: pa.Table) -> dict[str, int]:
    said = manifest["consent"].combine_chunks()
    if isinstance(said, pa.ChunkedArray):  # no rows
        return {}
    table = pa.table(
        {"at": pc.list_parent_indices(said), "carrier": pc.struct_field(said.flatten(), "carrier")}
    )
    each = table.group_by(["at", "carrier"]).aggregate([])
    counts = {row["values"]: row["counts"] for row in each["carrier"].value_counts().to_pylist()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _tell_removals(
    database: Database,
    workspace: Path,
    release: Release,
    manifest: pa.Table,
    purposes: frozenset[Purpose],
) -> Removals:
    earlier = [find_release(database, release.dataset, n) for n in range(1, release.number)]
    with database.snapshot() as session:
        takedowns = takedown_times(session)
        withdrawals = read_withdrawals(session)
    fallen = find_taken_down(manifest, takedowns.keys())
    withdrawn = []
    if withdrawals:
        for row in manifest.select(["asset_id", "names", "consent"]).to_pylist():
            setters = [each["setter"] for each in row["consent"]]
            found = withdrawals.find(row["asset_id"], row["names"], setters)
            times = [at for purpose, at in found.items() if purpose in purposes]
            withdrawn += [min(times)] if times else []
    newest = latest_release(database, release.dataset) or release
    return gather_removals(
        [
            (each, read_facts(each, workspace), _removed(each, workspace))
            for each in [*earlier, release]
        ],
        [min(takedowns[each] for each in under) for under in fallen.values()],
        withdrawn,
        newest.number,
    )


def _removed(release: Release, workspace: Path) -> pa.Table | None:
    try:
        table = pq.read_table(release.path(workspace) / "removed.parquet")
    except (OSError, pa.ArrowException):
        return None
    return table if table.num_rows == release.removed else None


def _read_optional(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
