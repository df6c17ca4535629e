import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import landing, loading, messages
from accounts.models import (
    AccountChange,
    EventType,
    Landing,
    LoadState,
    ProductUser,
    SeenMessage,
    SetAside,
    Signal,
    Usage,
)
from tests.feed import account_of, counted, group, identify, land, load, source, track

pytestmark = pytest.mark.django_db


def test_events_become_daily_counts_per_person_workspace_and_event():
    load(
        track("ann", days_ago=1),
        track("ann", days_ago=1),
        track("ann", "Dashboard Created", days_ago=1, group="ws"),
        track("bob", days_ago=2),
    )
    rows = Usage.objects.values_list("user__key", "event_type__name", "workspace_id", "day", "count")
    today = timezone.now().date()
    found = {(key, name, bool(space), (today - day).days, count) for key, name, space, day, count in rows}
    assert found == {
        ("u:ann", "Report Exported", False, 1, 2),
        ("u:ann", "Dashboard Created", True, 1, 1),
        ("u:bob", "Report Exported", False, 2, 1),
    }
    assert Landing.objects.count() == 0


def test_identify_and_group_are_no_usage():
    load(identify("ann", email="ann@acme.com"), group("ws", "ann", name="Acme"))
    assert counted() == 0
    assert EventType.objects.count() == 0


def test_a_message_id_is_counted_once_however_often_it_comes():
    item = track("ann")
    first = load(item, item)
    second = load(item)
    assert (first.messages, first.duplicates) == (1, 1)
    assert (second.messages, second.duplicates) == (0, 1)
    assert counted() == 1


def test_the_same_message_id_of_another_source_is_another_message():
    from tests.factories import SourceFactory

    item = track("ann")
    land(item)
    land(item, of=SourceFactory())
    load()
    assert counted() == 2


def test_messages_without_an_id_are_each_counted():
    item = {"type": "track", "userId": "ann", "event": "Opened"}
    load(item, item)
    assert counted() == 2


def test_a_bad_message_is_set_aside_and_its_neighbours_are_loaded():
    result = load(track("ann"), {"type": "track", "userId": "ann"}, "nonsense", track("bob"))
    assert (result.messages, result.set_aside) == (2, 2)
    assert counted() == 2
    rows = SetAside.objects.order_by("id")
    assert all(row.kind == "message" and row.reason and row.source == source() for row in rows)
    assert json.loads(bytes(rows[0].body)) == {"type": "track", "userId": "ann"}


def test_a_request_that_breaks_the_loader_is_set_aside_whole_and_stops_nothing():
    """A count beyond the column's range is the kind of thing no check foresees."""
    load(track("ann"))
    Usage.objects.update(count=2_147_483_647)
    land(track("bob"))
    land(track("ann"))
    land(track("cid"))
    result = loading.drain()
    assert result.set_aside == 1
    assert Landing.objects.count() == 0
    assert set(Usage.objects.values_list("user__key", flat=True)) == {"u:ann", "u:bob", "u:cid"}
    assert SetAside.objects.get().code == "bad_data"


def test_of_a_request_that_breaks_the_loader_only_the_message_at_fault_is_set_aside_and_can_be_replayed():
    from tests.factories import MemberFactory

    load(track("ann"))
    Usage.objects.update(count=2_147_483_647)
    padding = {"text": "x" * 20_000}  # the whole request would be larger than what is kept of one that is cut
    broken = track("ann")
    result = load(*(track(f"user-{n}", properties=padding) for n in range(5)), broken, broken)
    assert (result.messages, result.set_aside) == (5, 2)
    row = SetAside.objects.first()
    assert json.loads(bytes(row.body))["messageId"] == broken["messageId"]
    Usage.objects.filter(user__key="u:ann").update(count=1)
    landing.replay(set_aside=row, member=MemberFactory(role="admin"))
    load()
    assert counted() == 7


def test_an_imported_message_is_kept_for_good_also_when_the_api_brought_it_first():
    load(track("ann"))
    row = SeenMessage.objects.get()
    item = Landing(source=source())
    message = messages.read(track("ann", messageId="twice"), path="track", received_at=timezone.now())
    load(track("ann", messageId="twice"))
    assert loading.load_messages(source_id=item.source_id, read=[message]).duplicates == 1
    SeenMessage.objects.filter(pk=row.pk).delete()
    assert SeenMessage.objects.get().seen_on == dt.date(9999, 1, 1)


def test_event_types_keep_volume_and_first_and_last_time():
    load(track("ann", "Pricing Viewed", days_ago=3), track("ann", "Pricing Viewed", days_ago=1))
    load(track("bob", "Pricing Viewed", days_ago=9))
    event = EventType.objects.get()
    assert (event.name, event.category, event.signal, event.volume) == ("Pricing Viewed", "intent", "pricing", 3)
    ages = [(timezone.now() - at).days for at in (event.first_seen_at, event.last_seen_at)]
    assert ages == [9, 1]


