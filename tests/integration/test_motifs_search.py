"""Retro-search: what a picture would find in a dataset that has been cleansed before."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from flows.cleanse import cleanse
from flows.cli.motifs import motifs
from models.errors import WorkspaceError
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
    # Drawn shapes have alike corners, so that some others reach a lower risk.
    done = search(settings, str(motif), "--risk", "0.9", "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as rows:
        found = {row["names"]: row for row in csv.DictReader(rows)}
    assert set(found) == {"copy.jpg", "scene.png"}
    assert all(float(row["risk"]) >= 0.9 for row in found.values())
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


def test_a_picture_of_the_dataset_itself_is_told_as_the_same_file(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(encode_file(draw(20)))
    assert "other20.png  like mine.png, the same file" in search(settings, str(path)).stdout


def test_a_table_in_a_folder_that_is_not_there_is_refused_before_the_search(
    settings: Settings, motif: Path, tmp_path: Path
) -> None:
    with pytest.raises(WorkspaceError, match="There is no folder"):
        search(settings, str(motif), "--csv", str(tmp_path / "missing" / "found.csv"))


def test_a_table_that_cannot_be_written_is_told_in_a_sentence(
    settings: Settings, motif: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.files.write_atomically", fail)
    with pytest.raises(WorkspaceError, match=r"found\.csv cannot be written: No space left"):
        search(settings, str(motif), "--csv", str(tmp_path / "found.csv"))


def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(
    settings: Settings, tmp_path: Path
) -> None:
    path, file = tmp_path / "=HYPERLINK(1).png", tmp_path / "found.csv"
    path.write_bytes(encode_file(draw(1)))
    search(settings, str(path), "--csv", str(file))
    with file.open(encoding="utf-8", newline="") as rows:
        assert {row["picture"] for row in csv.DictReader(rows)} == {"'=HYPERLINK(1).png"}


def test_a_risk_that_no_risk_can_reach_is_refused(settings: Settings, motif: Path) -> None:
    done = search(settings, str(motif), "--risk", "nan")
    assert done.exit_code == 2
    assert "nan is not a number" in done.stderr


def test_a_picture_of_more_pixels_than_the_settings_allow_is_left_out_by_name(
    settings: Settings, motif: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(encode_file(draw(1, (64, 48))))
    done = search(settings.model_copy(update={"max_pixels": 5000}), str(motif), str(small))
    assert "motif.png is left out: The picture is too large" in done.stderr
    assert "small.png is left out" not in done.stderr
