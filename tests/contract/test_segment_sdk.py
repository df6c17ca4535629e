"""Segment's own Python SDK against a live server: only the host is ours."""

import threading

import pytest
from django.db import connection
from segment.analytics.client import Client as Sdk

from accounts import landing
from accounts.messages import decode, read, split
from accounts.models import Landing
from tests.factories import SourceFactory

KEY = "test_write_key"


@pytest.fixture
def source(transactional_db):
    landing.forget()
    return SourceFactory(write_key=KEY)


def client(live_server, errors: list, **options) -> Sdk:
    return Sdk(
        KEY,
        host=live_server.url,
        on_error=lambda error, items: errors.append((error, len(items))),
        max_retries=options.pop("max_retries", 2),
        **options,
    )


def landed() -> list:
    return [
        read(item, path=row.path, received_at=row.received_at)
        for row in Landing.objects.order_by("id")
        for item in split(decode(bytes(row.body)), row.path)
    ]


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_every_call_of_the_sdk_is_landed_once(source, live_server, zipped):
    errors: list = []
    sdk = client(live_server, errors, gzip=zipped)
    sdk.identify("u-1", {"email": "ada@example.com", "title": "CTO"})
    sdk.group("u-1", "ws-1", {"name": "Example", "employees": 120})
    sdk.track("u-1", "Report Exported", {"rows": 2**70}, context={"groupId": "ws-1"})
    sdk.page("u-1", None, "Pricing", {"path": "/pricing"})
    sdk.screen("u-1", None, "Home")
    sdk.alias("anon-1", "u-1")
    for number in range(250):
        sdk.track(f"u-{number}", "Bulk")
    sdk.shutdown()
    assert errors == []
    messages = landed()
    assert [message.type for message in messages[:6]] == ["identify", "group", "track", "page", "screen", "alias"]
    assert messages[0].traits == {"email": "ada@example.com", "title": "CTO"}
    assert (messages[2].group_id, messages[2].properties) == ("ws-1", {"rows": 2**70})
    assert messages[3].event == "Viewed Pricing Page"
    assert (messages[5].previous_id, messages[5].user_id) == ("anon-1", "u-1")
    assert [message.user_id for message in messages[6:]] == [f"u-{number}" for number in range(250)]
    assert len({message.message_id for message in messages}) == 256


def test_a_key_that_opens_nothing_is_reported_to_the_sdk_and_not_tried_again(transactional_db, live_server):
    errors: list = []
    sdk = client(live_server, errors)
    sdk.track("u-1", "Report Exported")
    sdk.shutdown()
    assert [(error.status, count) for error, count in errors] == [(401, 1)]
    assert not Landing.objects.exists()


def test_the_sdk_waits_out_back_pressure_and_loses_nothing(source, live_server, settings, monkeypatch):
    monkeypatch.setattr("accounts.api.RETRY_SECONDS", 1)
    monkeypatch.setattr(landing, "BACKLOG_SECONDS", 0.1)
    settings.LANDING_LIMIT = 1
    errors: list = []
    blocking = landing.accept(source=source, path="batch", body=b'{"batch":[{}]}', size=1)
    sdk = client(live_server, errors, max_retries=10)
    sdk.track("u-1", "Report Exported")
    threading.Timer(2.0, lambda: _drain(blocking)).start()
    sdk.shutdown()
    assert errors == []
    assert [message.event for message in landed()] == ["Report Exported"]


def _drain(pk: int) -> None:
    Landing.objects.filter(pk=pk).delete()
    connection.close()
