"""What the consent for a release rests on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from models.consent.terms import Contract
from models.releases.consent_share import ConsentShare, count_consent, find_idle_contracts
from models.releases.manifest import MANIFEST

NOW = 1_780_000_000


def manifest(*bases: tuple[str, ...], contract: str = "K-1") -> pa.Table:
    said = {"carrier": "contract", "source": contract, "setter": "", "trust": "L5"}
    rows: list[dict[str, Any]] = [
        {
            "asset_id": f"{n:064x}",
            "names": [f"{n}.png"],
            "captions": [],
            "reasons": list(basis),
            "decided_by": "machine",
            "ruling_id": "",
            "basis": list(basis),
            "consent": [{**said, "license_ref": "", "evidence_sha256": ""}],
            "attribution": False,
            "authors": [],
        }
        for n, basis in enumerate(bases)
    ]
    return pa.Table.from_pylist(rows, schema=MANIFEST)


def contract(name: str, **fields: Any) -> Contract:
    given = {
        "id": name,
        "holder": "Studio",
        "purposes": ["generative_training"],
        "folder": ".",
        "entered_by": "Aiko",
        "approved_by": "Ben",
        "issued": date(2026, 1, 1),
        "expires": date(2027, 1, 1),
    }
    return Contract.model_validate({**given, **fields})


def test_grants_and_contracts_are_opt_in_and_silence_is_not() -> None:
    table = manifest(
        ("consent_granted",),
        ("consent_contract",),
        ("consent_opt_out_profile",),
        ("consent_malformed",),
    )
    found = count_consent(table)
    assert found == ConsentShare(opt_in=2, opt_out=1, ruled=1)
    assert found.as_dict()["opt_in_share"] == 0.5


def test_of_a_release_that_holds_nothing_there_is_no_share() -> None:
    assert count_consent(MANIFEST.empty_table()).as_dict()["opt_in_share"] is None


def test_a_contract_in_force_that_clears_nothing_is_named() -> None:
    table = manifest(("consent_contract",))
    contracts = [
        contract("K-1"),
        contract("K-2", folder="misspelt"),
        contract("K-3", expires=date(2026, 2, 1)),
    ]
    assert find_idle_contracts(table, contracts, NOW) == ("K-2",)


def test_of_a_release_that_holds_nothing_every_contract_in_force_is_named() -> None:
    assert find_idle_contracts(MANIFEST.empty_table(), [contract("K-1")], NOW) == ("K-1",)
