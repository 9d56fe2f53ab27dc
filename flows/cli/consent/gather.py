"""kiyome consent gather, kiyome consent recheck"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, policy_option, resolve_dataset, workspace_option

if TYPE_CHECKING:
    from models.assets.asset import Asset
    from models.consent.gathering.gather import Gathered
    from models.consent.gathering.wanted import Wanted
    from models.consent.rechecking import ConsentChange
    from models.consent.stage import ConsentStage
    from models.consent.testimony import Testimony
    from models.policy import Policy
    from models.settings import Settings
    from models.store.database import Database

Source = Literal["chain", "documents", "web"]
_SHOWN = 20

source_option = click.option(
    "--from",
    "sources",
    type=click.Choice(["chain", "documents", "web"]),
    multiple=True,
    help="Ask these sources; may be repeated.  [default: consult in kiyome.toml]",
)


@dataclass(frozen=True)
class _Desk:
    """What a gathering works with."""

    settings: Settings
    database: Database
    policy: Policy
    stage: ConsentStage
    dataset: str

    def shards(self) -> Iterator[tuple[str, Sequence[Asset]]]:
        """Digest and assets of every shard of the dataset."""
        from models.assets.shards import read_shard
        from models.planning import dataset_folder, read_plan

        folder = dataset_folder(self.settings.workspace, self.dataset) / "shards"
        for digest, _ in read_plan(self.settings.workspace, self.dataset).shards:
            yield digest, read_shard(folder / f"{digest}.parquet").assets

    def want(self) -> Wanted:
        """What the dataset gives reason to ask about; files that were not read yet are read."""
        from models.consent.evidence.view import view_evidence
        from models.consent.gathering.wanted import Wanted
        from models.stages import read_output, run_stage, stage_folder

        wanted = Wanted(self.dataset, view_evidence(self.database), int(time.time()))
        for digest, members in self.shards():
            record = run_stage(self.stage, digest, members, self.settings.workspace)
            folder = stage_folder(self.settings.workspace, self.stage.name, digest)
            wanted.add_shard(members, read_output(folder, record))
        return wanted


@contextmanager
def _desk(workspace: Path | None, policy: Path | None, dataset: str | None) -> Iterator[_Desk]:
    from models.consent.contract_register import with_registered
    from models.consent.stage import ConsentStage
    from models.detectors import read_trust_anchors
    from models.policy import load_policy
    from models.settings import load_settings
    from models.workspace import hold_workspace

    path = load_settings(workspace=workspace, policy=policy).policy.absolute()
    rules = load_policy(path)
    with (
        opened(workspace) as (settings, database),
        hold_workspace(settings.workspace),
    ):
        with database.snapshot() as session:
            rules = with_registered(rules, session)
        stage = ConsentStage(settings.max_bytes, read_trust_anchors(rules, path.parent))
        name = resolve_dataset(settings.workspace, dataset)
        yield _Desk(settings, database, rules, stage, name)


@click.command("gather")
@source_option
@click.option("--all", "read_all", is_flag=True, help="Ask again what is not due yet, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would be asked, and ask nothing.")
@dataset_option
@workspace_option
@policy_option
def gather_command(
    sources: tuple[Source, ...],
    read_all: bool,
    dry_run: bool,
    dataset: str | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Ask the sources outside a dataset what they say about its assets.

    chain: the collections and registries that the policy names, and the tokens that sidecars name.
    web: the sites that images came from. documents: licences that statements point at. A run does
    this by itself for the sources in `consult`. Exits with 1 where something could not be asked.

    \b
    Examples:
      kiyome consent gather --from web --dry-run
      kiyome consent gather --from chain --from documents
    """
    from models.consent.gathering.gather import gather_evidence
    from models.consent.gathering.outside import describe_outside

    with _desk(workspace, policy, dataset) as desk:
        wanted = desk.want()
        chosen = sources or desk.settings.consult
        if dry_run:
            for line in _describe_wanted(wanted, desk, chosen):
                click.echo(line)
            click.echo(f"Endpoints and gateways: {describe_outside(desk.settings) or 'none'}.")
            click.echo("Nothing was asked (--dry-run).")
            return
        found = gather_evidence(
            wanted,
            desk.policy.consent,
            desk.settings,
            desk.database,
            sources=chosen,
            as_of=int(time.time()),
            read_all=read_all,
            progress=_Ticker(),
            clock=lambda: int(time.time()),
            again=desk.want,
        )
    _show(found)
    click.echo("Run `kiyome cleanse` to apply it, or `kiyome consent explain` to look at an asset.")
    if found.problems:
        sys.exit(1)


