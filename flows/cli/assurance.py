"""kiyome assurance"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, policy_option, resolve_dataset, workspace_option

if TYPE_CHECKING:
    from models.releases.release import Release
    from models.review.sampling.drawing import Asked, Draft
    from models.review.sampling.reporting import SampleReport
    from models.settings import Settings
    from models.store.database import Database
    from tasks.assurance import Planned
    from tasks.calibration import Stage

Language = Literal["en", "ja"]
_LONGEST_NUMBER = 7
"""Digits of a release's number; from 8 on it is an id."""


def _read_share(_: click.Context, __: click.Parameter, value: str) -> float:
    """A share between 0 and 1, written as ``1%`` or ``0.01``."""
    text = value.strip()
    try:
        # Rounded: 0.1 % is to be the number that 0.001 is.
        share = round(float(text[:-1]) / 100, 12) if text.endswith("%") else float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise click.BadParameter(f"{text!r} is no share between 0 and 1; write it as 1% or 0.01.")
    return share


@click.group()
def assurance() -> None:
    """Say how many cleared assets may violate.

    Reviewing what was flagged never tells what was not. So a random sample of a release's cleared
    assets goes into the review queue, where nobody can tell it from other items, and what is found
    in it bounds what is in all of them.

    \b
    In order:
      kiyome assurance draw 3 --dry-run    how many items that takes, and how long
      kiyome assurance draw 3              put them into the queue
      kiyome review                        rule on them
      kiyome assurance report 3            what may be claimed so far
      kiyome assurance calibrate           which risk limit the rulings support

    RELEASE is a release's number, or at least 8 digits of its id.
    """


@assurance.command("draw")
@click.argument("release")
@click.option(
    "--at-most",
    metavar="SHARE",
    callback=_read_share,
    default="1%",
    show_default=True,
    help="The share to be claimed.",
)
@click.option(
    "--confidence",
    metavar="SHARE",
    callback=_read_share,
    default="95%",
    show_default=True,
    help="Of the claim.",
)
@click.option(
    "--aim",
    type=click.Choice(["overall", "each"]),
    default="overall",
    show_default=True,
    help="Claim it of all cleared assets together, or of each stratum by itself.",
)
@click.option(
    "--by",
    "parting",
    type=click.Choice(["reason", "folder", "format", "nothing"]),
    default="reason",
    show_default=True,
    help="What the strata are: the reason that cleared an asset, its first folder, its format.",
)
@click.option(
    "--allowed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Violations that may be found without ending the claim; more of them take more items.",
)
@click.option(
    "--seed",
    "public_value",
    default="",
    metavar="VALUE",
    help="A published value that nobody chooses, such as the hash of a later block, to be part of "
    "the seed.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be asked of reviewers.")
@dataset_option
@workspace_option
def draw_command(
    release: str,
    at_most: float,
    confidence: float,
    aim: str,
    parting: str,
    allowed: int,
    public_value: str,
    dry_run: bool,
    dataset: str | None,
    workspace: Path | None,
) -> None:
    """Draw a blind sample of RELEASE's cleared assets into the review queue.

    What is drawn follows from the release's id, the usage ledger's root with the release in it,
    and VALUE: whoever has the manifest can draw it again. A release has one sample, and drawing it
    again changes nothing.

    Assets that a reviewer's approval cleared are left out: nobody can look at them blind any more.

    \b
    Examples:
      kiyome assurance draw 3 --dry-run
      kiyome assurance draw 3 --at-most 0.5% --allowed 1
      kiyome assurance draw 3 --aim each --by folder
    """
    from flows.cli.showing import showing_progress
    from models.review.quality.audit_sample import Aim
    from models.review.sampling.stored import Terms
    from models.review.sampling.strata import Parting
    from tasks.assurance import draw_planned, plan_sample
    from tasks.progress import listening

    terms = Terms(Parting(parting), Aim(aim), at_most, confidence, allowed, public_value.strip())
    with opened(workspace) as (settings, database):
        found = _find_release(database, settings.workspace, dataset, release)
        planned = plan_sample(settings, database, found, terms)
        _show_plan(found, planned)
        if dry_run:
            click.echo("\nNothing was drawn; without --dry-run it is.")
            return
        with showing_progress(quiet=False) as listener, listening(listener):
            asked = draw_planned(settings, database, found, planned)
    click.echo("\n" + _tell_asked(asked, planned.draft))


