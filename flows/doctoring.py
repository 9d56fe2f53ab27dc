"""The doctor: checks everything that a run needs, and says how to mend what is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from flows.diagnosis import Diagnosis, Health
from flows.doctoring_around import check_clock, check_disk, check_release_target
from flows.prefect_environment import find_server
from models.errors import KiyomeError, StoreError
from models.settings import Settings

_PINNED = {"prefect": "3.8", "sqlalchemy": "2.0", "spacy": "3.8", "web3": "8", "pandas": "3"}
"""Beginnings of the versions that are known to work together."""


def examine_house(settings: Settings) -> Iterator[Diagnosis]:
    """Check everything; one thing that fails does not keep the others from being checked."""
    checks: tuple[tuple[str, Callable[[Settings], Diagnosis]], ...] = (
        ("packages", check_packages),
        ("workspace", check_workspace),
        ("disk", check_disk),
        ("database", check_database),
        ("clock", check_clock),
        ("policy", check_policy),
        ("encoder", check_encoder),
        ("names", check_names),
        ("name models", check_name_models),
        ("motifs", check_motifs),
        ("motif index", check_motif_index),
        ("content credentials", check_c2pa),
        ("ledger", check_ledger),
        ("anchoring", check_anchoring),
        ("release target", check_release_target),
        ("Prefect", check_prefect),
        ("consent sources", check_consent_sources),
        ("opt-in target", check_opt_in_target),
    )
    told: dict[str, str] = {}
    for subject, check in checks:
        try:
            yield check(settings)
        except KiyomeError as error:
            if (first := told.setdefault(error.problem, subject)) != subject:
                yield Diagnosis(subject, Health.BAD, f"not examined: see {first}")
            else:
                yield Diagnosis(subject, Health.BAD, error.problem, error.remedy)
        except Exception as error:  # noqa: BLE001  a check that breaks is a finding of its own
            found = f"{type(error).__name__}: {error}"
            yield Diagnosis(subject, Health.BAD, found, "Reinstall with `make setup`.")


def check_packages(_: Settings) -> Diagnosis:
    """Whether the packages are those that work together."""
    wrong = []
    for name, wanted in _PINNED.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if not found.startswith(wanted):
            wrong.append(f"{name} is {found}, not {wanted}.x")
    if wrong:
        return Diagnosis("packages", Health.BAD, "; ".join(wrong), "Run `make setup`.")
    return Diagnosis("packages", Health.GOOD, "the versions work together")


def check_workspace(settings: Settings) -> Diagnosis:
    """Whether the workspace is there or may be begun, and can be written."""
    from models.beginning import require_known_place
    from models.workspace import prepare_workspace

    try:
        require_known_place(settings)
    except StoreError:  # which the database's own check tells
        return Diagnosis(
            "workspace",
            Health.BAD,
            "there is none, and the database that may know of one cannot be asked",
            "See to the database.",
        )
    return Diagnosis("workspace", Health.GOOD, f"{prepare_workspace(settings.workspace)}")


def check_database(settings: Settings) -> Diagnosis:
    """Whether the database answers and has our schema."""
    from models.beginning import open_known_database
    from models.store.schema import newest_revision

    database = open_known_database(settings)
    try:
        found = f"{database.engine.url!r}, schema {newest_revision()}"
    finally:
        database.dispose()
    return Diagnosis("database", Health.GOOD, found)


def check_policy(settings: Settings) -> Diagnosis:
    """Whether the policy can be used, and whether a contract runs out soon."""
    from models.policy import load_policy

    policy = load_policy(settings.policy)
    soon = time.time() + 30 * 86400
    ending = [c.id for c in policy.consent.contract if c.expires_at < soon]
    if ending:
        return Diagnosis(
            "policy",
            Health.WARNING,
            f"{policy.label}; ended or ending within 30 days: {', '.join(ending)}",
            "Renew the contracts, or take them out of the policy.",
        )
    return Diagnosis("policy", Health.GOOD, policy.label)


def check_encoder(settings: Settings) -> Diagnosis:
    """Whether the encoder can be loaded."""
    from models.motifs.encoders import load_encoder

    encoder = load_encoder(settings.encoder, settings.encoder_backend)
    return Diagnosis("encoder", Health.GOOD, encoder.limits)


def check_names(settings: Settings) -> Diagnosis:
    """Whether any names are protected, and whether a list of them has grown old."""
    from models.beginning import open_known_database
    from models.nouns.register.age import advise_on, describe_stale, stale_lists
    from models.nouns.register.storage import count_names
    from models.store.database import now_ms
    from models.unicode import escape_unprintable

    database = open_known_database(settings)
    try:
        with database.snapshot() as session:
            count = count_names(session)
            stale = stale_lists(session, now_ms(session))
    finally:
        database.dispose()
    if not count:
        return Diagnosis(
            "names",
            Health.WARNING,
            "no names are registered: none will be found in captions",
            "Add some with `kiyome register names add` or `kiyome register import`.",
        )
    if stale:
        oldest = escape_unprintable(describe_stale(stale[0]))
        more = f", and {len(stale) - 1} more" if len(stale) > 1 else ""
        return Diagnosis(
            "names",
            Health.WARNING,
            f"{count:,} registered; grown old: {oldest}{more}",
            f"{advise_on(stale[0])} `kiyome register stale` shows all.",
        )
    return Diagnosis("names", Health.GOOD, f"{count:,} registered")


def check_name_models(settings: Settings) -> Diagnosis:
    """Whether the models and components that look for names can be loaded."""
    from models.nouns.knowledge import NounKnowledge
    from models.nouns.pipeline import build_pipeline

    asked = (*settings.noun_models, *settings.noun_components)
    knowledge = NounKnowledge(models=settings.noun_models, components=settings.noun_components)
    build_pipeline(knowledge)
    return Diagnosis(
        "name models",
        Health.GOOD,
        f"{', '.join(asked)} can be loaded" if asked else "none asked for",
    )


def check_motifs(settings: Settings) -> Diagnosis:
    """Whether any motifs are protected, and their pictures are there."""
    from models.beginning import open_known_database
    from models.motifs.listing import MotifFilter, count_motifs
    from models.motifs.register import load_references
    from models.unicode import escape_unprintable

    database = open_known_database(settings)
    try:
        with database.snapshot() as session:
            references = load_references(session, settings.workspace.absolute())
            waiting = count_motifs(session, MotifFilter(state="unconfirmed"))
    finally:
        database.dispose()
    missing = [
        escape_unprintable(reference.label)
        for reference in references
        if not reference.path.is_file()
    ]
    if missing:
        return Diagnosis(
            "motifs",
            Health.BAD,
            f"the pictures of {len(missing)} motif(s) are gone: {', '.join(missing[:3])}",
            "Register them again, or restore the workspace from a backup.",
        )
    if not references:
        return Diagnosis(
            "motifs",
            Health.WARNING,
            "no motifs are registered: none will be found in pictures",
            "Add some with `kiyome register motifs add`.",
        )
    found = f"{len(references)} reference pictures of {len({r.label for r in references})} motifs"
    if waiting:
        return Diagnosis(
            "motifs",
            Health.WARNING,
            f"{found}; {waiting} submitted by owners, protected, and not confirmed yet",
            "Decide with `kiyome register motifs confirm` or `refuse`, or on the review page.",
        )
    return Diagnosis("motifs", Health.GOOD, found)


def check_motif_index(settings: Settings) -> Diagnosis:
    """Whether what searches the motifs' embeddings can be used."""
    subject = "motif index"
    database = settings.motif_index_database
    if not database:
        return Diagnosis(subject, Health.GOOD, "files of the workspace")
    from models.motifs.vectors.pgvector import describe_database

    return Diagnosis(subject, Health.GOOD, describe_database(database))


