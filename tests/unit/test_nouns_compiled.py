"""The compiled register: mapped from files, written whole or not at all, never believed damaged."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.matching import patterns as patterns
from models.nouns.matching.finding import find_names
from models.nouns.matching.folder import read_folder, write_folder
from models.nouns.matching.patterns import CompiledNames, compile_names
from models.nouns.register import mapped as mapped_register
from models.nouns.register.mapped import open_register
from models.nouns.register.storage import NameRegister, add_name, load_register, make_register
from models.nouns.words import shipped_lexicon
from models.store.database import Database
from models.store.tables import Base

TEXT = "hatsune miku and Karen, 初音ミク, ゆうこ"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    database = Database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character", surfaces=["初音ミク"], owner="Crypton")
        add_name(session, "karen_(kin-iro_mosaic)", "character")
        add_name(session, "yuuko", "artist", surfaces=["ゆうこ", "yuuko n"])
        yield session
    database.dispose()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "indexes"


@pytest.fixture(autouse=True)
def _forget_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_compiled", [])


def compiled(register: NameRegister, cache: Path | None = None) -> CompiledNames:
    patterns._compiled.clear()
    return compile_names(register, shipped_lexicon(), cache)


def test_a_mapped_register_holds_what_the_database_holds(session: Session, cache: Path) -> None:
    loaded, mapped = load_register(session), open_register(session, cache)
    assert mapped == loaded
    assert tuple(mapped.entries) == loaded.entries
    assert [mapped.entries[index] for index in range(len(mapped.entries))] == list(loaded.entries)
    assert mapped.entries[-1] == loaded.entries[-1]
    assert mapped.entries[1:] == loaded.entries[1:]


def test_an_index_beyond_the_register_is_an_error(session: Session, cache: Path) -> None:
    with pytest.raises(IndexError):
        open_register(session, cache).entries[3]


def test_an_unchanged_register_is_opened_without_reading_its_rows(
    session: Session, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_register(session, cache)
    monkeypatch.setattr(mapped_register, "read_in_order", None)
    assert open_register(session, cache) == first


def test_a_changed_register_is_compiled_anew(session: Session, cache: Path) -> None:
    open_register(session, cache)
    add_name(session, "kantoku", "artist")
    assert "kantoku" in {entry.name for entry in open_register(session, cache).entries}


def test_an_empty_register_needs_no_folder(tmp_path: Path, cache: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        assert open_register(session, cache) == make_register(())
    database.dispose()
    assert not cache.exists()


def test_a_mapped_register_is_pickled_as_the_name_of_its_folder(
    session: Session, cache: Path
) -> None:
    mapped = open_register(session, cache)
    pickled = pickle.dumps(mapped)
    assert b"hatsune" not in pickled
    assert tuple(pickle.loads(pickled).entries) == tuple(mapped.entries)


def test_a_pickled_register_whose_folder_is_gone_says_so(session: Session, cache: Path) -> None:
    mapped = open_register(session, cache)
    pickled = pickle.dumps(mapped)
    for file in next(cache.glob("register-*")).iterdir():
        file.unlink()
    with pytest.raises(RegisterError, match="no longer there"):
        pickle.loads(pickled)


def test_mapped_and_in_memory_patterns_find_the_same(session: Session, cache: Path) -> None:
    expected = find_names(TEXT, compiled(load_register(session)))
    mapped = open_register(session, cache)
    assert find_names(TEXT, compiled(mapped, cache)) == expected
    assert find_names(TEXT, compiled(mapped, cache)) == expected
    assert len(expected) > 2


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_damage_to_any_file_loses_no_name(session: Session, cache: Path, damage: str) -> None:
    expected = find_names(TEXT, compiled(load_register(session)))
    compiled(open_register(session, cache), cache)
    files = [path.relative_to(cache) for path in cache.glob("*/*")]
    assert len(files) > 5
    for file in files:
        path = cache / file
        content = path.read_bytes()
        if damage == "truncate":
            path.write_bytes(content[:-1])
        elif damage == "flip":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        else:
            path.unlink()
        register = open_register(session, cache)
        assert find_names(TEXT, compiled(register, cache)) == expected
        assert path.exists()


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    session: Session, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    register = open_register(session, blocked)
    assert register == load_register(session)
    assert find_names(TEXT, compiled(register, blocked)) == find_names(TEXT, compiled(register))


@pytest.mark.parametrize("name", ["keys.marisa", "ranks.npy", "spellings.arrow"])
def test_a_full_disk_is_an_error_of_the_disk_whatever_file_meets_it(
    name: str, session: Session, tmp_path: Path
) -> None:
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space|requested and .* written"):
        compiled(load_register(session)).table.save(tmp_path)


def test_a_folder_that_was_never_finished_is_none(cache: Path) -> None:
    def stop(folder: Path) -> dict[str, str]:
        (folder / "part").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(cache / "names-1", stop)
    assert list(cache.iterdir()) == []
    assert read_folder(cache / "names-1") is None


def test_old_folders_of_the_same_kind_are_removed(cache: Path) -> None:
    def write(folder: Path) -> dict[str, str]:
        (folder / "part").write_bytes(b"whole")
        return {}

    write_folder(cache / "other-1", write)
    for number in range(9):
        write_folder(cache / f"names-{number}", write)
    kept = {path.name for path in cache.iterdir()}
    assert {"other-1", "names-8"} <= kept
    assert len(kept) < 7


def test_compiling_reports_how_many_names_are_done(session: Session, cache: Path) -> None:
    done: list[int] = []
    register = open_register(session, cache, done.append)
    assert sum(done) == 3
    done.clear()
    compile_names(register, shipped_lexicon(), cache, done.append)
    assert sum(done) == 3
