"""`kiyome motifs evaluate` and `calibrate` on real pictures, from the register to the files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from flows import calibrating
from flows.cli import kiyome
from models.beginning import settle_workspace
from models.errors import KiyomeError
from models.motifs.calibration.proposing import Examined
from models.motifs.calibrations import choose_calibration
from models.motifs.encoder import BUILTIN
from models.motifs.encoders import load_encoder
from models.settings import Settings
from tests.motif_calibration_cases import imagine, propose
from tests.motif_pictures import draw, encode_file, inner, recoloured, scaled

LABELS = tuple(f"きらり {number}" for number in range(6))
SIZE = (160, 120)
CLEAN = 12


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(kiyome, [str(word) for word in words], standalone_mode=False)


def say(*words: str | Path) -> str:
    result = invoke(*words)
    if result.exception:
        raise result.exception
    return result.output


def complain(*words: str | Path) -> KiyomeError:
    error = invoke(*words).exception
    assert isinstance(error, KiyomeError)
    return error


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with six motifs, and a folder with edits of them, clean pictures and mistakes."""
    base = tmp_path_factory.mktemp("calibrate")
    (base / "policy.toml").write_text('name = "test"\nversion = "1"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.delenv("KIYOME_SETTINGS", raising=False)
        for number, label in enumerate(LABELS):
            path = base / "references" / label / "front.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(encode_file(draw(number, SIZE)))
        say("register", "motifs", "add", "references")
        _write_pictures(base / "pictures")
        yield base


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    rows: list[tuple[str, str, str]] = []
    for number, label in enumerate(LABELS):
        motif = draw(number, SIZE)
        for turn in range(2):
            edits = {
                "縮小": scaled(motif, 0.5 + 0.1 * turn),
                "colour": recoloured(motif, 10 + 5 * turn),
                "crop": inner(motif, 0.9 - 0.05 * turn),
            }
            for kind, pixels in edits.items():
                name = f"{kind} {number} {turn}.jpg"
                (folder / name).write_bytes(encode_file(pixels, "JPEG", quality=90 - turn))
                rows.append((name, label, kind))
    for number in range(CLEAN):
        name = f"clean {number}.jpg"
        (folder / name).write_bytes(encode_file(draw(1000 + number, SIZE), "JPEG", quality=85))
        rows.append((name, "", "drawn"))
    (folder / "stray.png").write_bytes(encode_file(draw(2)))
    (folder / "damaged.png").write_bytes(encode_file(draw(1))[:200])
    rows += [("damaged.png", "", ""), ("nosuch.png", "", ""), ("stray.png", "nobody", "")]
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "kind"))
        writer.writerows(rows)


def _write_many(folder: Path) -> None:
    """Names of pictures: what is in them is imagined."""
    folder.mkdir()
    rows = [(f"{number}.png", LABELS[number % 6]) for number in range(120)]
    rows += [(f"clean {number}.png", "") for number in range(300)]
    for name, _ in rows:
        (folder / name).write_bytes(b"x")
    lines = [f"{name},{label}\n" for name, label in rows]
    (folder / "pairs.csv").write_text("file,label\n" + "".join(lines), encoding="utf-8")


class _Imagining:
    """In place of the examiner: evidence that tells matches from others, mostly."""

    def __init__(self, *_: object) -> None: ...

    def examine_pictures(self, paths: Sequence[Path]) -> Iterator[Examined]:
        dice = np.random.default_rng(7)
        for path in paths:
            own = None if "clean" in path.name else LABELS[int(path.stem) % 6]
            proposed = [propose(label, imagine(dice, matches=label == own)) for label in LABELS]
            yield path, tuple(proposed)


def test_an_evaluation_finds_edited_copies_and_shows_what_it_could_not_use(place: Path) -> None:
    said = say("motifs", "evaluate", "pictures", "--out", "report", "--quiet")
    assert "Pictures that show a motif: 36; clean ones: 12; references: 6" in said
    numbers = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    assert numbers["recall"]["by_kind"]["縮小"]["share"] == 1.0
    assert numbers["recall"]["recall"]["share"] > 0.8
    assert numbers["recall"]["alarms"]["found"] <= 1
    assert [each["file"] for each in numbers["left_out"]] == [
        "damaged.png",
        "nosuch.png",
        "stray.png",
    ]
    assert (place / "report" / "recall.png").is_file()
    assert (place / "report" / "report.md").is_file()


def test_a_calibration_is_learnt_checked_and_then_in_force(place: Path) -> None:
    _write_many(place / "many")
    with pytest.MonkeyPatch.context() as patch:
        # Hundreds of pictures need not be looked at to see that what is learnt is used.
        patch.setattr(calibrating, "IndexExaminer", _Imagining)
        said = say("motifs", "calibrate", "many", "--out", "mine.json", "--report", "learnt")
    assert "On the other half, at risk 0.50:" in said
    assert f'motif_calibration = "{place / "mine.json"}"' in said
    assert (place / "learnt" / "curves.png").is_file()
    encoder = load_encoder(BUILTIN)
    learnt = choose_calibration(encoder, place / "mine.json")
    assert (learnt.name, learnt.encoder) == ("mine", encoder.fingerprint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIYOME_MOTIF_CALIBRATION", str(place / "mine.json"))
        again = say("motifs", "evaluate", "pictures", "--quiet")
    assert "calibration 'mine'" in again


def test_a_calibration_is_kept_though_its_report_cannot_be_written(place: Path) -> None:
    _write_many(place / "lots")
    (place / "taken").write_text("a file where the report should go")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibrating, "IndexExaminer", _Imagining)
        where = ("--out", "kept.json", "--report", "taken/learnt")
        error = complain("motifs", "calibrate", "lots", *where, "--name", "half \udcff", "--quiet")
    assert "The report cannot be written" in str(error)
    learnt = choose_calibration(load_encoder(BUILTIN), place / "kept.json")
    assert learnt.name == r"half \udcff"


def test_a_calibration_that_is_there_is_not_replaced_unasked(place: Path) -> None:
    (place / "there.json").write_text("kept")
    error = complain("motifs", "calibrate", "pictures", "--out", "there.json", "--quiet")
    assert "already" in str(error)
    assert (place / "there.json").read_text() == "kept"


def test_too_few_pictures_leave_no_file(place: Path) -> None:
    few = place / "few"
    few.mkdir()
    (few / "a.png").write_bytes(encode_file(draw(0, SIZE)))
    (few / "b.png").write_bytes(encode_file(draw(1, SIZE)))
    (few / "pairs.csv").write_text(
        f"file,label\na.png,{LABELS[0]}\nb.png,{LABELS[1]}\n", encoding="utf-8"
    )
    error = complain("motifs", "calibrate", "few", "--out", "few.json", "--quiet")
    assert "at least 30 of each are needed" in str(error)
    assert not (place / "few.json").exists()


def test_a_workspace_without_motifs_says_how_to_register_some(place: Path, tmp_path: Path) -> None:
    settle_workspace(Settings(workspace=tmp_path / "workspace"))
    error = complain(
        "motifs", "evaluate", "pictures", "--workspace", tmp_path / "workspace", "--quiet"
    )
    assert "kiyome register motifs add" in str(error)
