import datetime as dt

import numpy as np
import pytest
from django.db import connection, transaction

from scoring import copying, digests
from scoring.copying import Nullable, Texts

pytestmark = pytest.mark.django_db

LONG = "Zu wenige Menschen – " * 14


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE copied (id bigint, small smallint, whole int, share float8, at timestamptz, words text, "
            "shares float8[], wholes smallint[], none float8[]) ON COMMIT DROP"
        )
    return "copied"


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        return cursor.fetchall()


def test_every_kind_of_value_arrives_as_it_was(table):
    at = np.array(["2026-11-22T01:02:03.456789", "1969-12-31T23:59:59", "2000-01-01", "NaT"], "datetime64[us]")
    copying.copy(
        table,
        {
            "id": np.array([1, -(2**62), 3, 4]),
            "small": Nullable(np.array([1, 2, -3, 4], np.int16), np.array([True, False, True, True])),
            "whole": np.array([0, -1, 2**31 - 1, 7], np.int32),
            "share": np.array([0.1, np.nan, -np.inf, 1e300]),
            "at": Nullable(at, ~np.isnat(at)),
            "words": Texts(np.array([0, 1, 2, 1]), ("", "größer als „alles“ 🚀", LONG)),
            "shares": np.array([[1.5, np.nan], [0.0, -0.0], [1e-9, 2.0], [3.0, 4.0]]),
            "wholes": np.array([[1, 2, 3]] * 4, np.int16),
            "none": np.zeros((4, 0)),
        },
        np.arange(4),
    )
    second, first, third, fourth = rows_of(table)
    assert repr(first) == repr(
        (1, 1, 0, 0.1, dt.datetime(2026, 11, 22, 1, 2, 3, 456789, dt.UTC), "", [1.5, float("nan")], [1, 2, 3], [])
    )
    assert second[1] is None
    assert str(second[3]) == "nan"
    assert second[4:6] == (dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC), "größer als „alles“ 🚀")
    assert third[1:6] == (-3, 2**31 - 1, -np.inf, dt.datetime(2000, 1, 1, tzinfo=dt.UTC), LONG)
    assert fourth[3:] == (1e300, None, "größer als „alles“ 🚀", [3.0, 4.0], [1, 2, 3], [])


def test_no_rows_are_no_work(table):
    nothing = np.zeros(0, np.int64)
    copying.copy(table, {"id": nothing, "words": Texts(nothing, ())}, nothing)
    assert rows_of(table) == []


def test_many_rows_of_many_shapes_all_arrive(table):
    draw = np.random.default_rng(3)
    number = 20_000
    words = [f"reason {place} {'é' * place}" for place in range(40)]
    codes, small = draw.integers(0, 40, number), draw.integers(0, 9, number).astype(np.int16)
    shares = draw.random((number, 34))
    with transaction.atomic():
        copying.copy(
            table,
            {
                "id": np.arange(number),
                "small": Nullable(small, small > 0),
                "words": Texts(codes, words),
                "shares": shares,
            },
            np.arange(number)[::-2],
        )
    rows = rows_of(table)
    assert [row[0] for row in rows] == list(range(1, number, 2))
    assert [row[1] or 0 for row in rows] == small[1::2].tolist()
    assert [row[5] for row in rows] == [words[code] for code in codes[1::2]]
    assert [row[6] for row in rows] == shares[1::2].tolist()


def test_a_digest_is_of_the_row_alone_and_sees_every_column():
    draw = np.random.default_rng(5)
    columns = [draw.integers(0, 3, 2_000), draw.integers(0, 3, 2_000) / 2, draw.integers(0, 2, 2_000)]
    digest = digests.rows(columns, about=b"one")
    kinds = {tuple(row) for row in np.stack(columns, axis=1).tolist()}
    assert len(set(digest.tolist())) == len(kinds) == 18
    order = draw.permutation(2_000)
    assert (digests.rows([column[order] for column in columns], about=b"one") == digest[order]).all()
    assert not (digests.rows(columns, about=b"two") == digest).any()
    assert not (digests.rows(columns[::-1], about=b"one") == digest).all()


def test_a_digest_counts_to_four_places_and_takes_all_unknowns_as_one():
    other_nan = np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0]
    one = digests.rows([np.array([np.nan, 0.0, 1.00001, 1.0001, 1.0])], about=b"")
    two = digests.rows([np.array([other_nan, -0.0, 1.00002, 1.0, 1.0])], about=b"")
    assert (one == two).tolist() == [True, True, True, False, True]
    assert digests.rows([np.zeros(0)], about=b"").shape == (0,)
