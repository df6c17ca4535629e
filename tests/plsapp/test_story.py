"""The main job with everything real: an SDK sends, the worker works, a rep sees the row."""

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from segment.analytics import Client

from tests import prepared
from tests.plsapp.running import App, wait_for

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]

KINDS = ("Report Exported", "Dashboard Created", "Teammate Invited", "Query Run", "Comment Added", "API Key Created")


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-story-"))
    folder.chmod(0o755)
    app = App(prepared.fill(folder / "home"))
    try:
        yield app.wait_until_ready()
    finally:
        app.clean_up()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sdk(app: App) -> Iterator[Client]:
    client = Client(
        app.query("SELECT write_key FROM accounts_source"),
        host=f"http://127.0.0.1:{app.port}",
        gzip=True,
        max_retries=3,
    )
    yield client
    client.shutdown()


def queued(app: App, domain: str, what: str = "count(*)") -> object:
    return app.query(
        f"SELECT {what} FROM playbooks_queueitem i JOIN accounts_account a ON a.id = i.account_id "
        f"WHERE a.domain = '{domain}' AND i.motion = 'sales' AND i.state = 'new'"
    )


def busy_team(sdk: Client, domain: str) -> None:
    now = dt.datetime.now(dt.UTC)
    sdk.identify(f"cto@{domain}", {"email": f"cto@{domain}", "name": "Dana Ortiz", "title": "Chief Technology Officer"})
    sdk.group(f"cto@{domain}", f"ws-{domain}", {"name": "Northwind", "website": domain, "employees": 420})
    for person in range(9):
        for day in range(0, 28, 2):
            for kind in KINDS:
                at = now - dt.timedelta(days=day, minutes=5)
                sdk.track(f"user{person}@{domain}", kind, timestamp=at, context={"groupId": f"ws-{domain}"})
    sdk.flush()


def test_events_of_an_sdk_change_the_sales_queue_within_seconds(app: App, sdk: Client):
    busy_team(sdk, "northwind.com")
    wait_for(lambda: queued(app, "northwind.com"), seconds=60, what="the account in the sales queue")
    sdk.track("user1@northwind.com", "Demo Requested", {"message": "SSO for 40 people?"})
    sdk.flush()
    wait_for(
        lambda: "SSO for 40" in (queued(app, "northwind.com", "max(why_now)") or ""), seconds=60, what="the raised hand"
    )
    assert app.query("SELECT count(*) FROM accounts_landing") == 0

    session = requests.Session()
    home = f"http://127.0.0.1:{app.port}"
    form = session.get(f"{home}/sign-in/login/").text
    password = re.search(r"admin@localhost\W+(?:.*?password\W+)?(\S+)", app.log)[1]
    answer = session.post(
        f"{home}/sign-in/login/",
        data={
            "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1],
            "login": "admin@localhost",
            "password": password,
        },
        headers={"Referer": home},
    )
    page = session.get(f"{home}/queue/sales/").text
    assert answer.ok
    for words in ("Northwind", "Dana Ortiz", "SSO for 40 people?", "Claim"):
        assert words in page


def test_a_worker_killed_while_it_loads_loses_nothing_and_counts_nothing_twice(app: App, sdk: Client):
    before = app.query("SELECT coalesce(sum(count), 0) FROM accounts_usage")
    for round_ in range(6):
        for person in range(300):
            sdk.track(f"p{person}@halcyon.com", f"Thing {round_} Opened")
        sdk.flush()
        worker = app.child("worker")
        if worker is not None and round_ % 2:
            for process in [*worker.children(recursive=True), worker]:
                with_grace(process)
    wait_for(
        lambda: app.query("SELECT sum(count) FROM accounts_usage") == before + 1800,
        seconds=120,
        what="all 1,800 events",
    )
    wait_for(lambda: app.health()[0] == 200, what="a healthy app")


def with_grace(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
