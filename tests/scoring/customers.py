"""The customer's own tables, made of the usage that is in PostgreSQL, so that both must give the same features."""

import datetime as dt
import random

import pyarrow as pa

from accounts.models import EventType, ProductUser, Usage, Workspace


def rows():
    """`(userId, workspace's external id or none, event name, day, count)` of every row in PostgreSQL."""
    people = {user.pk: user.key.removeprefix("u:") for user in ProductUser.objects.all()}
    spaces = {space.pk: space.external_id for space in Workspace.objects.all()}
    types = {event.pk: event.name for event in EventType.objects.all()}
    return [
        (people[row.user_id], spaces.get(row.workspace_id), types[row.event_type_id], row.day, row.count)
        for row in Usage.objects.all()
    ]


def daily_counts():
    """A table of daily counts, with rows that must not count: of strangers, of nobody, of no event, and zeros."""
    found = rows()
    who, _, event, day, _ = found[0]
    junk = [
        ("a stranger", None, event, day, 50),
        (None, None, event, day, 50),
        ("", None, event, day, 50),
        (who, None, None, day, 50),
        (who, None, event, None, 50),
        (who, None, "An event nobody knows", day, 50),
        (who, None, event, day - dt.timedelta(days=3), 0),
        (who, None, event, day - dt.timedelta(days=3), None),
    ]
    who, team, what, on, how_often = zip(*found, *junk, strict=True)
    return pa.table(
        {
            "who": pa.array(who, pa.string()),
            "team": pa.array(team, pa.string()),
            "what": pa.array(what, pa.string()),
            "on_day": pa.array(on, pa.date32()),
            "how_often": pa.array(how_often, pa.int32()),
        }
    )


def raw_events(*, seed=1, zone="UTC"):
    """A table with one row an event, at random times of its day, the last microsecond of it included."""
    draw = random.Random(seed)
    found = []
    for who, team, what, on, how_often in rows():
        midnight = dt.datetime.combine(on, dt.time(), dt.UTC)
        for _ in range(how_often):
            second = draw.choice([0, 86_399.999999, draw.uniform(0, 86_399)])
            found.append((who, team, what, midnight + dt.timedelta(seconds=second)))
    who, team, what, at = zip(*found, strict=True)
    return pa.table(
        {
            "user_id": pa.array(who, pa.string()),
            "team_id": pa.array(team, pa.string()),
            "event": pa.array(what, pa.string()),
            "timestamp": pa.array(at, pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us", tz=zone)),
        }
    )


DAILY = {"user_id": "who", "event": "what", "timestamp": "on_day", "workspace": "team", "count": "how_often"}
RAW = {"user_id": "user_id", "event": "event", "timestamp": "timestamp", "workspace": "team_id"}
