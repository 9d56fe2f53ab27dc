"""Training captions, what is held out, and the threshold: everything but the training itself."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.register.storage import CATEGORIES, NameEntry, Surface, make_entry, make_register
from models.nouns.training.evaluating import LOWEST_THRESHOLD, calibrate, is_homograph
from models.nouns.training.material import TrainingError, gather_material, read_captions
from models.nouns.training.phrases import PHRASES
from models.nouns.training.sampling import Sampler, TrainingName, to_training_name
from models.nouns.training.training import Plan, require_folder, require_language

CAPTIONS = [
    f"A {adjective} {who} {does} {where}."
    for adjective in ("young", "little", "tall", "tired", "happy", "wet")
    for who in ("man", "woman", "boy", "girl", "dog")
    for does in ("runs", "sits", "is jumping")
    for where in ("in the park", "near a lake", "on the street", "beside a red car")
]


def named(name: str, category: str = "character", **others: str) -> TrainingName:
    surfaces = [Surface(text, "other") for text in others.values()]
    found = to_training_name(make_entry(name, category, surfaces))
    assert found is not None
    return found


def entries(number: int) -> list[NameEntry]:
    syllables = ["ka", "mi", "to", "re", "zu", "no", "hi", "sa", "ro", "fe"]
    return [
        make_entry(
            "".join(syllables[int(digit)] for digit in f"{place:03}") + "_zor",
            ("character", "artist", "work")[place % 3],
        )
        for place in range(number)
    ]


def test_a_name_is_written_with_spaces_and_without_its_qualifier() -> None:
    name = named("saber_alter_(fate)")
    assert (name.official, name.qualified) == ("saber alter", "saber alter (fate)")


def test_a_name_without_a_spelling_in_latin_letters_is_left_out() -> None:
    assert to_training_name(make_entry("初音ミク", "character")) is None


def test_a_latin_alias_of_a_japanese_name_is_learned() -> None:
    name = to_training_name(make_entry("初音ミク", "character", ["Hatsune Miku"]))
    assert name is not None
    assert name.official == "Hatsune Miku"


def test_every_mention_is_a_spelling_of_a_name() -> None:
    names = [named("hatsune_miku"), named("rose_(garden)"), named("kantoku", "artist")]
    spellings = {"hatsune miku", "miku hatsune", "rose", "rose (garden)", "kantoku"}
    for sample in islice(Sampler(CAPTIONS, names, 1), 500):
        for mention in sample.mentions:
            assert sample.text[mention.start : mention.end].lower() in spellings


def test_a_caption_without_mentions_holds_no_name() -> None:
    names = [named("zorrblax_kepru"), named("vaghtul", "artist"), named("xyqqo", "work")]
    for sample in islice(Sampler(CAPTIONS, names, 2), 500):
        if not sample.mentions:
            assert not any(word in sample.text.lower() for word in ("zorr", "vagh", "xyqq"))


def test_some_captions_are_left_without_a_name() -> None:
    samples = list(islice(Sampler(CAPTIONS, [named("hatsune_miku")], 3), 300))
    assert 0.2 < sum(not sample.mentions for sample in samples) / 300 < 0.6


def test_a_subject_gives_its_place_to_a_name() -> None:
    samples = islice(Sampler(["A young man runs in the park."], [named("hatsune_miku")], 4), 200)
    assert "Hatsune Miku runs in the park." in {sample.text for sample in samples}


def test_names_are_swapped_into_lower_case_captions_too() -> None:
    samples = [s for s in islice(Sampler(CAPTIONS, [named("hatsune_miku")], 5), 300) if s.mentions]
    assert any(sample.text.islower() for sample in samples)
    assert any("Hatsune Miku" in sample.text for sample in samples)


def test_the_same_seed_gives_the_same_captions() -> None:
    names = [named("hatsune_miku"), named("kantoku", "artist")]
    one, other = (list(islice(Sampler(CAPTIONS, names, 6), 100)) for _ in range(2))
    assert one == other
    assert one != list(islice(Sampler(CAPTIONS, names, 7), 100))


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5), st.integers(0, 99))
def test_any_captions_give_samples_with_mentions_inside(captions: list[str], seed: int) -> None:
    for sample in islice(Sampler(captions, [named("hatsune_miku")], seed), 20):
        for mention in sample.mentions:
            assert 0 <= mention.start < mention.end <= len(sample.text)


def test_names_that_differ_in_the_qualifier_are_held_out_together() -> None:
    twins = [make_entry(f"{e.name}_(swimsuit)", e.category) for e in entries(200)]
    material = gather_material(CAPTIONS, make_register([*entries(200), *twins]), hold_out=0.3)
    learned = {name.official for name in material.names}
    held = {name.official for name in material.held_names}
    assert held
    assert not learned & held


def test_captions_that_hold_a_registered_name_are_left_out() -> None:
    register = make_register([*entries(100), make_entry("hatsune_miku", "character")])
    material = gather_material(
        [*CAPTIONS, "Hatsune Miku is jumping over a puddle in the park."], register, hold_out=0.1
    )
    assert material.counts.named == 1
    assert not any("Miku" in text for text in (*material.captions, *material.held_captions))


def test_tags_and_japanese_are_left_out() -> None:
    others = ["1girl, solo, long hair, smile", "少女が公園で走っている。"]
    counts = gather_material([*CAPTIONS, *others], make_register(entries(100)), hold_out=0.1).counts
    assert (counts.other_form, counts.kept) == (2, len(CAPTIONS))


def test_too_few_captions_are_refused_with_the_numbers() -> None:
    with pytest.raises(TrainingError, match="Only 50 of 50 captions"):
        gather_material(CAPTIONS[:50], make_register(entries(100)), hold_out=0.1)


def test_too_few_names_are_refused() -> None:
    with pytest.raises(TrainingError, match="Only 3 names"):
        gather_material(CAPTIONS, make_register(entries(3)), hold_out=0.1)


def test_captions_are_read_from_lines_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One caption.\n\nAnother.\n", encoding="utf-8")
    rows = [json.dumps({"text": "A third."}), "{broken", "[]", json.dumps({"caption": "A fourth."})]
    (tmp_path / "b.jsonl").write_text("\n".join(rows), encoding="utf-8")
    found = list(read_captions([tmp_path / "a.txt", tmp_path / "b.jsonl"]))
    assert found == ["One caption.", "Another.", "A third.", "A fourth."]


def test_a_lone_surrogate_in_json_lines_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "A \\ud800 man."}\n', encoding="utf-8")
    assert list(read_captions([tmp_path / "a.jsonl"])) == ["A \ufffd man."]


@given(
    st.lists(st.integers(0, 10**6).map(lambda score: score / 10**6), min_size=1, max_size=50),
    st.floats(0, 1),
)
def test_the_threshold_keeps_to_the_share_that_was_asked_for(
    scores: list[float], share: float
) -> None:
    threshold = calibrate(scores, share)
    alarms = sum(score >= threshold for score in scores)
    assert alarms <= share * len(scores)
    lower = sorted({score for score in scores if LOWEST_THRESHOLD <= score < threshold})
    if lower:
        assert sum(score >= lower[-1] for score in scores) > int(share * len(scores))


def test_a_name_of_ordinary_words_is_a_homograph() -> None:
    assert is_homograph("Red Rose")
    assert not is_homograph("Zorrblax Rose")


def test_japanese_is_refused_with_the_way_out() -> None:
    with pytest.raises(TrainingError, match="ja_ginza"):
        require_language("ja")


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(TrainingError, match="something else"):
        require_folder(Plan(tmp_path, overwrite=True))


def test_every_category_of_names_has_its_phrases() -> None:
    assert set(PHRASES) == set(CATEGORIES)
    assert all(phrase.count("{x}") == 1 for phrases in PHRASES.values() for phrase in phrases)


def test_an_earlier_model_is_replaced_only_on_request(tmp_path: Path) -> None:
    for name in ("meta.json", "evaluation.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(TrainingError, match="--overwrite"):
        require_folder(Plan(tmp_path))
    require_folder(Plan(tmp_path, overwrite=True))
