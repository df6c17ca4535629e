"""An account's workspaces with their scores: on its page, and for programs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from scoring import runs
from scoring.models import WorkspaceScore
from tests.factories import WorkspaceFactory
from tests.feed import account_of
from tests.scoring.test_workspaces import publish, space

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def test_the_page_and_the_rest_of_an_account_show_its_workspaces_with_the_reasons(sign_in):
    space("core", people=9)
    space("side", people=3, first=20)
    runs.score_all()
    account, client = account_of("0@acme.com"), sign_in(Role.SALES)
    page, rest = f"/accounts/{account.pk}/", f"/api/accounts/{account.pk}/"
    assert "Workspaces, scored" not in client.get(page).content.decode()
    assert client.get(rest).json()["workspace_scores"] == []

    publish()
    runs.score_all()
    shown = client.get(page).context["page"].scored_workspaces
    assert [(line.name, line.score, line.tier, line.active_people, line.why) for line in shown.lines] == [
        ("Core", 90, "pqa", 9, "Team 90"),
        ("Side", 30, "self_serve", 3, "Team 30"),
    ]
    assert (shown.more, shown.finding) == (0, "1 PQA")
    first, second = client.get(rest).json()["workspace_scores"]
    assert (first["workspace"], first["name"], first["score"], first["tier"]) == ("core", "Core", 90, "pqa")
    assert [(part["key"], part["effect"]) for part in second["contributions"]] == [("team", 30)]


def test_the_best_are_listed_the_others_counted_and_queries_stay_as_many(sign_in):
    space("core", people=9)
    publish()
    runs.score_all()
    account, client = account_of("0@acme.com"), sign_in(Role.SALES)

    def seen():
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/accounts/{account.pk}/")
            client.get(f"/api/accounts/{account.pk}/")
        return len(asked), answer.context["page"].scored_workspaces

    seen()
    one, _found = seen()
    row = WorkspaceScore.objects.get()
    for _number in range(22):
        row.pk, row.score, row.tier = WorkspaceFactory(account=account).pk, 10, "self_serve"
        row.save(force_insert=True)
    many, found = seen()
    assert many == one
    assert (len(found.lines), found.more, found.lines[0].name) == (20, 3, "Core")
    assert "3 more with lower scores" in client.get(f"/accounts/{account.pk}/").content.decode()
