import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from accounts.models import Account, ProductUser, Usage, Workspace
from playbooks.models import QueueItem
from scoring.models import Score
from tests.feed import counted

pytestmark = pytest.mark.django_db

ROWS = [
    {"timestamp": "2026-05-01T10:00:00Z", "user_id": "ann", "event": "Opened", "email": "ann@acme.com", "plan": "x"},
    {"timestamp": "2026-05-01T11:00:00Z", "user_id": "ann", "event": "Opened", "email": "ann@acme.com", "plan": "x"},
    {"timestamp": "2026-05-02", "user_id": "bob", "event": "Report Exported", "email": "bob@gmail.com", "plan": ""},
]


def run(command, *arguments, **options):
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def summary(*arguments):
    return json.loads(run("import_usage", *arguments).strip().splitlines()[-1])


def as_csv(path, rows=ROWS, opener=open):
    with opener(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(params=["csv", "csv.gz", "ndjson", "ndjson.gz", "parquet"])
def file(request, tmp_path) -> Path:
    path = tmp_path / f"events.{request.param}"
    opener = gzip.open if request.param.endswith("gz") else open
    if "csv" in request.param:
        return as_csv(path, opener=opener)
    if "ndjson" in request.param:
        with opener(path, "wt") as lines:
            lines.write("\n".join(json.dumps(row) for row in ROWS) + "\n\n")
        return path
    parquet.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def test_every_kind_of_file_is_loaded_and_counts_once(file):
    first, second = summary(file), summary(file)
    assert (first["read"], first["loaded"], first["duplicate"], first["rejected"]) == (3, 3, 0, 0)
    assert (second["loaded"], second["duplicate"]) == (0, 3)
    assert counted() == 3
    assert ProductUser.objects.get(key="u:ann").account.domain == "acme.com"
    assert ProductUser.objects.get(key="u:bob").account is None


def test_equal_rows_are_as_many_events_as_there_are_rows(tmp_path):
    path = as_csv(tmp_path / "twins.csv", [ROWS[0]] * 3)
    assert summary(path)["loaded"] == 3
    assert summary(path)["duplicate"] == 3
    assert counted() == 3


def test_rejected_rows_are_kept_with_number_and_reason(tmp_path, settings):
    settings.HOME = tmp_path / "home"
    rows = [
        *ROWS,
        ROWS[0] | {"timestamp": "soon"},
        ROWS[0] | {"timestamp": ""},
        ROWS[0] | {"user_id": "", "email": ""},
        ROWS[0] | {"event": " "},
    ]
    result = summary(as_csv(tmp_path / "mixed.csv", rows))
    assert (result["read"], result["loaded"], result["rejected"]) == (7, 3, 4)
    lines = [json.loads(line) for line in Path(result["rejects"][0]).read_text().splitlines()]
    assert [line["row"] for line in lines] == [4, 5, 6, 7]
    assert [line["field"] for line in lines] == ["timestamp", "timestamp", "userId", "event"]
    assert all(line["reason"] and line["data"] for line in lines)


def test_broken_lines_are_rejected_and_the_rest_is_loaded(tmp_path, settings):
    settings.HOME = tmp_path / "home"
    bad = tmp_path / "bad.csv"
    bad.write_bytes(
        b"timestamp,user_id,event\n2026-05-01,ann,Opened\n2026-05-01,bob\n\xff\xfe,ann,x\n2026-05-01,b\x00ob,Opened\n"
    )
    assert (summary(bad)["loaded"], summary(bad)["rejected"]) == (2, 2)
    lines = tmp_path / "bad.ndjson"
    lines.write_text(json.dumps(ROWS[0]) + '\n{"broken\n[1]\n' + json.dumps(ROWS[1]))
    assert summary(lines)["rejected"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "mood=x"], "mood"),
        (["--map", "event"], "FIELD=COLUMN"),
        (["--map", "event=nothing"], "'nothing'"),
    ],
)
def test_a_bad_mapping_is_named_before_anything_is_loaded(tmp_path, arguments, said):
    with pytest.raises(CommandError, match=said):
        summary(as_csv(tmp_path / "e.csv"), *arguments)
    assert counted() == 0