@click.command("recheck")
@source_option
@click.option("--all", "read_all", is_flag=True, help="Ask again what is not due yet, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON lines.")
@dataset_option
@workspace_option
@policy_option
def recheck_command(
    sources: tuple[Source, ...],
    read_all: bool,
    as_json: bool,
    dataset: str | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Read again what has expired or changed, and print what changes for which asset.

    On chains the events since the last look say what to read (MetadataUpdate, URI, Commit,
    Transfer, ContractURIUpdated); everything else is read again when its time is over. The changes
    are those since the release in force, lists that were imported included; an edited policy is not
    compared. Of an asset that can no longer be used, the releases that hold it are named. No
    release is made: `kiyome cleanse` does that.
    """
    from models.consent.gathering.gather import gather_evidence
    from models.consent.looking import take_testimony
    from models.releases.holding import find_releases_with

    with _desk(workspace, policy, dataset) as desk:
        now = int(time.time())
        before, then = _last_decided(desk, now)
        found = gather_evidence(
            desk.want(),
            desk.policy.consent,
            desk.settings,
            desk.database,
            sources=sources or desk.settings.consult,
            as_of=now,
            read_all=read_all,
            progress=_Ticker(),
            clock=lambda: int(time.time()),
            again=desk.want,
        )
        after = take_testimony(desk.database, desk.policy.consent)
        changes = list(_compare(desk, before, after, then, now))
        held = find_releases_with(
            desk.database,
            desk.settings.workspace,
            desk.dataset,
            [change.asset.asset_id for change in changes if change.restricts],
        )
    if as_json:
        for change in changes:
            click.echo(_as_json(change, held))
        _complain(found)
    else:
        _show(found)
        _show_changes(changes, held)
    if found.problems:
        sys.exit(1)


def _compare(
    desk: _Desk, before: Testimony, after: Testimony, then: int, now: int
) -> Iterator[ConsentChange]:
    from models.consent.rechecking import compare_consent
    from models.stages import newest_output, read_output, read_record, stage_folder

    for digest, members in desk.shards():
        folder = stage_folder(desk.settings.workspace, "consent", digest)
        record = read_record(folder, desk.stage.fingerprint)
        if record is None:
            continue
        outputs = {"consent": read_output(folder, record)}
        for stage in ("features", "likeness"):
            seen = newest_output(stage_folder(desk.settings.workspace, stage, digest))
            if seen is not None:
                outputs[stage] = seen
        yield from compare_consent(
            members, outputs, desk.policy.consent, before, after, then=then, now=now
        )


def _last_decided(desk: _Desk, now: int) -> tuple[Testimony, int]:
    """What was known when the release in force was made, and when that was."""
    from models.consent.evidence.view import EvidenceView
    from models.consent.looking import take_testimony
    from models.consent.testimony import Testimony
    from models.releases.publishing import latest_release, read_facts

    terms = desk.policy.consent
    release = latest_release(desk.database, desk.dataset)
    known = read_facts(release, desk.settings.workspace).get("consent", {}) if release else {}
    number, moment = known.get("evidence"), known.get("as_of")
    if not (isinstance(number, int) and isinstance(moment, int)):
        return take_testimony(desk.database, terms), now
    return Testimony(EvidenceView(desk.database, number), terms), moment


def _describe_wanted(wanted: Wanted, desk: _Desk, sources: Sequence[Source]) -> Iterator[str]:
    counts = wanted.counts()
    yield (
        f"{counts['original']:,} files refuse or set conditions by themselves: "
        "copies of them would inherit that."
    )
    if "chain" in sources:
        terms = desk.policy.consent
        yield (
            f"chain: {len(terms.collection)} collections and {len(terms.registry)} registries of "
            f"the policy, {counts['token']:,} tokens that sidecars name, {counts['cid']:,} CIDs."
        )
    if "web" in sources:
        yield f"web: {counts['address']:,} addresses of images, with the files of their sites."
    if "documents" in sources:
        yield f"documents: {counts['document']:,} licences that statements point at."


def _show(found: Gathered) -> None:
    for carrier, looks in sorted(found.looks.items()):
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(looks.items()))
        click.echo(f"{carrier}: {told}")
    if not found.looks:
        click.echo("Nothing new could be read." if found.problems else "Nothing was due.")
    _complain(found)
    if found.undetermined:
        click.echo("`kiyome consent sources --failed` lists what could not be read, and why.")


def _complain(found: Gathered) -> None:
    for problem in found.problems:
        click.secho(problem, fg="red", err=True)


def _show_changes(changes: Sequence[ConsentChange], held: Mapping[str, Sequence[int]]) -> None:
    from models.unicode import escape_unprintable

    worse = sum(change.restricts for change in changes)
    click.echo(f"{len(changes):,} assets change; {worse:,} of them can no longer be used.")
    for change in changes[:_SHOWN]:
        before, after = change.before, change.after
        click.echo(
            f"  {change.asset.asset_id[:12]}  {escape_unprintable(change.asset.name)}\n"
            f"    {before.verdict} ({before.reasons[0]}) -> {after.verdict} ({after.reasons[0]})\n"
            f"    {after.explanation_en}"
        )
        if releases := held.get(change.asset.asset_id):
            click.echo(f"    It is in release {', '.join(map(str, releases))}.")
    if len(changes) > _SHOWN:
        click.echo(f"  … and {len(changes) - _SHOWN:,} more (--json prints all).")
    if changes:
        click.echo("`kiyome cleanse` publishes a release that takes them into account.")


def _as_json(change: ConsentChange, held: Mapping[str, Sequence[int]]) -> str:
    import json

    return json.dumps(
        {
            "asset": change.asset.asset_id,
            "name": change.asset.name,
            "before": {"verdict": change.before.verdict, "reasons": list(change.before.reasons)},
            "after": {"verdict": change.after.verdict, "reasons": list(change.after.reasons)},
            "explanation": change.after.explanation_en,
            "in_releases": list(held.get(change.asset.asset_id, ())),
        },
        ensure_ascii=False,
    )


class _Ticker:
    """A line on standard error now and then: how many looks were taken."""

    def __init__(self) -> None:
        self._count = 0
        self._said = time.monotonic()

    def __call__(self, carrier: str, count: int) -> None:
        self._count += count
        if time.monotonic() - self._said > 5:
            self._said = time.monotonic()
            click.echo(f"{self._count:,} looks so far ({carrier}) …", err=True)
