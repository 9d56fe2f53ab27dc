"""A licence on file for names: what it lets pass, where, and until when."""

from __future__ import annotations

from datetime import date

import pytest

from models.assets.asset import Asset, Caption, Location
from models.errors import PolicyError
from models.findings import Finding
from models.nouns.conditions import NameLicense
from models.nouns.permission import LicensedNames, find_licensed, permit
from models.nouns.register.storage import add_name, name_id
from models.policy import parse_policy
from models.sections import start_of_day
from models.store.database import Database

KIRARI = name_id("Hoshino Kirari", "character")
NOW = start_of_day(date(2026, 6, 1))
TERMS = NameLicense(
    id="kirari-2026",
    holder="Studio Hoshikage",
    names=("character:Hoshino Kirari",),
    folder="hoshikage",
    entered_by="Aiko",
    approved_by="Ben",
    issued=date(2026, 1, 1),
    expires=date(2027, 1, 1),
)
HEAD = 'name = "t"\nversion = "1"\n'


def asset(*names: str) -> Asset:
    return Asset("a" * 64, tuple(Location(name, name) for name in names), (Caption("x", "a.txt"),))


def finding(reference: str = KIRARI, kind: str = "name_protected") -> Finding:
    return Finding(kind, "register/2", 1.0, "a name", reference=reference, category="character")  # type: ignore[arg-type]


def licensed(terms: NameLicense = TERMS) -> tuple[LicensedNames, ...]:
    return (LicensedNames(terms, frozenset({KIRARI})),)


def test_a_licensed_name_passes_and_says_by_which_licence_and_until_when() -> None:
    seen = permit(asset("hoshikage/1.png"), [finding()], licensed(), NOW)
    assert seen.open == ()
    assert seen.licensed == ((finding(), "kirari-2026"),)
    assert seen.valid_until == TERMS.expires_at


def test_other_names_stay_open() -> None:
    other = finding(name_id("Somebody Else", "character"))
    assert permit(asset("hoshikage/1.png"), [other], licensed(), NOW).open == (other,)


def test_a_licence_for_a_folder_does_not_cover_a_copy_elsewhere() -> None:
    seen = permit(asset("hoshikage/1.png", "web/1.png"), [finding()], licensed(), NOW)
    assert seen.open == (finding(),)


def test_a_licence_for_the_whole_dataset_covers_every_place() -> None:
    everywhere = TERMS.model_copy(update={"folder": "."})
    seen = permit(asset("a/1.png", "b/1.png"), [finding()], licensed(everywhere), NOW)
    assert seen.open == ()


def test_an_expired_licence_lets_nothing_pass() -> None:
    seen = permit(asset("hoshikage/1.png"), [finding()], licensed(), TERMS.expires_at)
    assert seen.open == (finding(),)


def test_a_licence_that_has_not_begun_lets_nothing_pass_and_says_when_to_look_again() -> None:
    seen = permit(asset("hoshikage/1.png"), [finding()], licensed(), TERMS.issued_at - 1)
    assert (seen.open, seen.valid_until) == ((finding(),), TERMS.issued_at)


def test_a_licence_for_names_says_nothing_about_pictures_or_unknown_terms() -> None:
    for kind in ("motif_copy", "motif_resembles", "unknown_term"):
        seen = permit(asset("hoshikage/1.png"), [finding(kind=kind)], licensed(), NOW)
        assert seen.open == (finding(kind=kind),)


def test_a_licence_by_owner_covers_what_the_register_lists_for_that_owner(
    sqlite_database: Database,
) -> None:
    by_owner = TERMS.model_copy(update={"names": (), "owner": "Studio Hoshikage"})
    with sqlite_database.transaction() as session:
        mine = add_name(session, "Kirari", "character", owner="Studio Hoshikage")
        add_name(session, "Elsewhere", "character", owner="Another Studio")
        (found,) = find_licensed(session, [by_owner])
    assert found.entries == {mine.id}


def test_a_name_of_a_licence_means_the_register_entry_of_that_category(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        entry = add_name(session, "hoshino_kirari", "character")
        (found,) = find_licensed(session, [TERMS])
    assert found.entries == {entry.id}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('names = ["Hoshino Kirari"]', "write each name as category:name"),
        ('names = ["spaceship:Kirari"]', "write each name as category:name"),
        ("names = []", "say which names it covers"),
        ('names = ["character:K"]\nfolder = "../x"', "path inside the dataset"),
        ('names = ["character:K"]\nfoldr = "x"', "did you mean 'folder'?"),
    ],
)
def test_a_licence_that_cannot_be_used_is_refused_with_what_to_write(
    line: str, message: str
) -> None:
    text = (
        f'{HEAD}[[nouns.license]]\nid = "k"\nholder = "S"\n{line}\nentered_by = "A"\n'
        'approved_by = "B"\nissued = 2026-01-01\nexpires = 2027-01-01\n'
    )
    with pytest.raises(PolicyError) as raised:
        parse_policy(text)
    assert message in str(raised.value)


def test_one_person_cannot_enter_and_approve_a_licence() -> None:
    text = (
        f'{HEAD}[[nouns.license]]\nid = "k"\nholder = "S"\nnames = ["work:K"]\nentered_by = "A"\n'
        'approved_by = " a "\nissued = 2026-01-01\nexpires = 2027-01-01\n'
    )
    with pytest.raises(PolicyError, match="two different people"):
        parse_policy(text)


def test_a_place_may_have_actions_of_its_own_and_inherits_the_rest() -> None:
    policy = parse_policy(
        f'{HEAD}[nouns]\ncharacter = "rewrite"\nartist = "exclude"\n'
        '[nouns.title]\nartist = "allow"\n'
    )
    assert policy.nouns.action_for("artist") == "exclude"
    assert policy.nouns.action_for("artist", "title") == "allow"
    assert policy.nouns.action_for("character") == "rewrite"
    assert policy.nouns.action_for("character", "title") == "review"


def test_only_captions_can_be_rewritten() -> None:
    with pytest.raises(PolicyError, match="only captions are rewritten"):
        parse_policy(f'{HEAD}[nouns.file_name]\ncharacter = "rewrite"\n')


def test_a_misspelt_category_in_a_place_is_answered_with_the_right_one() -> None:
    with pytest.raises(PolicyError, match="did you mean 'character'"):
        parse_policy(f'{HEAD}[nouns.title]\ncharactre = "review"\n')
