import logging

import numpy as np
import pyarrow.parquet as pq
import pytest

from scoring import runs, snapshots
from scoring.breakdown import KEYS
from scoring.models import Score, ScoringRun
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def names():
    return sorted(path.name for path in snapshots.folder().iterdir())


def test_a_full_run_keeps_its_features():
    team("acme.com", people=2, days=[1, 2])
    team("other.com", people=1, days=[40])
    run = runs.score_all()
    assert names() == [f"{run.as_of}-run{run.pk}.parquet"]
    table = pq.read_table(snapshots.folder() / names()[0])
    assert table.column_names == ["account_id", *KEYS, "score"]
    scores = {score.pk: score for score in Score.objects.all()}
    assert set(table["account_id"].to_pylist()) == set(scores)
    for row in table.to_pylist():
        score = scores[row["account_id"]]
        assert (row["score"] or None) == score.score
        assert np.array_equal([row[key] for key in KEYS], score.feature_values, equal_nan=True)
    assert table.schema.metadata[b"definition"] == str(run.definition_id).encode()


def test_scoring_the_changed_keeps_none():
    team(people=1, days=[1])
    runs.score_changed()
    assert not snapshots.folder().exists()


def test_only_the_newest_are_kept_and_other_files_stay(monkeypatch):
    team(people=1, days=[1])
    monkeypatch.setattr(snapshots, "KEPT", 2)
    snapshots.folder().mkdir()
    (snapshots.folder() / "notes.txt").write_text("mine")
    (snapshots.folder() / "2020-01-01-run3.77.unfinished").write_text("killed while it was written")
    made = [runs.score_all() for _ in range(3)]
    assert names() == sorted(["notes.txt", *(f"{run.as_of}-run{run.pk}.parquet" for run in made[1:])])


def test_a_folder_that_cannot_be_written_is_a_warning_and_the_run_is_done(caplog):
    account = team(people=1, days=[1])
    snapshots.folder().write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        run = runs.score_all()
    assert ScoringRun.objects.get(pk=run.pk).state == "done"
    assert Score.objects.filter(account=account).exists()
    assert f"The features of run {run.pk} were not kept" in caplog.text
