"""Making the bundle of a release: every document from its facts, packed and signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from models.compliance import (
    archive,
    croissant,
    decisions,
    ledger_files,
    licences,
    policy_copy,
    removals,
    reviewing,
    spdx,
)
from models.compliance.documents import list_documents, write_documents
from models.compliance.facts import Facts
from models.compliance.writing import LANGUAGES, Language
from models.ledger.log import UsageLedger
from models.ledger.note import read_key_file
from models.releases.attribution import FILE as ATTRIBUTION_FILE
from models.releases.manifest import to_parquet
from models.releases.notices import FILE as NOTICE_FILE
from models.settings import Settings


def make_bundle(
    facts: Facts, settings: Settings, languages: Sequence[Language] = LANGUAGES
) -> bytes:
    """The signed archive; equal facts give equal bytes.

    Raises:
        LedgerError: the usage ledger's key is missing or damaged.
    """
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    return archive.pack(
        write_members(facts, languages),
        read_key_file(ledger.private_folder / "signing.key"),
        release=facts.release.id,
        dataset=facts.release.dataset,
        number=facts.release.number,
        is_confidential=facts.is_confidential,
    )


def write_members(facts: Facts, languages: Sequence[Language] = LANGUAGES) -> dict[str, bytes]:
    """Every file of the bundle but its index and its signature."""
    members = {
        croissant.FILE: _json(croissant.build_croissant(facts)),
        spdx.FILE: _json(spdx.build_spdx(facts)),
        decisions.FILE: to_parquet(facts.decisions),
        licences.FILE: to_parquet(facts.licences),
        removals.FILE: to_parquet(facts.removals.table),
        removals.LOG: _json(removals.build_log(facts)),
        reviewing.FILE: _json(reviewing.build_review(facts)),
        ledger_files.FILE: _json(ledger_files.build_ledger(facts)),
        "release.json": _json(facts.described),
        **facts.ledger.files,
    }
    if facts.policy_said is not None:
        members[policy_copy.FILE] = policy_copy.write_policy(
            facts.policy_said, whole=facts.is_confidential
        )
    if facts.attribution is not None:
        members[ATTRIBUTION_FILE] = facts.attribution
    if facts.notice is not None:
        members[NOTICE_FILE] = facts.notice
    machine = tuple(members)
    for language in languages:
        others = [
            name for other in languages if other != language for name in list_documents(other)
        ]
        members |= write_documents(facts, language, [*machine, *others])
    return members


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
