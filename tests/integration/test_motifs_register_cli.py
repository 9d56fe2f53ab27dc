"""kiyome register motifs: what a person types, what is shown, and what the doctor says."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli import kiyome
from flows.diagnosis import Health
from flows.doctoring import check_motifs
from models.errors import RegisterError, WorkspaceError
from models.motifs.register import Claim, list_motifs, motif_folder, submit_reference
from models.settings import load_settings
from models.store.schema import open_database
from models.store.tables import MotifRow
from tests.reference_pictures import SVG, huge, save, scene, star

HOSTILE = "a\x1b[2J\u202egnp"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    (tmp_path / "fox.png").write_bytes(save(scene(1)))
    (tmp_path / "fox2.png").write_bytes(save(scene(2)))
    (tmp_path / "small.png").write_bytes(save(scene(1).resize((160, 120))))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(kiyome, ["register", "motifs", *words])


def add(name: str, *more: str) -> Result:
    return run("add", name, "--registered-by", "mika", *more)


def rows() -> tuple[MotifRow, ...]:
    database = open_database(load_settings().resolved_database_url)
    with database.transaction() as session:
        found = list_motifs(session, refused=True)
    database.dispose()
    return found


def submit(name: str, by: str) -> str:
    settings = load_settings()
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        outcome = submit_reference(
            session, settings.workspace, Path(name).read_bytes(), Claim("Fox"), submitted_by=by
        )
    database.dispose()
    assert outcome.row
    return outcome.row.id


def test_what_is_registered_is_listed_by_label_with_who_and_by_which_right() -> None:
    words = ("--label", "Fox", "--category", "character", "--owner", "Aoi")
    result = add("fox.png", *words, "--right", "trademark", "--right-note", "No. 7")
    assert result.exit_code == 0
    assert "added fox.png: 'Fox' as character of Aoi" in result.output
    add("fox2.png", "--label", "Fox", "--box", "0,0,160,240")
    shown = run("list").output
    assert shown.startswith("Fox  character  (Aoi)  2 pictures\n")
    assert "trademark [No. 7]" in shown
    assert "box 0,0,0.5,1" in shown
    assert shown.count("by mika") == 2


def test_a_label_whose_pictures_disagree_is_told_and_set_right() -> None:
    add("fox.png", "--label", "Fox", "--category", "character")
    result = add("fox2.png", "--label", "Fox", "--category", "logo")
    assert "Other pictures labelled 'Fox' are registered as character" in result.output
    assert "its pictures disagree" in run("list").output
    assert run("correct", "Fox", "--category", "character", "--by", "jun").exit_code == 0
    assert "its pictures disagree" not in run("list").output
    assert {row.category for row in rows()} == {"character"}


def test_another_owners_picture_is_refused_unless_it_is_disputed() -> None:
    add("fox.png", "--label", "Fox", "--owner", "Aoi")
    result = add("small.png", "--label", "Kitsune", "--owner", "Ben")
    assert result.exit_code == 1
    assert "'Aoi' has registered" in result.output
    assert add("small.png", "--owner", "Ben", "--also-mine").exit_code == 0
    assert "disputed" in run("list").output


def test_a_folder_is_told_picture_by_picture_and_refusals_are_the_exit_status(
    folder: Path,
) -> None:
    kit = folder / "kit"
    kit.mkdir()
    for name, data in {
        "a.png": save(scene(3)),
        "b.svg.png": SVG,
        "c.png": huge(),
        "d.png": save(star()),
        "=e.png": save(scene(4)),
    }.items():
        (kit / name).write_bytes(data)
    result = add("kit", "--owner", "Aoi", "--report", "report.csv")
    assert result.exit_code == 1
    assert "[2/5] added a.png" in result.output
    assert "an SVG drawing" in result.output
    assert "more than the 64,000,000" in result.output
    assert "it is compared on grey" in result.output
    assert result.output.endswith("3 registered, 0 known already, 2 refused.\n")
    with Path("report.csv").open(encoding="utf-8") as file:
        report = {row["file"]: row for row in csv.DictReader(file)}
    assert {name: row["outcome"] for name, row in report.items()} == {
        "a.png": "added",
        "b.svg.png": "refused",
        "c.png": "refused",
        "d.png": "added",
        "'=e.png": "added",
    }
    assert "white on transparency" in report["d.png"]["warnings"]


def test_a_dry_run_says_what_would_happen_and_leaves_no_workspace() -> None:
    for words in (("check", "fox.png"), ("add", "fox.png", "--dry-run")):
        result = run(*words)
        assert result.exit_code == 0
        assert "would add fox.png" in result.output
        assert "1 would be registered, 0 known already. Nothing was changed." in result.output
    assert not Path("workspace").exists()
    add("fox.png", "--owner", "Aoi")
    result = run("check", "small.png", "--owner", "Ben")
    assert result.exit_code == 1
    assert "'Aoi' has registered" in result.output
    assert len(rows()) == 1


def test_removing_by_label_takes_all_its_pictures_once_it_is_meant() -> None:
    add("fox.png", "--label", "Fox")
    add("fox2.png", "--label", "Fox")
    result = run("remove", "Fox")
    assert result.output.count("Fox  ") == 2
    assert "add --yes" in result.output
    assert len(rows()) == 2
    assert run("remove", "Fox", "--yes", "--reason", "licensed").output.endswith("Removed.\n")
    assert rows() == ()
    assert list(motif_folder(Path("workspace")).iterdir()) == []
    history = run("history", "Fox").output.splitlines()
    assert len(history) == 4
    assert "(licensed)" in history[0]
    assert history[-1].endswith("by mika")


def test_the_beginning_of_an_id_means_one_motif() -> None:
    add("fox.png")
    motif_id = rows()[0].id
    assert isinstance(run("remove", motif_id[:7], "--yes").exception, RegisterError)
    assert run("remove", motif_id[:8], "--yes").exit_code == 0


def test_owners_submissions_wait_and_are_confirmed_or_refused() -> None:
    run("add", "fox2.png", "--label", "Owl")
    motif_id = submit("fox.png", "Aoi")
    diagnosis = check_motifs(load_settings())
    assert diagnosis.health is Health.WARNING
    assert "2 reference pictures of 2 motifs; 1 submitted by owners" in diagnosis.found
    assert "unconfirmed" in run("list", "Fox").output
    assert run("refuse", motif_id[:8], "--reason", "not theirs", "--by", "mika").exit_code == 0
    assert "No such motif" in run("list", "Fox").output
    assert "refused" in run("list", "--refused").output
    assert check_motifs(load_settings()).health is Health.GOOD
    assert run("confirm", "Fox").exit_code == 0
    assert "confirmed" in run("list", "Fox").output
    assert isinstance(run("refuse", "Fox").exception, RegisterError)
    assert "state: unconfirmed -> refused  (not theirs)  by mika" in run("history", "Fox").output


def test_the_doctor_says_which_pictures_are_gone() -> None:
    add("fox.png", "--label", HOSTILE)
    (motif_folder(Path("workspace")) / rows()[0].id).unlink()
    diagnosis = check_motifs(load_settings())
    assert diagnosis.health is Health.BAD
    assert "a\\x1b[2J\\u202egnp" in diagnosis.found


def test_an_exported_register_is_added_elsewhere(folder: Path) -> None:
    add("fox.png", "--label", "Fox", "--right", "copyright", "--box", "0,0,0.5,1")
    assert "1 pictures written" in run("export", "out").output
    result = run("add", "out", "--workspace", str(folder / "other"))
    assert result.exit_code == 0
    shown = run("list", "--workspace", str(folder / "other")).output
    assert "copyright" in shown
    assert "box 0,0,0.5,1" in shown


@pytest.mark.parametrize(
    "words",
    [("list",), ("history",), ("remove", HOSTILE), ("check", "fox.png", "--label", HOSTILE)],
)
def test_hostile_labels_are_shown_and_not_obeyed(words: tuple[str, ...]) -> None:
    add("fox.png", "--label", HOSTILE, "--owner", HOSTILE, "--source", HOSTILE)
    result = run(*words)
    assert "gnp" in result.output
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


@pytest.mark.parametrize("words", [("list",), ("history",), ("remove", "Fox")])
def test_who_only_looks_makes_no_workspace(words: tuple[str, ...]) -> None:
    assert isinstance(run(*words).exception, WorkspaceError)
    assert not Path("workspace").exists()


@pytest.mark.parametrize(
    "command",
    ["add", "check", "list", "history", "export", "correct", "remove", "confirm", "refuse"],
)
def test_every_command_teaches_by_an_example(command: str) -> None:
    assert re.search(r"Examples?:\n", run(command, "--help").output)


def test_the_help_of_the_commands_loads_no_decoder() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from flows.cli import kiyome\n"
        "CliRunner().invoke(kiyome, ['register', 'motifs', 'add', '--help'])\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'torch', 'faiss') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
