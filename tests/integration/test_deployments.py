"""The deployments: what Prefect is told to run, when, and that each of them runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.back_up import back_up
from flows.cleanse import cleanse
from flows.deployments import BESIDE, deploy_all
from flows.draw_sample import draw_sample
from flows.recleanse_flow import recleanse
from flows.watch import watch
from models.canonical import digest_bytes
from models.errors import BackupError, SettingsError
from models.settings import Settings
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tests.pipeline import draw_dataset, make_settings, release_of

pytestmark = pytest.mark.prefect


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace of this test's own, and a dataset beside it."""
    draw_dataset(tmp_path / "posters", 5)
    return make_settings(tmp_path, alert_free_gib=0)


def cleansed(settings: Settings, tmp_path: Path) -> None:
    """Cleanse the dataset once."""
    cleanse(str(tmp_path / "posters"), settings=settings.model_dump(mode="json"))


class TestWhatIsDeployed:
    """What Prefect is told."""

    def test_everything_is_deployed_and_only_some_of_it_scheduled(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        found = {
            deployment.flow_name: deployment
            for deployment in deploy_all(
                str(tmp_path / "posters"), settings, dataset=None, layout="auto"
            )
        }
        assert found.keys() == {"cleanse", "sign-off", *BESIDE}
        scheduled = {name for name, each in found.items() if each.schedules}
        assert scheduled == {"cleanse", "watch"}
        assert found["recleanse"].parameters["dataset"] == "posters"
        assert found["cleanse"].name == found["recleanse"].name == "posters"

    def test_the_settings_say_when(self, settings: Settings, tmp_path: Path) -> None:
        given = settings.model_copy(
            update={"schedules": {"back-up": "30 1 * * *", "watch": "never"}, "schedule": "never"}
        )
        found = deploy_all(str(tmp_path / "posters"), given, dataset=None, layout="auto")
        assert {each.flow_name for each in found if each.schedules} == {"back-up"}

    def test_a_schedule_that_is_none_is_refused(self, settings: Settings, tmp_path: Path) -> None:
        given = settings.model_copy(update={"schedules": {"watch": "sometimes"}})
        with pytest.raises(SettingsError, match="sometimes"):
            deploy_all(str(tmp_path / "posters"), given, dataset=None, layout="auto")

    def test_no_secret_is_told(self, settings: Settings, tmp_path: Path) -> None:
        given = settings.model_copy(
            update={"metrics_token": "very secret", "alert_smtp": "smtps://me:very secret@mail"}
        )
        found = deploy_all(str(tmp_path / "posters"), given, dataset=None, layout="auto")
        assert "very secret" not in repr([each.parameters for each in found])


class TestWhatRuns:
    """Each flow, as a deployment would call it."""

    def test_a_re_cleansing_publishes_without_what_was_taken_down(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        cleansed(settings, tmp_path)
        asset = digest_bytes((tmp_path / "posters" / "000.png").read_bytes())
        database = open_database(settings.resolved_database_url)
        with database.transaction() as session:
            acknowledge_takedown(session, asset, "Aoi", "")
        database.dispose()
        recleanse("posters", settings=settings.model_dump(mode="json"))
        release = release_of(settings, "posters")
        assert (release.number, release.cleared, release.removed) == (2, 4, 1)

    def test_a_backup_lies_where_the_settings_say(self, settings: Settings, tmp_path: Path) -> None:
        cleansed(settings, tmp_path)
        (tmp_path / "backups").mkdir()
        given = settings.model_copy(
            update={"backup_folder": tmp_path / "backups", "backup_keep": 1}
        )
        (tmp_path / "backups" / "kiyome-20310101T000000Z.tar.gz").write_bytes(b"newer")
        (tmp_path / "backups" / "kiyome-20200101T000000Z.tar.gz").write_bytes(b"old")
        back_up(settings=given.model_dump(mode="json"))
        names = [path.name for path in (tmp_path / "backups").iterdir()]
        assert names == ["kiyome-20310101T000000Z.tar.gz"]

    def test_without_a_folder_no_backup_is_pretended(self, settings: Settings) -> None:
        with pytest.raises(BackupError, match="backup_folder"):
            back_up(settings=settings.model_dump(mode="json"))

    def test_watching_counts_what_needs_a_person(self, settings: Settings, tmp_path: Path) -> None:
        cleansed(settings, tmp_path)
        assert watch(settings=settings.model_dump(mode="json")) == 0
        full = settings.model_copy(update={"alert_free_gib": 1e9})
        assert watch(settings=full.model_dump(mode="json")) == 1

    def test_a_sample_is_drawn_once(self, settings: Settings, tmp_path: Path) -> None:
        cleansed(settings, tmp_path)
        given = settings.model_dump(mode="json")
        drawn = draw_sample("posters", at_most=0.5, settings=given)
        assert 0 < drawn <= 5
        assert draw_sample("posters", at_most=0.5, settings=given) == drawn
