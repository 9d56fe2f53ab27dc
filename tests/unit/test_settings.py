"""Settings: where a value comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import SettingsError
from models.settings import load_settings


class TestSecretFiles:
    """Secrets that lie in files of their own."""

    def test_a_secret_is_read_from_the_file_that_a_variable_names(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "url").write_text("postgresql+psycopg://kiyome:secret@db/kiyome\n")
        monkeypatch.setenv("KIYOME_DATABASE_URL_FILE", str(tmp_path / "url"))
        assert load_settings().database_url == "postgresql+psycopg://kiyome:secret@db/kiyome"

    def test_one_with_parts_is_json(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "rpc").write_text('{"eip155:1": "https://rpc.example/key"}')
        monkeypatch.setenv("KIYOME_CONSENT_RPC_FILE", str(tmp_path / "rpc"))
        assert load_settings().consent_rpc == {"eip155:1": "https://rpc.example/key"}

    def test_the_variable_itself_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text("from the file")
        monkeypatch.setenv("KIYOME_METRICS_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("KIYOME_METRICS_TOKEN", "from the variable")
        assert load_settings().metrics_token == "from the variable"

    def test_a_file_that_is_not_there_is_said_and_nothing_is_made_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KIYOME_DATABASE_URL_FILE", str(tmp_path / "missing"))
        with pytest.raises(SettingsError, match="KIYOME_DATABASE_URL_FILE"):
            load_settings()

    def test_what_is_no_secret_is_not_read_from_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "workers").write_text("99")
        monkeypatch.setenv("KIYOME_WORKERS_FILE", str(tmp_path / "workers"))
        assert load_settings().workers != 99


class TestTheMotifIndex:
    """Where motifs are searched."""

    def test_files_need_no_database(self) -> None:
        assert load_settings().motif_index_database == ""
        assert load_settings(motif_index_url="postgresql://elsewhere/x").motif_index_database == ""

    def test_a_database_of_its_own_comes_before_that_of_everything_else(self) -> None:
        url, other = "postgresql+psycopg://host/kiyome", "postgresql+psycopg://host/motifs"
        given = load_settings(motif_index="pgvector", database_url=url)
        assert given.motif_index_database == url
        given = load_settings(motif_index="pgvector", database_url=url, motif_index_url=other)
        assert given.motif_index_database == other
        assert "motif_index_url" not in given.without_secrets

    def test_without_a_postgresql_database_it_is_refused(self) -> None:
        given = load_settings(motif_index="pgvector", database_url="sqlite:///kiyome.db")
        with pytest.raises(SettingsError, match="no PostgreSQL database"):
            _ = given.motif_index_database


def test_a_setting_that_is_not_written_right_is_explained_without_pattern_or_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIYOME_SETTINGS", str(tmp_path / "mine.toml"))
    with pytest.raises(SettingsError, match="release_target") as refused:
        load_settings(release_target="s3://key:hunter2@bucket")
    assert "as in s3://bucket/kiyome" in str(refused.value)
    assert "mine.toml" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "^(" not in str(refused.value)