def test_a_missing_column_file_or_kind_is_named(tmp_path):
    with pytest.raises(CommandError, match="user_id"):
        summary(as_csv(tmp_path / "e.csv", [{"timestamp": "2026-05-01", "event": "x"}]))
    with pytest.raises(CommandError, match=r"none\.csv"):
        summary(tmp_path / "none.csv")
    (tmp_path / "e.xlsx").write_bytes(b"PK")
    with pytest.raises(CommandError, match=r"\.csv"):
        summary(tmp_path / "e.xlsx")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"timestamp,user_id,event\n" * 9)[:-9])
    with pytest.raises(CommandError, match=r"cut\.csv\.gz"):
        summary(tmp_path / "cut.csv.gz")
    (tmp_path / "no.parquet").write_bytes(b"nothing")
    with pytest.raises(CommandError, match=r"no\.parquet"):
        summary(tmp_path / "no.parquet")


def test_an_account_column_is_a_domain_or_an_id(tmp_path):
    rows = [
        {
            "timestamp": "2026-05-01",
            "user_id": "ann",
            "event": "x",
            "account": "https://www.acme.com",
            "workspace": "w1",
        },
        {"timestamp": "2026-05-01", "user_id": "bob", "event": "x", "account": "acme.com", "workspace": "w2"},
        {"timestamp": "2026-05-01", "user_id": "cid", "event": "x", "account": "acct_17", "workspace": ""},
        {"timestamp": "2026-05-01", "user_id": "dan", "event": "x", "account": "gmail.com", "workspace": ""},
    ]
    assert summary(as_csv(tmp_path / "a.csv", rows))["loaded"] == 4
    assert set(Account.objects.values_list("name", "domain")) == {("acme.com", "acme.com"), ("acct_17", "")}
    spaces = dict(Workspace.objects.values_list("external_id", "account__name"))
    assert spaces == {"w1": "acme.com", "w2": "acme.com", "acct_17": "acct_17"}
    assert Usage.objects.get(user__key="u:dan").workspace_id == 0


REAL = ("--map", "account=domain", "--map", "event=event+feature")


def test_the_companies_that_did_most_of_a_real_products_work_come_first(shared):
    """97,801 events of a public project: in June 2020 these companies did most of its work."""
    result = summary(shared / "data/git_usage/events.csv.gz", *REAL)
    assert (result["read"], result["loaded"], result["rejected"]) == (97_801, 97_801, 0)
    assert counted() == 97_801
    report = json.loads(run("score", "--as-of", "2020-06-30", "--top", "15", "--json"))
    names = [one["account"] for one in report["top"]]
    assert set(names[:6]) >= {"intel.com", "mellanox.com", "marvell.com", "redhat.com", "arm.com"}
    assert set(names) >= {"broadcom.com", "huawei.com", "microsoft.com"}
    assert "gmail.com" not in names
    assert report["top"][0]["tier"] == "pqa"
    assert sum(report["tiers"].values()) == report["accounts"]
    for one in report["top"]:
        assert sum(part["effect"] for part in one["contributions"]) == one["score"]
    assert not Score.objects.exists(), "a past date is computed and printed, not published"
    table = run("score", "--as-of", "2020-06-30", "--top", "15")
    assert "Tiers" in table
    assert "Motions" in table
    assert "intel.com" in table
    assert not QueueItem.objects.exists()
    # Companies that were taken over, as only their usage shows; the ids of people are hashes.
    suggestions = json.loads(run("merge_suggestions", "--json"))["suggestions"]
    pairs = [(one["account"], one["into"]) for one in suggestions]
    assert pairs[:2] == [("mellanox.com", "nvidia.com"), ("caviumnetworks.com", "marvell.com")]
    assert ("cavium.com", "caviumnetworks.com") in pairs
    assert len(pairs) == 6, "each of them is one company: docs/identity.md"


def test_real_usage_moved_to_today_fills_the_queues(shared):
    summary(shared / "data/git_usage/events.csv.gz", *REAL, "--shift-to-now")
    report = json.loads(run("score", "--top", "3", "--json"))
    assert report["published"]
    assert report["top"][0]["account"] == "intel.com"
    assert QueueItem.objects.filter(motion="sales", account__name="intel.com").exists()
    assert QueueItem.objects.filter(motion="success").exists()


@pytest.mark.parametrize(("arguments", "said"), [(["--as-of", "June"], "June"), (["--as-of", "2999-01-01"], "future")])
def test_a_bad_date_is_named(arguments, said):
    with pytest.raises(CommandError, match=said):
        run("score", *arguments)


def test_scoring_an_empty_installation_says_zero():
    report = json.loads(run("score", "--json"))
    assert (report["accounts"], report["top"]) == (0, [])
    assert "0 of 0" in run("score")
