"""kiyome declare check"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.consent.reading import describe_statement
from flows.cli.declare.files import read_file
from models.unicode import escape_unprintable

if TYPE_CHECKING:
    from models.assets.asset import Asset, Location
    from models.consent.purposes import Purpose
    from models.consent.resolution import ConsentDecision
    from models.consent.statements import Statement
    from models.consent.terms import ConsentPolicy


@click.command("check")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--image",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The image that declarations in JSON speak of.  [default: the one they lie beside]",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An operator's policy, with contracts.  [default: none, and so no contract]",
)
def check_command(files: tuple[Path, ...], image: Path | None, policy: Path | None) -> None:
    """Print what FILES say, and whether it counts.

    FILES are images, read with what lies beside them, or declarations in JSON. They are read as a
    run reads them. Where a grant does not count, it is said what is missing: a grant needs L2
    (signer identified), L3 (signer controls the asset on chain) and L4 (about exactly these
    bytes), or L5 (a contract on file). Chains are not asked. Exits with 1 where something cannot
    be relied on.

    \b
    Examples:
      kiyome declare check art.png
      kiyome declare check statement.json --image art.png --policy policy.toml
    """
    from models.consent.carriers import carriers
    from models.consent.purposes import ALL_PURPOSES
    from models.consent.stage import load_sidecar, read_statements
    from models.consent.statements import Condition
    from models.consent.terms import ConsentPolicy
    from models.detectors import read_trust_anchors
    from models.policy import load_policy

    rules = load_policy(policy) if policy else None
    terms = rules.consent if rules else ConsentPolicy(purposes=ALL_PURPOSES)
    sources = carriers(read_trust_anchors(rules, policy.parent) if rules and policy else "")
    broken = False
    for path, asset in _assets(files, image):
        found = read_statements(asset, read_file(path), sources, lambda at: load_sidecar(at))
        click.secho(escape_unprintable(str(path)), bold=True)
        for statement in found:
            click.echo("\n".join(describe_statement(statement)))
            broken |= statement.condition is not Condition.SOUND
        if not found:
            click.echo("  says nothing about AI use")
        for sentence in judge(asset, found, terms, int(time.time())):
            click.echo(f"  => {sentence}")
    if broken:
        sys.exit(1)


def judge(
    asset: Asset, statements: Sequence[Statement], policy: ConsentPolicy, as_of: int
) -> Iterator[str]:
    """What the statements come to, a sentence for all purposes with the same outcome.

    Args:
        asset: the image.
        statements: what stands in and beside it.
        policy: purposes and contracts.
        as_of: the moment of the decision, UTC seconds.
    """
    from models.consent.resolution import resolve

    groups: dict[tuple[str, ...], tuple[list[Purpose], ConsentDecision]] = {}
    for purpose in policy.purposes:
        terms = policy.model_copy(update={"purposes": (purpose,)})
        decision = resolve(asset, statements, terms, as_of)
        key = (*decision.reasons, *map(str, decision.decided_by))
        groups.setdefault(key, ([], decision))[0].append(purpose)
    for purposes, decision in groups.values():
        yield _sentence(purposes, decision)


def _sentence(purposes: Sequence[Purpose], decision: ConsentDecision) -> str:
    from models.consent.rules import RULES
    from models.reasons import Reason

    meanings = _meanings()
    reason = decision.reasons[0]
    names = ", ".join(purpose.value for purpose in purposes)
    text = f"{names}: {meanings.get(reason, 'decided by a person')}. {RULES[reason][0]}"
    if reason is Reason.GRANT_UNAUTHENTICATED:
        claims = [decision.statements[index] for index in decision.decided_by]
        text += f" {_missing(max(claims, key=lambda claim: claim.trust.levels.count('+')))}"
    if decision.attribution:
        text += " You have to be named as the author."
    return text


def _meanings() -> Mapping[str, str]:
    from models.reasons import Reason

    return {
        Reason.CONSENT_REFUSED: "a refusal that counts",
        Reason.CONSENT_UNMET: "a no until its condition is met",
        Reason.CONSENT_GRANTED: "a grant that counts",
        Reason.CONSENT_CONTRACT: "a grant that counts",
        Reason.CONSENT_OPT_OUT_PROFILE: "usable under this policy's opt-out profile",
        Reason.GRANT_EXPIRED: "a grant that has ended",
        Reason.EVIDENCE_STALE: "a grant that has to be read again",
        Reason.GRANT_UNAUTHENTICATED: "a grant that does not count yet",
        Reason.CONSENT_ABSENT: "not spoken of",
    }


def _missing(claim: Statement) -> str:
    """What a statement that allows lacks in order to count, and what a contract would name."""
    levels = {
        "L2 (signer identified)": claim.trust.signer,
        "L3 (signer controls the asset on chain)": claim.trust.control,
        "L4 (about exactly these bytes)": claim.trust.bound,
    }
    lacking = [level for level, proven in levels.items() if not proven]
    if not lacking:
        return f"{claim.source} lacks a time of issue."
    contract = {"signed": "address", "c2pa": "signer"}.get(claim.carrier)
    names = "covers the image"
    if contract and claim.setter and claim.trust.bound:
        names = f'names {contract} = "{claim.setter}"'
    return (
        f"{claim.source} proves {claim.trust.levels} and lacks {' and '.join(lacking)}, or else "
        f"L5: a contract that {names}."
    )


def _assets(files: Sequence[Path], image: Path | None) -> Iterator[tuple[Path, Asset]]:
    """Each image once, with what lies beside it and the declarations that were named for it."""
    from models.consent.looking import asset_of_file

    named: dict[Path, list[Path]] = {}
    for file in files:
        is_declaration = file.suffix.lower() == ".json"
        about = _image_of(file, image) if is_declaration else file
        named.setdefault(about, [])
        if is_declaration:
            named[about].append(file)
    for path, declarations in named.items():
        read_file(path)
        asset = asset_of_file(path)
        known = {place.uri for place in asset.sidecars}
        added = [_place(each) for each in dict.fromkeys(declarations)]
        more = tuple(place for place in added if place.uri not in known)
        yield path, replace(asset, sidecars=(*asset.sidecars, *more))


def _image_of(declaration: Path, image: Path | None) -> Path:
    from models.errors import KiyomeError

    if image is not None:
        return image
    whole = declaration.with_suffix("")
    if whole.suffix and whole.is_file():
        return whole
    beside = [
        each
        for each in sorted(declaration.parent.iterdir())
        if each.stem == declaration.stem and each.suffix.lower() != ".json" and each.is_file()
    ]
    if len(beside) != 1:
        raise KiyomeError(
            f"It is not known of which image {declaration} speaks.", "Name it with --image."
        )
    return beside[0]


def _place(path: Path) -> Location:
    from models.assets.asset import Location
    from models.canonical import digest_bytes

    data = read_file(path)
    return Location(path.name, str(path.absolute()), len(data), digest=digest_bytes(data))