def check_c2pa(_: Settings) -> Diagnosis:
    """Whether content credentials can be read."""
    import c2pa

    return Diagnosis("content credentials", Health.GOOD, f"c2pa SDK {c2pa.sdk_version()}")


def check_ledger(settings: Settings) -> Diagnosis:
    """Whether the usage ledger verifies."""
    from models.ledger.verification import verify_ledger

    folder = settings.workspace.absolute() / "ledger"
    if not folder.is_dir():
        return Diagnosis("ledger", Health.GOOD, "not begun yet; the first release begins it")
    report = verify_ledger(folder / "public", None, folder / "private")
    if not report.ok:
        bad = next(check for check in report.checks if not check.ok)
        return Diagnosis(
            "ledger", Health.BAD, f"{bad.name}: {bad.detail}", "Run `kiyome ledger verify`."
        )
    return Diagnosis("ledger", Health.GOOD, f"{report.size} entries, verified")


def check_anchoring(settings: Settings) -> Diagnosis:
    """Whether the ledger's heads reach their chain."""
    from models.ledger.chain.backends import open_backend
    from models.ledger.chain.evm import EvmChain
    from models.ledger.chain.status import read_status
    from models.ledger.log import UsageLedger

    folder = settings.workspace.absolute() / "ledger"
    if settings.ledger_chain == "files":
        return Diagnosis("anchoring", Health.GOOD, "none: signed checkpoints only")
    if not folder.is_dir():
        return Diagnosis("anchoring", Health.GOOD, "no ledger yet; the first release begins it")
    chain = EvmChain(open_backend(settings))
    try:
        found = read_status(settings, UsageLedger.open(folder, settings.ledger_origin), chain)
    finally:
        chain.close()
    if found.trouble or found.contract is None:
        return Diagnosis("anchoring", Health.BAD, found.trouble, found.advice)
    said = f"{found.contract.size} of {found.head.size} entries on the chain at {chain.name}"
    health = Health.WARNING if found.advice else Health.GOOD
    return Diagnosis("anchoring", health, said, found.advice)


