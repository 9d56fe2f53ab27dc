"""Models that look for names: spaCy folders and packages, and GLiNER, behind one interface."""

from __future__ import annotations

import importlib.util
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.nouns.forms import Form
from models.nouns.recognisers.external import LABELS, GlinerNames, load_gliner
from models.nouns.recognisers.labels import category_of
from models.nouns.recognisers.learned import LearnedNames, NameModelError, load_models
from models.nouns.recognisers.pieces import LONGEST_PIECE, cut, trim
from models.nouns.recognition import Certainty, Sighting, Source, prepare
from models.nouns.register.storage import CATEGORIES
from models.nouns.spacy_import import spacy

PATTERNS = [
    {"label": "PERSON", "pattern": "Ada Lovelace"},
    {"label": "WORK_OF_ART", "pattern": "Swan Lake"},
    {"label": "ORG", "pattern": "Acme"},
    {"label": "DATE", "pattern": "Monday"},
    {"label": "CHARACTER", "pattern": "Zorro"},
]


def write_model(folder: Path, **about: Any) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    nlp.meta["name"] = "ruled"
    if about:
        nlp.meta["kiyome"] = about
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "m")


@pytest.fixture(scope="module")
def recogniser(folder: Path) -> LearnedNames:
    return LearnedNames(folder)


def see(recogniser: LearnedNames | GlinerNames, text: str, **given: Any) -> list[Sighting]:
    (seen,) = recogniser.recognise([prepare(text, **given)])
    return seen


def test_what_a_model_finds_is_an_unknown_term_with_its_place(recogniser: LearnedNames) -> None:
    (seen,) = see(recogniser, "A portrait of Ada Lovelace.")
    assert (seen.start, seen.end, seen.surface) == (14, 26, "Ada Lovelace")
    assert (seen.certainty, seen.category, seen.term) == (
        Certainty.UNKNOWN,
        "person",
        "ada lovelace",
    )
    assert seen.detector == recogniser.name
    assert "'Ada Lovelace'" in seen.explanation


def test_the_recogniser_is_called_by_model_and_digest(recogniser: LearnedNames) -> None:
    kind, _, digest = recogniser.name.partition("/")
    assert kind == "ner:ruled"
    assert len(digest) == 12


def test_labels_that_are_no_names_of_ours_are_dropped(recogniser: LearnedNames) -> None:
    assert see(recogniser, "A picture of Monday.") == []


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("PERSON", "person"),
        ("ORG", "brand"),
        ("WORK_OF_ART", "work"),
        ("CHARACTER", "character"),
        ("ARTIST", "artist"),
        ("STUDIO", "studio"),
        ("Show_Organization", "studio"),
        ("Movie", "work"),
        ("DATE", None),
        ("CARDINAL", None),
        ("Age", None),
    ],
)
def test_a_label_has_a_category_or_is_no_name(label: str, category: str | None) -> None:
    assert category_of(label) == category


def test_a_model_can_say_what_its_labels_mean(tmp_path: Path) -> None:
    own = LearnedNames(write_model(tmp_path / "m", labels={"ORG": "studio", "PERSON": "nonsense"}))
    (seen,) = see(own, "A sign of Acme and Ada Lovelace.")
    assert (seen.surface, seen.category) == ("Acme", "studio")


def test_tags_japanese_and_file_names_are_not_shown_to_an_english_model(
    recogniser: LearnedNames,
) -> None:
    assert see(recogniser, "1girl, Ada Lovelace, solo") == []
    assert see(recogniser, "Zorroが公園で走っている。", form=Form.JAPANESE) == []
    assert see(recogniser, "Ada Lovelace", source=Source.FILE_NAME, form=Form.ENGLISH) == []


def test_a_model_can_say_for_which_forms_it_was_made(tmp_path: Path) -> None:
    own = LearnedNames(write_model(tmp_path / "m", forms=["booru"]))
    assert [s.surface for s in see(own, "1girl, Zorro, solo")] == ["Zorro"]
    assert see(own, "A picture of Zorro.") == []


def test_a_form_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NameModelError, match="booru"):
        LearnedNames(write_model(tmp_path / "m", forms=["klingon"]))


def test_a_name_far_inside_a_long_caption_keeps_its_place(recogniser: LearnedNames) -> None:
    text = "The quick dog is running. " * 5000 + "It meets Zorro."
    (seen,) = see(recogniser, text)
    assert text[seen.start : seen.end] == seen.surface == "Zorro"


def test_each_text_gets_its_own_sightings_in_order(recogniser: LearnedNames) -> None:
    texts = ["A dog of Acme.", "1girl, solo", "", "A film of Swan Lake.", "A dog."]
    seen = recogniser.recognise([prepare(text) for text in texts])
    assert [[s.surface for s in each] for each in seen] == [["Acme"], [], [], ["Swan Lake"], []]


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_any_text_around_a_name_is_taken(before: str, after: str) -> None:
    text = f"{before} Zorro {after}"
    for sighting in see(HOSTILE, text, form=Form.ENGLISH):
        assert text[sighting.start : sighting.end] == sighting.surface != ""
        assert sighting.term


