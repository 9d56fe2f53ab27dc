"""The documents of a bundle, each written from facts alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.compliance.bundling import write_members
from models.compliance.croissant import build_croissant
from models.compliance.documents import SUMMARY, list_documents
from models.compliance.facts import Facts
from models.compliance.policy_copy import write_policy
from models.compliance.spdx import NO_LICENCE, build_spdx, name_by_digest
from models.compliance.writing import BLANK, LANGUAGES, Language
from models.policy import parse_policy
from models.releases.audited import encode_policy
from tests.compliance_parts import RELEASE, make_facts, with_consent
from tests.pipeline import POLICY

HOSTILE = "</p><script>alert(1)</script> **bold** [x](http://evil) | `code`\n# heading \u202e"


def read(members: dict[str, bytes], name: str) -> str:
    return members[name].decode()


def load_spdx(value: dict[str, Any]) -> Any:
    from spdx_python_model import v3_0_1 as model

    found = model.SHACLObjectSet()
    model.JSONLDDeserializer().deserialize_data(json.loads(json.dumps(value)), found)
    assert found.link() == set()
    return found


def check_croissant(value: dict[str, Any], folder: Path) -> tuple[set[str], set[str]]:
    """Errors and warnings of the reference library."""
    import mlcroissant

    path = folder / "croissant.json"
    path.write_text(json.dumps(value))
    issues = mlcroissant.Dataset(str(path)).metadata.ctx.issues
    return issues.errors, issues.warnings


def test_croissant_is_valid_without_a_warning(tmp_path: Path) -> None:
    value = build_croissant(make_facts(publisher="Aoi", url="https://aoi.example/3"))
    assert check_croissant(value, tmp_path) == (set(), set())
    assert value["conformsTo"] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]


def test_croissant_is_valid_where_little_is_known(tmp_path: Path) -> None:
    facts = with_consent(make_facts(), licences=(), carriers={})
    assert check_croissant(build_croissant(facts), tmp_path)[0] == set()


def test_croissant_names_the_manifest_by_its_digest() -> None:
    (file,) = build_croissant(make_facts())["distribution"]
    assert file["sha256"] == RELEASE.manifest_sha256


def test_spdx_is_valid_and_says_what_the_dataset_profile_asks_for() -> None:
    found = load_spdx(build_spdx(make_facts(url="https://aoi.example/3")))
    (dataset,) = found.foreach_type("dataset_DatasetPackage")
    assert dataset.builtTime == dataset.releaseTime
    assert dataset.software_downloadLocation == "https://aoi.example/3"
    assert str(dataset.software_primaryPurpose).endswith("/data")
    assert dataset.dataset_datasetSize == 987_654
    assert len(dataset.originatedBy) == 1
    kinds = sorted(
        str(r.relationshipType).rsplit("/")[-1] for r in found.foreach_type("Relationship")
    )
    assert kinds == ["hasConcludedLicense", "hasDeclaredLicense"]


def test_spdx_asserts_no_licence_where_one_is_not_known() -> None:
    relations = [e for e in build_spdx(make_facts())["@graph"] if e["type"] == "Relationship"]
    assert [relation["to"] for relation in relations] == [[NO_LICENCE], [NO_LICENCE]]


def test_spdx_names_the_licences_where_all_of_them_are_known() -> None:
    facts = with_consent(make_facts(), expression="CC-BY-4.0 AND CC0-1.0", unlicensed=0)
    found = load_spdx(build_spdx(facts))
    (expression,) = found.foreach_type("simplelicensing_LicenseExpression")
    assert expression.simplelicensing_licenseExpression == "CC-BY-4.0 AND CC0-1.0"
    for relation in found.foreach_type("Relationship"):
        assert list(relation.to) == [expression]


def test_without_an_address_the_location_names_the_bytes() -> None:
    # RFC 6920, section 8.1: "Hello World!"
    assert name_by_digest(digest_bytes(b"Hello World!")) == (
        "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"
    )


def test_a_size_that_is_not_known_is_left_out() -> None:
    facts = make_facts()
    unknown = replace(facts, composition=replace(facts.composition, image_bytes=None))
    (dataset,) = load_spdx(build_spdx(unknown)).foreach_type("dataset_DatasetPackage")
    assert dataset.dataset_datasetSize is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_is_a_draft_by_name_and_on_top(language: Language) -> None:
    members = write_members(make_facts())
    for kind in ("md", "html"):
        name = f"draft-for-counsel-eu-art-53-1-d-summary.{language}.{kind}"
        top = read(members, name)[:1900]
        assert {"en": "DRAFT FOR COUNSEL", "ja": "弁護士確認用の草案"}[language] in top


HEADINGS = ("1.", "1.1.", "1.2.", "1.3.", "2.", "2.1.", "2.2.", "2.2.1.", "2.2.2.", "2.3.", "2.4.")
HEADINGS_AFTER = ("2.5.", "2.6.", "3.", "3.1.", "3.2.", "3.3.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_has_every_section_of_the_template_in_order(language: Language) -> None:
    text = read(write_members(make_facts()), f"{SUMMARY}.{language}.md")
    assert re.findall(r"(?m)^#{2,4} ([0-9.]+) ", text) == [*HEADINGS, *HEADINGS_AFTER]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_kiyome_cannot_know_is_marked(language: Language) -> None:
    members = write_members(make_facts())
    mark = BLANK[language]
    assert read(members, f"{SUMMARY}.{language}.md").count(mark) >= 15
    assert read(members, f"datasheet.{language}.md").count(mark) >= 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_leave_the_same_fields_open(language: Language) -> None:
    members = write_members(make_facts())
    for name in (SUMMARY, "datasheet"):
        counts = {each: read(members, f"{name}.{each}.md").count(BLANK[each]) for each in LANGUAGES}
        assert counts[language] == counts["en"]


def test_who_publishes_is_no_open_field_once_it_was_said() -> None:
    open_fields = write_members(make_facts())["datasheet.en.md"].count(BLANK["en"].encode())
    said = write_members(make_facts(publisher="Aoi"))["datasheet.en.md"]
    assert said.count(BLANK["en"].encode()) == open_fields - 1
    assert b"Aoi" in said


@pytest.mark.parametrize("languages", [("en",), ("ja",)])
def test_one_language_can_be_had_alone(languages: tuple[Language, ...]) -> None:
    members = write_members(make_facts(), languages)
    for language in LANGUAGES:
        there = set(list_documents(language)) <= members.keys()
        assert there is (language in languages)


def test_the_readme_lists_every_file_and_what_is_missing() -> None:
    members = write_members(make_facts())
    for name in ("README.en.md", "README.ja.md"):
        text = read(members, name).replace("\\", "")
        assert all(f"| {path} |" in text for path in members)
        assert "| policy.toml |" in text


def make_hostile() -> Facts:
    facts = make_facts(publisher=HOSTILE, policy=HOSTILE)
    facts = replace(facts, release=replace(facts.release, dataset=HOSTILE))
    return with_consent(facts, carriers={HOSTILE: 1}, profile="opt-out", opt_out_name=HOSTILE)


def test_a_hostile_name_is_never_markup() -> None:
    members = write_members(make_hostile())
    for name, data in members.items():
        text = data.decode("utf-8", "replace")
        if name.endswith(".html"):
            assert "<script" not in text
        if name.endswith(".md"):
            assert not re.search(
                r"(?<!\\)<script|(?<!\\)\*\*bold|(?<!\\)\[x|^# heading", text, re.MULTILINE
            )
            assert "\u202e" not in text


def test_a_hostile_name_leaves_the_descriptions_valid(tmp_path: Path) -> None:
    value = build_croissant(make_hostile())
    assert value["name"] == {"en": HOSTILE}
    assert check_croissant(value, tmp_path)[0] == set()
    (dataset,) = load_spdx(build_spdx(make_hostile())).foreach_type("dataset_DatasetPackage")
    assert dataset.name == HOSTILE


def test_the_pages_fetch_nothing() -> None:
    page = read(write_members(make_facts(url="https://aoi.example")), f"{SUMMARY}.en.html")
    assert not re.search(r"(?i)<(script|link|img|iframe)|src=|url\(|@import", page)


def test_equal_facts_give_equal_members() -> None:
    assert write_members(make_facts()) == write_members(make_facts())


WITH_PEOPLE = (
    POLICY
    + """
[[nouns.license]]
id = "secret-deal"
holder = "Kirari Works"
names = ["character:Hoshino Kirari"]
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2099-01-01
"""
)


def test_the_policy_word_for_word_has_the_digest_of_the_release() -> None:
    policy = parse_policy(WITH_PEOPLE)
    copy = write_policy(encode_policy(policy), whole=True).decode()
    assert parse_policy(copy).digest == policy.digest
    assert policy.digest in copy


def test_the_public_policy_names_nobody_and_keeps_the_rules() -> None:
    copy = write_policy(encode_policy(parse_policy(WITH_PEOPLE)), whole=False).decode()
    for word in ("Aoki", "Baba", "Studio", "Kirari", "secret-deal", "everything"):
        assert word not in copy
    assert 'artist = "exclude"' in copy
    assert 'purposes = ["generative_training"]' in copy
    assert 'expires = "2099-01-01"' in copy
