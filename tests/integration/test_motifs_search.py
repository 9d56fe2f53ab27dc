"""Retro-search: what a picture would find in a dataset that has been cleansed before."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from flows.cleanse import cleanse
from flows.cli.motifs import motifs
from models.motifs.encoder import BUILTIN
from models.settings import Settings
from tests.motif_pictures import draw, encode_file
from tests.pipeline import make_settings

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A cleansed dataset: a copy, a scene that holds the motif, others, and a damaged file."""
    folder = tmp_path_factory.mktemp("search")
    root = folder / "set"
    root.mkdir()
    for seed in range(20, 26):
        (root / f"other{seed}.png").write_bytes(encode_file(draw(seed)))
    Image.fromarray(draw(1)).resize((240, 180)).save(root / "copy.jpg", quality=70)
    scene = draw(99, (900, 700)).copy()
    scene[300:540, 500:820] = draw(1)
    (root / "scene.png").write_bytes(encode_file(scene))
    (root / "damaged.png").write_bytes(encode_file(draw(30))[:500])
    for path in list(root.iterdir()):
        path.with_suffix(".txt").write_text("a drawing of shapes", encoding="utf-8")
    made = make_settings(folder, encoder=BUILTIN)
    cleanse(str(root), dataset="set", settings=made.model_dump(mode="json"))
    for path in root.glob("*.png"):
        path.unlink()  # what is searched is what was kept
    return made


def search(settings: Settings, *arguments: str) -> Result:
    variables = settings.as_variables()
    workspace = str(settings.workspace)
    return CliRunner(env=variables).invoke(
        motifs, ["search", *arguments, "--workspace", workspace], catch_exceptions=False
    )


@pytest.fixture
def motif(tmp_path: Path) -> Path:
    path = tmp_path / "motif.png"
    path.write_bytes(encode_file(draw(1)))
    return path


def test_copies_and_pictures_that_hold_it_are_named_with_the_place(
    settings: Settings, motif: Path, tmp_path: Path
) -> None:
    file = tmp_path / "found.csv"
    done = search(settings, str(motif), "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as rows:
        found = {row["names"]: row for row in csv.DictReader(rows)}
    assert set(found) == {"copy.jpg", "scene.png"}
    assert all(float(row["risk"]) >= 0.5 for row in found.values())
    sides = [float(found["scene.png"][side]) for side in ("left", "top", "right", "bottom")]
    assert sides == pytest.approx([0.556, 0.429, 0.911, 0.771], abs=0.03)
    assert "scene.png  like motif.png, at" in done.stdout
    assert "8 of 9 pictures of set searched." in done.stdout


def test_pictures_that_could_not_be_searched_are_told_by_the_exit_code(
    settings: Settings, motif: Path
) -> None:
    done = search(settings, str(motif))
    assert done.exit_code == 1
    assert "1 could not be" in done.stderr


def test_a_picture_like_nothing_in_the_dataset_finds_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "unlike.png"
    path.write_bytes(encode_file(draw(77)))
    assert "Nothing was found." in search(settings, str(path)).stdout


def test_a_folder_is_searched_for_and_what_is_no_motif_is_left_out(
    settings: Settings, motif: Path
) -> None:
    Image.new("RGB", (100, 100), "white").save(motif.parent / "blank.png")
    done = search(settings, str(motif.parent))
    assert "blank.png is left out" in done.stderr
    assert "copy.jpg" in done.stdout


def test_nothing_is_registered(settings: Settings, motif: Path) -> None:
    from models.motifs.register import list_motifs
    from models.store.schema import open_database

    search(settings, str(motif))
    database = open_database(settings.resolved_database_url)
    with database.snapshot() as session:
        assert list_motifs(session) == ()
    database.dispose()
