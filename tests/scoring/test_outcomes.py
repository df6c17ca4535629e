import datetime as dt
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from accounts import signals
from accounts.models import Role
from scoring import outcomes
from scoring.models import Outcome
from tests.factories import AccountFactory, ProductUserFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def raised(at, **who):
    signals.record([signals.NewSignal(kind="hand_raise", at=at, **who)])


def found(*kinds, since=None):
    accounts, at = outcomes.of_accounts(kinds, since=since)
    assert accounts.dtype == np.int64
    assert at.dtype == np.dtype("datetime64[us]")
    return dict(zip(accounts.tolist(), (moment.replace(tzinfo=dt.UTC) for moment in at.tolist()), strict=True))


def test_the_first_outcome_of_each_account_counts_whether_signal_or_row():
    one, other, third = AccountFactory(), AccountFactory(), AccountFactory()
    Outcome.objects.create(account=one, kind="won", at=NOON + DAY)
    Outcome.objects.create(account=one, kind="won", at=NOON + 2 * DAY)
    Outcome.objects.create(account=third, kind="rejected", at=NOON)
    raised(NOON, user_id=ProductUserFactory(account=one).pk)
    raised(NOON - DAY, workspace_id=WorkspaceFactory(account=other).pk)

    assert found("won", "hand_raise") == {one.pk: NOON, other.pk: NOON - DAY}
    assert found("won") == {one.pk: NOON + DAY}
    assert found("rejected") == {third.pk: NOON}
    assert found("accepted") == {}
    assert found("won", "hand_raise", since=NOON + 2 * DAY) == {one.pk: NOON + 2 * DAY}


def test_the_workspace_says_whose_hand_it_is_before_the_person():
    person = ProductUserFactory(account=AccountFactory())
    team = WorkspaceFactory(account=AccountFactory())
    raised(NOON, user_id=person.pk, workspace_id=team.pk)
    assert found("hand_raise") == {team.account_id: NOON}


def test_a_merged_account_s_outcomes_are_those_of_the_account_it_went_into():
    last = AccountFactory()
    middle = AccountFactory(merged_into=last)
    first = AccountFactory(merged_into=middle)
    Outcome.objects.create(account=first, kind="won", at=NOON)
    Outcome.objects.create(account=last, kind="won", at=NOON + DAY)
    assert found("won") == {last.pk: NOON}


def test_a_kind_that_there_is_not_is_refused_by_name():
    with pytest.raises(ValueError, match="lost"):
        outcomes.of_accounts(["won", "lost"])


# Keeping -------------------------------------------------------------------------------------------------------------


