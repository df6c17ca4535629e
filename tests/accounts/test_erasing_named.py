"""Whom a body names: what the index may leave out, and whose words are whose. Pure."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.erasing import named
from accounts.erasing.bodies import _names
from accounts.erasing.needles import Needles, pattern

MAILS = ("ann@acme.com", "mary.ann@acme.com", "o'brien+x@a-b.co.uk", "jürgen_m-@müller.de", "ANN@ACME.com", "7@x.io")
IDS = ("7", "ann", "u-1/2", "Jane Miller", "ann@acme.com", "a,b}", "é7", "日本")
words = st.one_of(st.sampled_from([*MAILS, *IDS]), st.text(max_size=4))
texts = st.lists(st.one_of(words, st.sampled_from(list(" \n\t,:;/?&=%.-_+@\\\"'<>{}[]"))), max_size=6).map("".join)
escaped = texts.map(lambda text: json.dumps({"in": text}))
fields = st.sampled_from(["userId", "anonymousId", "previousId", "user_id", "email", "url"])
items = st.dictionaries(fields, st.one_of(words, texts, escaped, st.integers(0, 9), st.dictionaries(fields, texts)))


@given(
    item=items,
    kind=st.sampled_from(["plain", "batch", "ascii", "page", "cut"]),
    cut=st.integers(1, 30),
    needles=st.builds(
        Needles, ids=st.frozensets(st.sampled_from(IDS), max_size=2), emails=st.frozensets(st.sampled_from(MAILS))
    ),
)
@hypothesis_settings(max_examples=400, deadline=None)
def test_whoever_is_found_in_a_body_is_found_by_the_index(item, kind, cut, needles):
    value = {"batch": [{"userId": "x"}, item]} if kind == "batch" else item
    text = json.dumps(value, ensure_ascii=kind in ("ascii", "page"))
    if kind == "page":
        text = re.sub("['&<>=/]", lambda sign: f"\\u{ord(sign[0]):04x}", text)
    raw = (text[:-cut] if kind == "cut" else text).encode()
    wanted = named.wanted(needles)
    if wanted is not None and _names(raw, "batch", needles):
        assert set(wanted) & set(named.of(raw))


@pytest.mark.parametrize(
    ("text", "is_hers"),
    [
        ("ann@acme.com", True),
        ("Mail to:Ann@ACME.com.", True),
        ("…ann@acme.com", True),
        ("_ann@acme.com_", True),
        ("https://x.io/?m=ann%40acme.com&n=1", True),
        ("https://x.io/?u=a%3Dann%40acme.com", True),
        (json.dumps("From:\nann@acme.com"), True),
        ("joann@acme.com", False),
        ("mary.ann@acme.com", False),
        ("x+ann@acme.com", False),
        ("ann@acme.company", False),
        ("ann@acme", False),
    ],
)
def test_an_address_is_a_whole_one(text, is_hers):
    needles = Needles(emails=frozenset({"ann@acme.com"}))
    assert needles.is_in({"properties": [{"note": text}]}) == is_hers
    assert needles.is_in_text(text) == is_hers


@pytest.mark.django_db
def test_the_database_finds_the_same_words_as_we_do():
    from django.db import connection

    needles = Needles(emails=frozenset(MAILS[:1]), names=frozenset({"Ann Lee"}))
    cases = {
        json.dumps({"note": "Call\nAnn Lee"}): True,
        json.dumps({"note": "Call\nann@acme.com"}): True,
        "Mary.ann@acme.com": False,
        "ann%40acme.com": True,
        "Ann Leeson": False,
        "Joann Lee": False,
    }
    with connection.cursor() as cursor:
        for text, is_hers in cases.items():
            cursor.execute("SELECT %s ~* %s", [text, pattern(needles.at_home())])
            assert (text, cursor.fetchone()[0]) == (text, is_hers)