@assurance.command("report")
@click.argument("release")
@click.option(
    "--language",
    type=click.Choice(["en", "ja"]),
    default="en",
    show_default=True,
    help="Language of the sentences.",
)
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything to this file too. The drawn assets are in it once all are ruled on.",
)
@dataset_option
@workspace_option
def report_command(
    release: str,
    language: Language,
    file: Path | None,
    dataset: str | None,
    workspace: Path | None,
) -> None:
    """Say what RELEASE's sample shows so far, and what it does not.

    What was drawn and has no ruling yet counts as a violation. The figure is about the release as
    it was published; what was found leaves the next one with `kiyome cleanse`.

    \b
    Examples:
      kiyome assurance report 3
      kiyome assurance report 3 --language ja --json assurance.json
    """
    from models.files import write_atomically
    from models.review.sampling.reporting import report_sample

    with opened(workspace) as (settings, database):
        found = _find_release(database, settings.workspace, dataset, release)
        with database.snapshot() as session:
            report = report_sample(session, found.id)
    _show_report(found, report, language)
    if file is not None:
        value = {**report.as_dict(), "number": found.number}
        text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
        write_atomically(file.absolute(), text.encode() + b"\n")
        click.echo(f"\nWritten to {file}")


@assurance.command("calibrate")
@click.argument("dataset", required=False)
@click.option(
    "--stage",
    type=click.Choice(["motifs", "nouns"]),
    default="motifs",
    show_default=True,
    help="Whose threshold. Names have none; for them it says what is missed.",
)
@click.option(
    "--miss-rate",
    metavar="SHARE",
    callback=_read_share,
    default="1%",
    show_default=True,
    help="Of violations, the share that may be missed.",
)
@click.option(
    "--confidence",
    metavar="SHARE",
    callback=_read_share,
    default="95%",
    show_default=True,
    help="Of the guarantee.",
)
@click.option("--by", "actor", default="", help="Propose it to the leads under this name.")
@workspace_option
@policy_option
def calibrate_command(
    dataset: str | None,
    stage: Stage,
    miss_rate: float,
    confidence: float,
    actor: str,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Say which risk limit DATASET's rulings support, and what it would change.

    It rests on the newest release that was sampled: the rulings on what was flagged, and the blind
    rulings on the sample, each weighted by how probable it was to be drawn. Too few of them, and it
    says so instead of guessing. With --by a change waits on the page Proposals until a lead
    approves it; the policy is never changed by itself.

    \b
    Examples:
      kiyome assurance calibrate
      kiyome assurance calibrate pictures --miss-rate 5% --by Aiko
    """
    from models.review.policy_proposals import MOTIF_RISK, propose_number
    from models.review.quality.calibration import Proposal
    from tasks.calibration import calibrate

    with opened(workspace) as (settings, database):
        if policy is not None:
            settings = settings.model_copy(update={"policy": policy})
        name = resolve_dataset(settings.workspace, dataset)
        found = calibrate(settings, database, name, stage, alpha=miss_rate, confidence=confidence)
        click.echo(f"{name}, release {found.release.number}, policy {found.policy.label}")
        drawn = f"{found.facts['drawn_ruled']:,} of {found.facts['drawn']:,}"
        click.echo(f"Rulings on the blind sample: {drawn}\n")
        click.echo(click.style(found.words.en, bold=True))
        result = found.result
        if not isinstance(result, Proposal):
            return
        _show_effect(found.facts["effect"])
        if result.new == result.old:
            return
        if not actor:
            click.echo("\nNothing was proposed; with --by NAME it waits for a lead to approve.")
            return
        with database.transaction() as session:
            propose_number(
                session,
                name,
                MOTIF_RISK,
                (_digest_policy(settings), found.policy.version),
                (result.old, result.new),
                found.facts,
                actor,
            )
    click.echo("\nProposed. A lead approves or refuses it on the page Proposals.")


def _digest_policy(settings: Settings) -> str:
    """The digest of the policy's file, without what the register adds to it."""
    from models.policy import load_policy

    return load_policy(settings.policy.absolute()).digest


def _show_effect(effect: dict[str, dict[str, int]]) -> None:
    for verdict, before in effect["before"].items():
        after = effect["after"][verdict]
        change = f"{after - before:+,}" if after != before else ""
        click.echo(f"  {verdict:<8} {before:>9,} -> {after:>9,}  {change}".rstrip())


def _find_release(database: Database, workspace: Path, dataset: str | None, wanted: str) -> Release:
    from models.releases.drawn import find_by_id
    from models.releases.publishing import find_release

    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_NUMBER:
        return find_release(database, resolve_dataset(workspace, dataset), int(wanted))
    return find_by_id(database, wanted)


def _show_plan(release: Release, planned: Planned) -> None:
    from models.review.quality.wording import plain_percent

    draft = planned.draft
    plan, terms = draft.plan, draft.terms
    cleared = sum(stratum.population for stratum in plan.strata)
    click.echo(f"Release {release.number} of {release.dataset}, {release.id[:12]}")
    click.echo(f"{cleared:,} assets that a machine cleared, by {terms.parting.value}:")
    for stratum in plan.strata:
        click.echo(f"  {stratum.population:>9,}  {stratum.name:<32} {stratum.size:>7,} to draw")
    if draft.approved:
        click.echo(f"{draft.approved:,} more that a reviewer approved are left out.")
    where = "in each stratum" if terms.aim.value == "each" else "of all of them"
    found = "no violation" if not terms.allowed else f"at most {terms.allowed}"
    click.echo(
        f"\nTo claim that at most {plain_percent(terms.at_most)} {where} violate, with "
        f"{plain_percent(terms.confidence)} confidence, if {found} is found"
        + (" in each:" if terms.aim.value == "each" and terms.allowed else ":")
    )
    how = "as measured here" if planned.measured else "assumed, as there are too few rulings yet"
    time = _tell_time(plan.total * planned.seconds_each)
    each = f"{planned.seconds_each:.0f} s each, {how}"
    click.echo(f"  {plan.total:,} items for reviewers, about {time} of work ({each})")
    click.echo(f"  seed: {draft.seed}")


def _tell_asked(asked: Asked, draft: Draft) -> str:
    if not asked.is_new:
        return "This sample had been drawn before; drawing it again has changed nothing."
    parts = [f"Drawn: {asked.asked:,} items are in the review queue. `kiyome review` serves it."]
    if asked.known:
        parts.append(
            f"{asked.known:,} were ruled on blind for an earlier release, and nothing about them "
            "has changed: those rulings count."
        )
    if asked.ruled_before:
        parts.append(
            f"{asked.ruled_before:,} had been ruled on before, on another question: they are asked "
            "about anew, and the page does not show the earlier ruling."
        )
    if asked.elsewhere:
        parts.append(
            f"{asked.elsewhere:,} wait with another question already, which shows what was found: "
            "they count as violations. Run `kiyome cleanse` and draw from the next release instead."
        )
    parts.append(f"Then: kiyome assurance report {draft.release_id[:12]}")
    return "\n".join(parts)


def _tell_time(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def _show_report(release: Release, report: SampleReport, language: Language) -> None:
    from models.review.quality.wording import percent

    def say(words: Any) -> str:
        return str(getattr(words, language))

    found, result = report.assurance, report.assurance.overall
    click.echo(f"{release.dataset} {release.number}, {release.id[:12]}")
    click.echo("\n" + click.style(say(report.claim), bold=True))
    click.echo(say(report.progress))
    click.echo(say(report.outcome))
    click.echo(_COLUMNS[language])
    for bound in (*found.strata, result):
        name = bound.name or _TOTAL[language]
        click.echo(
            f"{bound.population:>9,} {bound.drawn:>8,} {bound.violations:>8,} {bound.unruled:>8,} "
            f"{bound.most:>8,} {percent(bound.share):>9}  {name}"
        )
    for words in report.not_claimed:
        click.echo(f"- {say(words)}")
    click.echo(f"\nseed: {report.sample.seed}")


_COLUMNS: dict[Language, str] = {
    "en": "\n  cleared    drawn violating  unruled  at most     share  stratum",
    "ja": "\n 件数、抽出、違反、未判断、最大件数、最大割合、層",
}
_TOTAL: dict[Language, str] = {"en": "all together", "ja": "全体"}