def test_strong_events_become_one_signal_a_day_with_a_count():
    load(
        track("ann", "Pricing Viewed"),
        track("ann", "Pricing Viewed"),
        track("ann", "Demo Requested", properties={"message": "SSO for 40\u0000 people?"}),
        track("ann", "Teammate Invited"),
    )
    found = {(s.kind, s.count, s.detail) for s in Signal.objects.all()}
    assert found == {("pricing", 2, ""), ("hand_raise", 1, "SSO for 40 people?")}


def test_a_buyer_who_becomes_known_is_a_signal():
    load(identify("ann", email="ann@acme.com", title="Chief Technology Officer"), track("ann"))
    load(identify("ann", email="ann@acme.com", title="Chief Technology Officer"))
    assert [s.kind for s in Signal.objects.all()] == ["buyer_joined"]


def test_changed_accounts_are_noted_for_scoring():
    load(identify("ann", email="ann@acme.com"), track("ann"), track("bob"))
    account = account_of("ann")
    before = AccountChange.objects.get(account=account).seq
    load(track("ann"))
    assert AccountChange.objects.get(account=account).seq > before
    assert AccountChange.objects.count() == 1


def test_health_knows_when_the_last_load_was():
    load(track("ann"))
    state = LoadState.objects.get()
    assert (timezone.now() - state.loaded_at).total_seconds() < 60
    assert state.messages == 1


def test_old_message_ids_are_forgotten_after_the_window_and_not_before():
    load(track("ann"))
    today = timezone.now().date()
    SeenMessage.objects.update(seen_on=today - dt.timedelta(days=settings.DEDUP_WINDOW_DAYS))
    assert loading.prune() == 0
    SeenMessage.objects.update(seen_on=today - dt.timedelta(days=settings.DEDUP_WINDOW_DAYS + 1))
    assert loading.prune() == 1


def test_a_day_is_a_day_in_utc():
    load(track("ann", timestamp="2026-03-01T23:30:00-05:00"))
    assert Usage.objects.get().day == dt.date(2026, 3, 2)


@pytest.mark.django_db(transaction=True)
def test_two_loaders_at_once_lose_nothing_and_count_nothing_twice():
    for batch in range(30):
        land(*(track(f"user-{batch}-{n % 7}") for n in range(20)))

    def work():
        try:
            for _ in range(200):
                loading.load_batch()
                if not Landing.objects.exists():
                    return
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not Landing.objects.exists()
    assert counted() == 600


LOADER = """
import django; django.setup()
from django.conf import settings
from accounts import loading
loading.BATCH_MESSAGES = 50
print("ready", flush=True)
loading.drain()
"""


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_loader_killed_at_any_point_loses_nothing_and_counts_nothing_twice():
    total = 0
    for batch in range(120):
        items = [track(f"user-{batch % 40}-{n % 9}", group=f"ws-{batch % 11}") for n in range(25)]
        land(*items, items[0])
        total += 25
    host, name = connection.settings_dict["HOST"], connection.settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{connection.settings_dict['USER']}:@/{name}?host={host}",
        "DJANGO_SETTINGS_MODULE": "plsapp.settings",
    }
    if connection.settings_dict["PASSWORD"] or not host.startswith("/"):
        s = connection.settings_dict
        environment["DATABASE_URL"] = f"postgresql://{s['USER']}:{s['PASSWORD']}@{host}:{s['PORT'] or 5432}/{name}"
    kills = 0
    for delay in (0.02, 0.1, 0.2, 0.05, 0.3):
        loader = subprocess.Popen(
            [sys.executable, "-c", LOADER], env=environment, stdout=subprocess.PIPE, cwd=settings.BASE_DIR
        )
        assert loader.stdout.readline() == b"ready\n"
        time.sleep(delay)
        if loader.poll() is None:
            os.kill(loader.pid, signal.SIGKILL)
            kills += 1
        loader.wait()
    deadline = time.monotonic() + 30
    while Landing.objects.exists() and time.monotonic() < deadline:
        loading.drain()
    assert kills >= 1
    assert not Landing.objects.exists()
    assert counted() == total
    assert ProductUser.objects.count() == len(set(Usage.objects.values_list("user_id", flat=True)))


def test_replaying_a_mended_message_loads_it():
    from tests.factories import MemberFactory

    load({"type": "track", "userId": "ann", "messageId": "broken"})
    row = SetAside.objects.get()
    mended = json.loads(bytes(row.body)) | {"event": "Opened"}
    landing.replay(set_aside=row, member=MemberFactory(role="admin"), body=json.dumps(mended).encode())
    load()
    assert counted() == 1
    row.refresh_from_db()
    assert row.replayed_at is not None
