"""Licences as statements name them, their identifiers, and what may be said of all of them."""

from __future__ import annotations

import pytest
from packaging.licenses import canonicalize_license_expression

from models.compliance.licences import (
    ON_FILE,
    SPDX_IDS,
    count_licences,
    find_spdx,
    list_licences,
    write_expression,
    write_licence,
)
from tests.compliance_parts import make_consent


@pytest.mark.parametrize(
    ("said", "spdx"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "CC-BY-NC-ND-4.0"),
        ("http://creativecommons.org/licenses/by/3.0/legalcode", "CC-BY-3.0"),
        ("https://creativecommons.org/licenses/by/4.0/deed.ja", "CC-BY-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://spdx.org/licenses/CC0-1.0.html", "CC0-1.0"),
        ("https://creativecommons.org/licenses/by/9.9/", ""),
        ("https://creativecommons.org.evil.example/licenses/by/4.0/", ""),
        ("https://example.com/CC-BY-4.0", ""),
        ("all rights reserved", ""),
        ("", ""),
    ],
)
def test_a_licence_is_known_by_its_identifier_or_its_own_address(said: str, spdx: str) -> None:
    assert find_spdx(said) == spdx


def test_every_identifier_is_one_of_the_spdx_list() -> None:
    for spdx in sorted(SPDX_IDS.values()):
        assert canonicalize_license_expression(spdx) == spdx


@pytest.mark.parametrize(
    "said",
    [
        "Ask hanako@example.com",
        "https://hanako@example.com/licence",
        "https://example.com/licence?for=hanako",
        "ライセンスは花子まで",
        "two words",
    ],
)
def test_a_text_that_may_name_somebody_becomes_a_digest(said: str) -> None:
    assert write_licence(said).startswith("LicenseRef-")


def test_an_address_stays() -> None:
    assert write_licence("ipfs://bafyexample/terms") == "ipfs://bafyexample/terms"


def test_each_licence_of_an_asset_is_listed_once() -> None:
    by = "https://creativecommons.org/licenses/by/4.0/"
    table = list_licences(
        make_consent(
            ("a", [("c2pa", by), ("plus", "CC-BY-4.0"), ("contract", "")]),
            ("b", [("c2pa", "")]),
            ("c", []),
        )
    )
    assert table.to_pylist() == [
        {"asset_sha256": "a", "licence": "CC-BY-4.0", "spdx": "CC-BY-4.0"},
        {"asset_sha256": "a", "licence": ON_FILE, "spdx": ""},
    ]


def test_a_release_without_assets_has_no_licences() -> None:
    assert list_licences(make_consent()).num_rows == 0


def test_all_licences_together_are_joined_by_and() -> None:
    table = list_licences(make_consent(("a", [("x", "CC0-1.0")]), ("b", [("x", "CC-BY-4.0")])))
    assert write_expression(count_licences(table), 0) == "CC-BY-4.0 AND CC0-1.0"


@pytest.mark.parametrize("said", [[("x", "my terms")], [("contract", "")]])
def test_one_licence_that_is_not_known_leaves_the_whole_open(said: list[tuple[str, str]]) -> None:
    table = list_licences(make_consent(("a", [("x", "CC0-1.0")]), ("b", said)))
    assert write_expression(count_licences(table), 0) == ""


def test_an_asset_without_a_licence_leaves_the_whole_open() -> None:
    assert write_expression((("CC0-1.0", "CC0-1.0", 5),), 1) == ""