def test_the_same_outcome_is_kept_once_and_with_the_account_that_is_left():
    left = AccountFactory()
    merged = AccountFactory(merged_into=left)
    first, is_new = outcomes.record(account_id=merged.pk, kind="won", at=NOON, source="CRM", note="12 seats")
    again, is_again_new = outcomes.record(account_id=left.pk, kind="won", at=NOON, source="CRM", note="another word")
    assert (is_new, is_again_new, first.pk) == (True, False, again.pk)
    assert (again.account, again.note) == (left, "12 seats")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "lost"}, "kind"),
        ({"at": NOON.replace(year=1970)}, "at"),
        ({"at": NOON.replace(year=2999)}, "at"),
        ({"source": "x" * 61}, "source"),
        ({"note": "x\x00"}, "note"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(wrong, field):
    with pytest.raises(outcomes.BadOutcome) as refused:
        outcomes.record(**{"account_id": AccountFactory().pk, "kind": "won", "at": NOON, **wrong})
    assert refused.value.field == field


# Files ---------------------------------------------------------------------------------------------------------------


def imported(path, *more, capsys) -> dict:
    call_command("import_outcomes", str(path), *more)
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_file_is_kept_once_and_every_row_is_accounted_for(tmp_path, capsys):
    acme = AccountFactory(name="Acme", domain="acme.com")
    team = WorkspaceFactory(external_id="team-7", account=AccountFactory(domain="", name="Seven"))
    path = tmp_path / "won.csv"
    path.write_text(
        "domain,won_at,kind\n"
        "www.acme.com,2026-01-05,\n"
        "team-7,2026-01-06T10:00:00Z,accepted\n"
        "acme,2026-01-07,rejected\n"
        "nobody.com,2026-01-05,won\n"
        "acme.com,soon,won\n"
        "acme.com,2026-01-05,lost\n"
        ",2026-01-05,won\n"
        "acme.com\n"
    )
    told = imported(path, capsys=capsys)
    assert (told["read"], told["recorded"], told["known"], told["rejected"]) == (8, 3, 0, 5)
    assert (told["unknown_accounts"], told["reasons"]) == (
        1,
        {"bad_account": 2, "bad_at": 1, "bad_kind": 1, "bad_row": 1},
    )
    kept = set(Outcome.objects.values_list("account", "kind", "at", "source"))
    assert kept == {
        (acme.pk, "won", dt.datetime(2026, 1, 5, tzinfo=dt.UTC), "import"),
        (team.account_id, "accepted", dt.datetime(2026, 1, 6, 10, tzinfo=dt.UTC), "import"),
        (acme.pk, "rejected", dt.datetime(2026, 1, 7, tzinfo=dt.UTC), "import"),
    }
    lines = [json.loads(line) for line in Path(told["rejects"]).read_text().splitlines()]
    assert [(line["row"], line["field"]) for line in lines] == [
        *((4, "account"), (5, "at"), (6, "kind"), (7, "account"), (8, "row"))
    ]
    again = imported(path, capsys=capsys)
    assert (again["recorded"], again["known"], Outcome.objects.count()) == (0, 3, 3)


def test_a_name_that_two_accounts_have_is_no_name(tmp_path, capsys):
    AccountFactory(name="Twin", domain="")
    AccountFactory(name="twin", domain="")
    path = tmp_path / "won.csv.gz"
    path.write_bytes(gzip.compress(b"account,date\nTwin,2026-01-05\n"))
    assert imported(path, "--kind", "accepted", capsys=capsys)["unknown_accounts"] == 1


def test_a_file_without_the_columns_is_refused_by_name(tmp_path):
    path = tmp_path / "won.csv"
    path.write_text("company,won_at\nx,2026-01-05\n")
    with pytest.raises(CommandError, match="domain or account"):
        call_command("import_outcomes", str(path))


# The API -------------------------------------------------------------------------------------------------------------


def post(client, **body):
    return client.post("/api/outcomes/", body, content_type="application/json")


def test_a_crm_tells_an_outcome_as_often_as_it_likes(sign_in):
    account, client = AccountFactory(), sign_in(Role.PRODUCT)
    first = post(client, account=account.pk, kind="won", at="2026-05-04T12:00:00Z", source="CRM")
    again = post(client, account=account.pk, kind="won", at="2026-05-04T14:00:00+02:00", source="CRM")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    listed = client.get(f"/api/outcomes/?account={account.pk}&kind=won").json()
    assert (listed["count"], listed["results"]) == (1, [first.json()])
    assert client.get("/api/outcomes/?kind=rejected").json()["count"] == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"account": 2_000_000_000}, "account"),
        ({"account": "x"}, "account"),
        ({"kind": "lost"}, "kind"),
        ({"at": "soon"}, "at"),
        ({"at": "2999-01-01"}, "at"),
        ({"note": "x" * 301}, "note"),
        ({"amount": 5}, "amount"),
    ],
)
def test_the_api_names_the_field_that_is_wrong(sign_in, wrong, field):
    body = {"account": AccountFactory().pk, "kind": "won", "at": "2026-05-04", **wrong}
    answer = post(sign_in(Role.ADMIN), **body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_sales_may_not_say_what_was_won(sign_in):
    assert post(sign_in(Role.SALES), account=1, kind="won", at="2026-05-04").status_code == 403
