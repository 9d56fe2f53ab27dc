"""kiyome train-ner from captions to a model that finds names it has never seen."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli.train_ner import train_ner
from models.errors import KiyomeError
from models.nouns.forms import Form
from models.nouns.recognisers.learned import LearnedNames, load_models
from models.nouns.recognition import Certainty, prepare
from models.nouns.register.storage import make_entry, make_register
from models.nouns.spacy_import import spacy
from models.nouns.training.fitting import Ending, fit
from models.nouns.training.material import gather_material

CAPTIONS = [
    f"A {adjective} {who} {does} {where}."
    for adjective in ("young", "little", "tall", "tired", "happy", "wet", "blond")
    for who in ("man", "woman", "boy", "girl", "dog", "child")
    for does in ("runs", "sits", "is jumping", "smiles")
    for where in ("in the park", "near a lake", "on the street", "beside a red car")
]
SYLLABLES = ("ka", "mi", "to", "re", "zu", "no", "hi", "sa", "ro", "fe", "lu", "gra")
NAMES = [
    (f"{a}{b}{c}_{c}{a}", category)
    for (a, b, c), category in zip(
        product(SYLLABLES, SYLLABLES[:5], SYLLABLES[5:]),
        ("character", "character", "artist", "work") * 200,
        strict=False,
    )
]


def run(folder: Path, *options: str) -> Result:
    (folder / "captions.txt").write_text("\n".join(CAPTIONS), encoding="utf-8")
    with (folder / "names.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "category", "source", "licence"])
        writer.writerows([name, category, "a list", "CC0-1.0"] for name, category in NAMES)
    arguments = [
        "--captions", str(folder / "captions.txt"), "--names", str(folder / "names.csv"), *options
    ]  # fmt: skip
    return CliRunner().invoke(train_ner, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    result = run(folder, "--out", str(folder / "my names"), "--steps", "120", "--seed", "5")
    assert result.exit_code == 0, result.output
    return folder / "my names"


@pytest.fixture(scope="module")
def recogniser(model: Path) -> LearnedNames:
    return LearnedNames(model)


def test_the_folder_is_an_ordinary_spacy_model(model: Path) -> None:
    doc = spacy.load(model)("Karezu Zuka runs in the park.")
    assert [span.text for span in doc.ents] == ["Karezu Zuka"]


def test_a_name_that_was_never_seen_is_found_in_any_case(recogniser: LearnedNames) -> None:
    texts = ["Kanoto Toka is jumping near a lake.", "a tall boy sits, art by kanoto toka"]
    seen = recogniser.recognise([prepare(text) for text in texts])
    for sightings in seen:
        assert [sighting.surface.lower() for sighting in sightings] == ["kanoto toka"]
        assert sightings[0].certainty is Certainty.UNKNOWN
        assert sightings[0].term == "kanoto toka"


def test_a_clean_caption_is_left_alone(recogniser: LearnedNames) -> None:
    texts = [prepare(text) for text in CAPTIONS[:100]]
    assert sum(bool(seen) for seen in recogniser.recognise(texts)) <= 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "\ud800 Zorro \udfff",
        "\u202eZorro",
        "😀" * 3000,
        "a" * 50_000,
        "-.," * 9000,
    ],
)
def test_any_text_is_taken(recogniser: LearnedNames, text: str) -> None:
    (seen,) = recogniser.recognise([prepare(text, form=Form.ENGLISH)])
    for sighting in seen:
        assert text[sighting.start : sighting.end] == sighting.surface


def test_the_evaluation_says_what_was_held_out_and_keeps_to_the_false_alarms(model: Path) -> None:
    evaluation = json.loads((model / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["held_out"]["names"] > 0
    assert evaluation["false_alarms"] <= evaluation["asked_false_alarms"] == 0.01
    assert 0.5 < evaluation["recall"] <= 1.0


def test_the_card_names_sources_licences_digests_and_limits(model: Path) -> None:
    card = (model / "README.md").read_text(encoding="utf-8")
    assert "| a list | CC0-1.0 | 420 |" in card
    assert "figures are optimistic" in card
    meta = json.loads((model / "meta.json").read_text(encoding="utf-8"))["kiyome"]
    assert meta["captions"] in card
    assert meta["register"] in card


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    fingerprints = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, "--out", str(tmp_path / name / "m"), "--steps", "10", "--seed", "5")
        (recogniser,) = load_models([str(tmp_path / name / "m")])
        fingerprints.append(recogniser.fingerprint)
    assert fingerprints[0] == fingerprints[1]


def test_nothing_is_left_beside_the_model(model: Path) -> None:
    assert sorted(path.name for path in model.parent.iterdir()) == [
        "captions.txt",
        "my names",
        "names.csv",
    ]


def test_a_model_that_is_there_is_not_replaced_unasked(model: Path) -> None:
    with pytest.raises(KiyomeError, match="--overwrite"):
        run(model.parent, "--out", str(model), "--steps", "1")


def test_japanese_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(KiyomeError, match="Japanese"):
        run(tmp_path, "--out", str(tmp_path / "m"), "--language", "ja")


def test_an_interrupt_keeps_what_was_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.nouns.training.fitting.LOOK_EVERY", 10)
    register = make_register(make_entry(name, category) for name, category in NAMES)
    material = gather_material(CAPTIONS, register, hold_out=0.1)

    def interrupt(look: object) -> None:
        if getattr(look, "step", 0) > 10:
            raise KeyboardInterrupt

    fitted = fit(material, steps=100, minutes=None, seed=1, false_alarms=0.01, tell=interrupt)
    assert (fitted.ending, fitted.best_step) == (Ending.INTERRUPTED, 10)


def test_an_interrupt_before_anything_was_learned_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("models.nouns.training.fitting.try_model", interrupt)
    result = run(tmp_path, "--out", str(tmp_path / "m"), "--steps", "2")
    assert result.exit_code != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["captions.txt", "names.csv"]
