"""The deployments: what Prefect is told to run, when, and that each of them runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.deployments.runner import RunnerDeployment
from prefect.states import Running, Scheduled

from flows.back_up import back_up
from flows.cleanse import cleanse
from flows.deployments import BESIDE, deploy_all, renew_late_runs
from flows.draw_sample import draw_sample
from flows.recleanse_flow import recleanse
from flows.watch import watch
from flows.zombies import end_silent_runs
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

    def test_a_run_that_is_late_works_with_the_settings_of_the_restart(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        def deploy(given: Settings) -> RunnerDeployment:
            found = deploy_all(str(tmp_path / "posters"), given, dataset=None, layout="auto")
            return next(each for each in found if each.flow_name == "watch")

        due = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(hours=1))
        with get_client(sync_client=True) as client:
            deployment_id = deploy(settings).apply()
            for _ in range(2):
                client.create_flow_run_from_deployment(deployment_id, state=due)
            edited = deploy(settings.model_copy(update={"alert_queue_days": 3}))
            assert edited.apply() == deployment_id
            assert renew_late_runs([edited]) == 1
            assert renew_late_runs([edited]) == 0
            late = client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
            )
        days = [run.parameters["settings"]["alert_queue_days"] for run in late]
        assert set(days) == {3}

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

    def test_a_run_of_which_nothing_was_ever_heard_is_marked_as_crashed(self) -> None:
        with get_client(sync_client=True) as client:
            run = client.create_flow_run(watch, state=Running())
            assert run.name not in end_silent_runs()
            assert run.name in end_silent_runs(timedelta(0))
            found = client.read_flow_run(run.id)
        assert found.state is not None
        assert found.state.is_crashed()

    def test_a_sample_is_drawn_once(self, settings: Settings, tmp_path: Path) -> None:
        cleansed(settings, tmp_path)
        given = settings.model_dump(mode="json")
        drawn = draw_sample("posters", at_most=0.5, settings=given)
        assert 0 < drawn <= 5
        assert draw_sample("posters", at_most=0.5, settings=given) == drawn