def check_prefect(settings: Settings) -> Diagnosis:
    """Which Prefect server runs will use."""
    address = os.environ.get("PREFECT_API_URL") or find_server(settings.workspace.absolute())
    if address:
        from flows.prefect_environment import is_answering

        if not is_answering(address):
            return Diagnosis(
                "Prefect",
                Health.BAD,
                f"the server at {address} does not answer",
                "Start it with `kiyome up`, or unset PREFECT_API_URL.",
            )
        return Diagnosis("Prefect", Health.GOOD, f"server at {address}")
    return Diagnosis(
        "Prefect", Health.GOOD, "no server: each run starts its own; `kiyome up` starts one to stay"
    )


def check_consent_sources(settings: Settings) -> Diagnosis:
    """Whether the chains that the policy names can be read."""
    from models.consent.chain.rpc import ChainReader
    from models.policy import load_policy

    subject = "consent sources"
    terms = load_policy(settings.policy).consent
    chains = sorted({each.chain for each in (*terms.collection, *terms.registry)})
    if not chains:
        return Diagnosis(subject, Health.GOOD, "the policy names no collection and no registry")
    if "chain" not in settings.consult:
        mend = 'Add "chain" to consult in kiyome.toml, or run `kiyome consent gather --from chain`.'
        return Diagnosis(subject, Health.WARNING, "no run asks the policy's chains", mend)
    if missing := [chain for chain in chains if chain not in settings.consent_rpc]:
        return Diagnosis(
            subject,
            Health.BAD,
            f"no endpoint is known for {', '.join(missing)}",
            "Give one for each in consent_rpc in kiyome.toml.",
        )
    blocks = []
    for chain in chains:
        with ChainReader(chain, settings.consent_rpc[chain], timeout=10, attempts=1) as reader:
            blocks.append(f"{chain} at block {reader.open_view().block.number}")
    return Diagnosis(subject, Health.GOOD, ", ".join(blocks))


def check_opt_in_target(settings: Settings) -> Diagnosis:
    """Whether the date by which a legacy profile was to be opt-in has passed."""
    from models.policy import load_policy

    target = load_policy(settings.policy).consent.opt_in_target
    if target is None:
        return Diagnosis("opt-in target", Health.GOOD, "the policy accepts no silence")
    left = (target - datetime.now(UTC).date()).days
    if left < 0:
        return Diagnosis(
            "opt-in target",
            Health.WARNING,
            f"{target} was {-left} days ago, and silence is still accepted",
            'Set profile = "opt-in" in the policy, or decide on a new date.',
        )
    return Diagnosis("opt-in target", Health.GOOD, f"{target}, in {left} days")
