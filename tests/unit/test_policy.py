"""The policy file: what it may say, and how it tells where it is wrong."""

from __future__ import annotations

from importlib.resources import files

import pytest

from models.errors import PolicyError
from models.policy import parse_policy

HEAD = 'name = "house"\nversion = "1"\n'
CONTRACT = """
[[consent.contract]]
id = "c1"
holder = "Studio"
purposes = ["generative_training"]
folder = "studio"
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2027-01-01
"""


def _problem(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "policy.toml")
    return str(caught.value)


def test_the_shortest_policy_is_opt_in_for_generative_training() -> None:
    policy = parse_policy(HEAD)
    assert policy.label == "house 1, opt-in"
    assert [purpose.value for purpose in policy.consent.purposes] == ["generative_training"]


def test_a_misspelt_field_is_named_with_its_line_and_a_suggestion() -> None:
    problem = _problem(HEAD + '[nouns]\ncharactre = "review"\n')
    assert "policy.toml:4: nouns.charactre: no such setting; did you mean 'character'?" in problem


def test_a_misspelt_value_is_named_with_its_line() -> None:
    problem = _problem(HEAD + '[motifs]\ncopy_action = "exclude"\nresembles_action = "reveiw"\n')
    assert "policy.toml:5: motifs.resembles_action:" in problem


def test_a_fault_in_the_second_contract_is_found_in_the_second_contract() -> None:
    broken = CONTRACT.replace('"c1"', '"c2"').replace('"studio"', '"../other"')
    problem = _problem(HEAD + CONTRACT + broken)
    line = (HEAD + CONTRACT + broken).splitlines().index('folder = "../other"') + 1
    assert f"policy.toml:{line}: consent.contract.1.folder:" in problem


def test_broken_toml_is_said_to_be_broken_with_its_line() -> None:
    assert "line 3" in _problem(HEAD + "[nouns\n")


def test_a_contract_needs_two_different_people() -> None:
    assert "two different people" in _problem(HEAD + CONTRACT.replace("Baba", "aoki"))


def test_a_contract_has_to_cover_something() -> None:
    assert "say what it covers" in _problem(HEAD + CONTRACT.replace('folder = "studio"\n', ""))


def test_an_opt_out_profile_has_to_be_named_and_to_end() -> None:
    problem = _problem(HEAD + '[consent]\nprofile = "opt-out"\n')
    assert "opt_out_name" in problem
    assert "opt_in_target" in problem


def test_an_opt_out_profile_shows_in_every_label() -> None:
    text = '[consent]\nprofile = "opt-out"\nopt_out_name = "legacy"\nopt_in_target = 2027-06-30\n'
    assert parse_policy(HEAD + text).label == "house 1, opt-out (legacy, until 2027-06-30)"


def test_comments_and_spacing_do_not_change_the_digest() -> None:
    assert parse_policy(HEAD).digest == parse_policy("# a comment\n\n" + HEAD).digest


def test_what_the_policy_says_changes_the_digest() -> None:
    assert parse_policy(HEAD).digest != parse_policy(HEAD + "[motifs]\nrisk = 0.4\n").digest


def test_a_name_of_unknown_category_goes_to_review() -> None:
    assert parse_policy(HEAD).nouns.action_for("spaceship") == "review"


def test_the_template_for_new_users_is_a_valid_policy() -> None:
    text = files("flows").joinpath("templates", "policy.toml").read_text(encoding="utf-8")
    assert parse_policy(text).consent.profile == "opt-in"


@pytest.mark.parametrize("key", ["copy_distance", "resembles_score", "named_score"])
def test_a_setting_that_was_replaced_says_by_what(key: str) -> None:
    assert "risk' " in _problem(HEAD + f"[motifs]\n{key} = 0.5\n")