class _Hostile:
    """A model that marks places at odds with the text."""

    def inference(
        self, texts: list[str], labels: list[str], *, threshold: float
    ) -> list[list[dict[str, Any]]]:
        return [
            [
                {"start": -5, "end": len(text) + 5, "label": labels[0], "score": 7.0},
                {"start": 2, "end": 2, "label": labels[0], "score": 0.5},
                {"start": 0, "end": 1, "label": "something else", "score": 0.5},
            ]
            for text in texts
        ]


HOSTILE = GlinerNames(_Hostile(), "hostile", "0" * 64)


def test_the_score_stays_between_nothing_and_certain() -> None:
    (seen,) = see(HOSTILE, "A dog sits in the park.")
    assert (seen.score, seen.surface) == (1.0, "A dog sits in the park")


def test_threads_may_share_one_model(recogniser: LearnedNames) -> None:
    texts = [prepare(f"Dog {place} of Acme meets Zorro.") for place in range(100)]
    found: list[int] = []

    def work() -> None:
        found.extend(len(each) for each in recogniser.recognise(texts))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 400


def test_the_fingerprint_covers_the_files_but_not_the_card(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m")
    before = LearnedNames(model).fingerprint
    (model / "README.md").write_text("A card.", encoding="utf-8")
    assert LearnedNames(model).fingerprint == before
    patterns = model / "entity_ruler" / "patterns.jsonl"
    patterns.write_text(patterns.read_text("utf-8").replace("Acme", "Axme"), encoding="utf-8")
    assert LearnedNames(model).fingerprint != before


def test_the_same_model_named_twice_counts_once(folder: Path) -> None:
    assert len(load_models([str(folder), f"{folder}/"])) == 1


def test_a_model_that_is_not_there_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(NameModelError, match=r"en_core_web_nothing.*kiyome models pull"):
        load_models(["en_core_web_nothing"])


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NameModelError, match="cannot be loaded"):
        LearnedNames(tmp_path)


def test_a_transformer_pipeline_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m")
    config = (model / "config.cfg").read_text("utf-8")
    config = config.replace('factory = "entity_ruler"', 'factory = "transformer"')
    (model / "config.cfg").write_text(config, encoding="utf-8")
    if importlib.util.find_spec("spacy_transformers"):
        pytest.skip("spacy-transformers is installed")
    with pytest.raises(NameModelError, match=r"kiyome\[transformers\]"):
        LearnedNames(model)


def test_damaged_metadata_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m")
    (model / "meta.json").write_text("{broken", encoding="utf-8")
    with pytest.raises(NameModelError, match="cannot be loaded"):
        LearnedNames(model)


class FakeGliner:
    """Stands for a GLiNER model, whose weights are on a hub: it marks one word.

    What is tested here is the adapter; no GLiNER model was run.
    """

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def inference(
        self, texts: list[str], labels: list[str], *, threshold: float
    ) -> list[list[dict[str, Any]]]:
        self.asked.append(labels)
        return [
            [
                {"start": at, "end": at + 5, "text": "Zorro", "label": labels[0], "score": 0.9}
                for at in [text.find("Zorro")]
                if at >= 0
            ]
            for text in texts
        ]


def test_gliner_is_asked_for_our_categories_and_answers_as_any_recogniser() -> None:
    model = FakeGliner()
    (seen,) = see(GlinerNames(model, "small", "f" * 64), "😀 The mask of Zorro.")
    assert (seen.surface, seen.category, seen.score) == ("Zorro", "character", 0.9)
    assert seen.detector == "gliner:small/ffffffffffff"
    assert model.asked == [list(LABELS)]
    assert set(LABELS.values()) <= set(CATEGORIES)


@pytest.mark.skipif(
    importlib.util.find_spec("gliner") is not None, reason="the package gliner is installed"
)
def test_gliner_without_its_package_says_which_extra_to_install() -> None:
    with pytest.raises(NameModelError, match=r"kiyome\[gliner\]"):
        load_gliner("some/model")
    with pytest.raises(NameModelError, match=r"kiyome\[gliner\]"):
        load_models(["gliner:some/model"])


@given(st.text(st.characters(), max_size=5000))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    pieces = list(cut(text))
    assert sum(len(piece) for _, piece in pieces) == len(text)
    assert all(len(piece) <= LONGEST_PIECE for _, piece in pieces)
    for offset, piece in pieces:
        assert len(piece) == len(text[offset : offset + len(piece)])


def test_a_long_text_is_cut_behind_a_sentence() -> None:
    text = "A dog runs in the park with a ball. " * 60
    assert all(piece.endswith(". ") for _, piece in cut(text))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('"Zorro",', "Zorro"),
        (" saber (fate).", "saber (fate)"),
        ("(Zorro)", "Zorro"),
        (" - , ", "-"),
        ("...", ""),
    ],
)
def test_separators_at_the_edges_of_a_span_are_left_out(text: str, kept: str) -> None:
    start, end = trim(text, 0, len(text))
    assert text[start:end] == kept


def test_scores_below_the_threshold_of_the_model_do_not_count(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("CHARACTER")
    nlp.initialize()
    nlp.meta["kiyome"] = {"forms": ["english"], "threshold": 1.1}
    nlp.to_disk(tmp_path / "m")
    assert json.loads((tmp_path / "m" / "meta.json").read_text("utf-8"))["kiyome"]["threshold"]
    assert see(LearnedNames(tmp_path / "m"), "Ada Lovelace meets Zorro in a park.") == []
