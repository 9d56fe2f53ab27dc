"""The sample dataset: what is committed is whole, small, and what its catalogue says."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from flows.sample.catalogue import ITEMS, MOTIFS, Item
from flows.sample.draw import draw_sample, write_expected
from models.policy import load_policy
from models.reasons import Reason
from models.verdicts import Verdict

SAMPLE = Path(__file__).parents[2] / "flows" / "sample"
DATASET = SAMPLE / "dataset"
DECODED = [
    item
    for item in ITEMS
    if item.reason not in (Reason.IMAGE_DAMAGED, Reason.IMAGE_EMPTY, Reason.IMAGE_FORMAT)
]


def _images() -> set[str]:
    texts = {".txt", ".caption", ".json"}
    paths = (path for path in DATASET.rglob("*") if path.is_file() and path.suffix not in texts)
    return {str(path.relative_to(DATASET)) for path in paths}


def test_the_dataset_holds_exactly_the_files_of_the_catalogue() -> None:
    assert _images() == {item.name for item in ITEMS}


def test_the_expectations_are_those_of_the_catalogue(tmp_path: Path) -> None:
    write_expected(tmp_path / "EXPECTED.csv", ITEMS)
    assert (SAMPLE / "EXPECTED.csv").read_bytes() == (tmp_path / "EXPECTED.csv").read_bytes()


def test_every_kind_of_verdict_and_most_reasons_are_shown() -> None:
    assert {item.verdict for item in ITEMS} == set(Verdict)
    assert len({item.reason for item in ITEMS}) >= 15


def test_the_whole_is_at_most_a_megabyte_and_a_half() -> None:
    data = [path for path in SAMPLE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in data) <= 1_500_000


@pytest.mark.parametrize("item", DECODED, ids=lambda item: item.name)
def test_an_image_that_is_not_broken_on_purpose_opens_in_full(item: Item) -> None:
    with Image.open(DATASET / item.name) as image:
        image.load()
        assert min(image.size) >= 180


def test_captions_lie_beside_their_images() -> None:
    for item in ITEMS:
        path = (DATASET / item.name).with_suffix(".txt")
        path = path if path.exists() else path.with_suffix(".caption")
        if item.caption:
            assert path.read_bytes().decode(item.encoding) == f"{item.caption}\n"
        else:
            assert not path.exists()


def test_the_odd_formats_are_what_they_are_said_to_be() -> None:
    modes = {}
    for item in DECODED:
        with Image.open(DATASET / item.name) as image:
            modes[item.making] = (
                image.mode,
                image.getexif().get(0x0112),
                getattr(image, "n_frames", 1),
            )
    assert modes["cmyk"][0] == "CMYK"
    assert modes["grey16"][0] == "I;16"
    assert modes["turned"][1] == 6
    assert modes["animated"][2] == 4


def test_one_name_is_decomposed_and_stays_so() -> None:
    decomposed = [n for n in _images() if unicodedata.normalize("NFC", n) != n]
    assert len(decomposed) == 1


def test_the_policy_names_a_signer_and_not_the_placeholder_of_the_template() -> None:
    contracts = load_policy(SAMPLE / "policy.toml").consent.contract
    signer = next(contract.signer for contract in contracts if contract.signer)
    assert set(signer) != {"0"}


def test_no_private_key_is_committed() -> None:
    for path in SAMPLE.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            assert b"PRIVATE KEY-----" not in path.read_bytes(), path


def test_the_motif_list_names_every_reference() -> None:
    with (SAMPLE / "motifs" / "motifs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [motif.file for motif in MOTIFS]
    assert all((SAMPLE / "motifs" / row["file"]).is_file() for row in rows)


def test_drawing_into_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        draw_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
