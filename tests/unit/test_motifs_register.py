"""The motif register: what gets in, what does not, and what changes its version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session

from models.canonical import digest_bytes
from models.errors import RegisterError
from models.motifs.register import (
    add_folder,
    add_motif,
    list_motifs,
    load_references,
    motif_folder,
    register_digest,
    register_version,
    remove_motif,
    remove_unlisted_pictures,
)
from models.store.database import Database
from models.store.tables import Base
from tests.motif_pictures import draw, encode_file


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def picture(folder: Path, name: str, seed: int = 1) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_file(draw(seed)))
    return path


def test_a_motif_is_known_by_the_digest_of_its_file(session: Session, tmp_path: Path) -> None:
    path = picture(tmp_path, "fox.png")
    row = add_motif(session, tmp_path, path, "Fox", "character", owner="Aoi", source="letter")
    assert row.id == digest_bytes(path.read_bytes())
    assert (row.label, row.category, row.owner, row.source) == ("Fox", "character", "Aoi", "letter")
    assert row.added_ms > 0


def test_the_original_bytes_are_kept_in_the_workspace(session: Session, tmp_path: Path) -> None:
    path = picture(tmp_path, "fox.png")
    row = add_motif(session, tmp_path, path, "Fox", "character")
    kept = motif_folder(tmp_path) / row.id
    assert kept.read_bytes() == path.read_bytes()
    assert [reference.path for reference in load_references(session, tmp_path)] == [kept]


def test_the_same_picture_twice_is_one_motif(session: Session, tmp_path: Path) -> None:
    for name in ("fox.png", "copy.png"):
        add_motif(session, tmp_path, picture(tmp_path, name), "Fox", "character")
    assert len(list_motifs(session)) == 1
    assert register_version(session) == 1


def test_adding_a_known_picture_again_corrects_its_label(session: Session, tmp_path: Path) -> None:
    path = picture(tmp_path, "fox.png")
    add_motif(session, tmp_path, path, "Fux", "character", owner="Aoi")
    add_motif(session, tmp_path, path, "Fox", "character")
    (row,) = list_motifs(session)
    assert (row.label, row.owner) == ("Fox", "Aoi")
    assert register_version(session) == 2


def test_every_change_raises_the_version(session: Session, tmp_path: Path) -> None:
    assert register_version(session) == 0
    fox = add_motif(session, tmp_path, picture(tmp_path, "a.png", 1), "Fox", "character")
    add_motif(session, tmp_path, picture(tmp_path, "b.png", 2), "Owl", "character")
    remove_motif(session, fox.id)
    assert register_version(session) == 3


def test_the_digest_follows_the_content_and_not_the_history(
    session: Session, tmp_path: Path
) -> None:
    add_motif(session, tmp_path, picture(tmp_path, "a.png", 1), "Fox", "character")
    before = register_digest(load_references(session, tmp_path))
    owl = add_motif(session, tmp_path, picture(tmp_path, "b.png", 2), "Owl", "character")
    assert register_digest(load_references(session, tmp_path)) != before
    remove_motif(session, owl.id)
    assert register_digest(load_references(session, tmp_path)) == before


def test_a_relabelled_motif_changes_the_digest(session: Session, tmp_path: Path) -> None:
    path = picture(tmp_path, "a.png")
    add_motif(session, tmp_path, path, "Fox", "character")
    before = register_digest(load_references(session, tmp_path))
    add_motif(session, tmp_path, path, "Kitsune", "character")
    assert register_digest(load_references(session, tmp_path)) != before


def test_removing_an_unknown_motif_is_an_error(session: Session) -> None:
    with pytest.raises(RegisterError, match="no motif"):
        remove_motif(session, "f" * 64)


def test_a_removed_motifs_picture_goes_when_asked(session: Session, tmp_path: Path) -> None:
    fox = add_motif(session, tmp_path, picture(tmp_path, "a.png", 1), "Fox", "character")
    owl = add_motif(session, tmp_path, picture(tmp_path, "b.png", 2), "Owl", "character")
    remove_motif(session, fox.id)
    assert remove_unlisted_pictures(session, tmp_path) == 1
    assert [path.name for path in motif_folder(tmp_path).iterdir()] == [owl.id]


def test_a_folder_among_the_pictures_does_not_keep_those_of_removed_motifs(
    session: Session, tmp_path: Path
) -> None:
    fox = add_motif(session, tmp_path, picture(tmp_path, "a.png", 1), "Fox", "character")
    (motif_folder(tmp_path) / "0").mkdir()
    (motif_folder(tmp_path) / "sub").mkdir()
    remove_motif(session, fox.id)
    assert remove_unlisted_pictures(session, tmp_path) == 1
    assert sorted(path.name for path in motif_folder(tmp_path).iterdir()) == ["0", "sub"]


def test_a_rolled_back_removal_leaves_the_motif_whole(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        row = add_motif(session, tmp_path, picture(tmp_path, "a.png"), "Fox", "character")
    with pytest.raises(RuntimeError), database.transaction() as session:  # noqa: PT012
        remove_motif(session, row.id)
        raise RuntimeError
    with database.transaction() as session:
        (reference,) = load_references(session, tmp_path)
        assert digest_bytes(reference.path.read_bytes()) == reference.id
        assert register_version(session) == 1


def test_a_damaged_kept_picture_is_mended_by_adding_it_again(
    session: Session, tmp_path: Path
) -> None:
    path = picture(tmp_path, "a.png")
    row = add_motif(session, tmp_path, path, "Fox", "character")
    kept = motif_folder(tmp_path) / row.id
    kept.write_bytes(b"damaged")
    add_motif(session, tmp_path, path, "Fox", "character")
    assert kept.read_bytes() == path.read_bytes()


def _refused(tmp_path: Path, session: Session, data: bytes) -> str:
    path = tmp_path / "refused"
    path.write_bytes(data)
    with pytest.raises(RegisterError) as caught:
        add_motif(session, tmp_path, path, "Fox", "character")
    assert list_motifs(session) == ()
    assert not motif_folder(tmp_path).exists()
    assert caught.value.remedy
    return str(caught.value)


def test_a_plain_picture_is_refused(session: Session, tmp_path: Path) -> None:
    plain = encode_file(np.full((200, 200, 3), 90, np.uint8))
    assert "plain" in _refused(tmp_path, session, plain)


def test_a_small_picture_is_refused_with_its_size(session: Session, tmp_path: Path) -> None:
    small = encode_file(draw(1, (200, 20)))
    assert "200 x 20 pixels" in _refused(tmp_path, session, small)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "empty"), (b"not a picture", "format"), (encode_file(draw(1))[:1500], "damaged")],
    ids=["empty", "text", "cut short"],
)
def test_what_cannot_be_decoded_is_refused(
    session: Session, tmp_path: Path, data: bytes, said: str
) -> None:
    assert said in _refused(tmp_path, session, data)


def test_a_missing_file_is_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="no such file"):
        add_motif(session, tmp_path, tmp_path / "gone.png", "Fox", "character")


@pytest.mark.parametrize(("label", "category"), [("  ", "character"), ("Fox", "animal")])
def test_a_motif_needs_a_label_and_a_known_category(
    session: Session, tmp_path: Path, label: str, category: str
) -> None:
    with pytest.raises(RegisterError):
        add_motif(session, tmp_path, picture(tmp_path, "a.png"), label, category)
    assert list_motifs(session) == ()


def test_a_folder_is_registered_by_file_and_subfolder_names(
    session: Session, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    picture(folder, "owl.png", 1)
    picture(folder, "fox/front.png", 2)
    picture(folder, "fox/side.jpg", 3)
    report = add_folder(session, tmp_path, folder, category="character", owner="Aoi")
    assert sorted(row.label for row in report.added) == ["fox", "fox", "owl"]
    assert {row.owner for row in report.added} == {"Aoi"}
    again = add_folder(session, tmp_path, folder, category="character", owner="Aoi")
    assert (len(again.added), len(again.known), again.refused) == (0, 3, ())


def test_one_refused_picture_does_not_stop_the_folder(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    picture(folder, "good.png")
    (folder / "bad.png").write_bytes(b"no picture")
    report = add_folder(session, tmp_path, folder)
    assert [row.label for row in report.added] == ["good"]
    assert [name for name, _ in report.refused] == ["bad.png"]


def test_a_list_decides_what_of_the_folder_is_registered(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    picture(folder, "a.png", 1)
    picture(folder, "b.png", 2)
    (folder / "motifs.csv").write_text(
        "file,label,category,owner\na.png,星野きらり,character,Studio\ngone.png,Owl,logo,\n",
        encoding="utf-8-sig",
    )
    report = add_folder(session, tmp_path, folder)
    assert [(r.label, r.category, r.owner) for r in report.added] == [
        ("星野きらり", "character", "Studio")
    ]
    assert [name for name, _ in report.refused] == ["gone.png"]


def test_a_folder_without_pictures_is_an_error(session: Session, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(RegisterError):
            add_folder(session, tmp_path, folder)
