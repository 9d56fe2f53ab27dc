"""kiyome consent explain"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, policy_option, workspace_option

if TYPE_CHECKING:
    from models.assets.asset import Asset
    from models.consent.looking import Look
    from models.policy import Policy

Language = Literal["en", "ja"]


@click.command("explain")
@click.argument("asset")
@click.option(
    "--language",
    type=click.Choice(["en", "ja"]),
    default="en",
    show_default=True,
    help="Language of the explanation.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@dataset_option
@workspace_option
@policy_option
def explain_command(
    asset: str,
    language: Language,
    as_json: bool,
    dataset: str | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Print every statement about ASSET, and the rule that decided.

    ASSET is a file, or the id (or its first 8 digits) or name of an asset of a cleansed dataset.
    The file is read anew, so that the answer is about now and not about the last run.

    \b
    Examples:
      kiyome consent explain 3f1c9a02
      kiyome consent explain art/cut_001.png --language ja
    """
    import time

    from models.consent.contract_register import with_registered
    from models.consent.looking import look_at, take_testimony
    from models.consent.stage import ConsentStage
    from models.detectors import read_trust_anchors
    from models.policy import load_policy
    from models.settings import load_settings

    path = load_settings(workspace=workspace, policy=policy).policy.absolute()
    rules = load_policy(path)
    with opened(workspace, create=Path(asset).is_file()) as (settings, database):
        found = _find(settings.workspace, dataset, asset)
        with database.snapshot() as session:
            rules = with_registered(rules, session)
        look = look_at(
            found,
            ConsentStage(settings.max_bytes, read_trust_anchors(rules, path.parent)),
            take_testimony(database, rules.consent),
            rules.consent,
            max_pixels=settings.max_pixels,
            as_of=int(time.time()),
        )
    click.echo(_as_json(look, rules) if as_json else _as_text(look, rules, language))


def _find(workspace: Path, dataset: str | None, wanted: str) -> Asset:
    from flows.cli.options import resolve_dataset
    from models.consent.looking import asset_of_file, find_assets
    from models.errors import DatasetError

    single = asset_of_file(Path(wanted)) if Path(wanted).is_file() else None
    if single is not None and dataset is None:
        # A file is itself, in whichever datasets it lies.
        names = sorted(path.parent.name for path in workspace.glob("datasets/*/plan.json"))
    else:
        names = [resolve_dataset(workspace, dataset)]
    found = [
        asset
        for name in names
        for members in _shards(workspace, name)
        for asset in find_assets(members, single.asset_id if single else wanted)
    ]
    if len(found) == 1:
        return found[0]
    if single is not None:
        return single
    if found:
        raise DatasetError(
            f"{len(found)} assets of {names[0]!r} begin with {wanted!r}.", "Give more of the id."
        )
    raise DatasetError(
        f"Dataset {names[0]!r} has no asset {wanted!r}, and there is no such file.",
        "Give its id (8 digits at least), its name as the report shows it, or a file.",
    )


def _shards(workspace: Path, dataset: str) -> Iterator[Sequence[Asset]]:
    from models.assets.shards import read_shard
    from models.planning import dataset_folder, read_plan

    folder = dataset_folder(workspace, dataset) / "shards"
    for digest, _ in read_plan(workspace, dataset).shards:
        yield read_shard(folder / f"{digest}.parquet").assets


def _as_text(look: Look, policy: Policy, language: Language) -> str:
    from models.consent.explanation import write_chain
    from models.reasons import TEXTS
    from models.unicode import escape_unprintable

    lines = [
        click.style(escape_unprintable(look.asset.name), bold=True),
        f"SHA-256 {look.asset.asset_id}",
    ]
    if look.decision is None:
        for fault in look.faults:
            text = TEXTS[fault.reason]
            lines.append(
                f"{text.en if language == 'en' else text.ja} {escape_unprintable(fault.detail)}"
            )
        return "\n".join(lines)
    decision = look.decision
    words = decision.explanation_en if language == "en" else decision.explanation_ja
    first = TEXTS[decision.reasons[0]]
    remedy = first.remedy if language == "en" else first.remedy_ja
    chain = write_chain(
        decision.statements, decision.decided_by, decision.reasons, policy.consent, language
    )
    return "\n".join([*lines, "", words, "", chain, "", remedy])


def _as_json(look: Look, policy: Policy) -> str:
    decision = look.decision
    return json.dumps(
        {
            "asset": look.asset.asset_id,
            "name": look.asset.name,
            "policy": policy.label,
            "subjects": [str(subject) for subject in look.subjects],
            "faults": [{"reason": f.reason.value, "detail": f.detail} for f in look.faults],
            "verdict": decision.verdict.value if decision else "error",
            "reasons": [reason.value for reason in decision.reasons] if decision else [],
            "decided_by": list(decision.decided_by) if decision else [],
            "valid_until": decision.valid_until if decision else None,
            "statements": [
                {**s.as_dict(), "levels": s.trust.levels}
                for s in (decision.statements if decision else ())
            ],
        },
        ensure_ascii=False,
        indent=2,
    )
