"""Whatever is sent to the intake: never a 5xx, and every accepted message is counted, or set aside with its reason.

Requests are built by `tests.contract.hostile`: valid messages with odd fields, odd JSON, odd bytes, odd compression, keys, headers
and methods. All of them land as they would in the running app, and the real loader loads what was accepted.
"""

import dataclasses
import logging
from random import Random

import pytest
from django.db.models import Sum
from django.test import Client

from accounts import api, landing, loading
from accounts.models import AuditEntry, Landing, LoadState, SeenMessage, SetAside, Usage
from tests.contract import hostile
from tests.contract.hostile import KEY, Sending
from tests.factories import SourceFactory

SINGLE = sorted(kind for kind, path in api.PATHS.items() if path not in ("batch", "import"))
#: Requests of each kind. A test holds their sum to what is promised.
INPUTS = {"batches": 4_000, "single messages": 10_000, "hand raises": 800, "raw bytes": 5_700}


def a_batch(draw: Random) -> tuple[str, bytes]:
    return draw.choice(["/v1/batch", "/v1/import", "/v1/b/"]), hostile.batch(draw)


def a_message(draw: Random) -> tuple[str, bytes]:
    kind = draw.choice(SINGLE)
    return draw.choice([f"/v1/{kind}", f"/v1/{kind}/"]), hostile.message(draw, api.PATHS[kind])


def a_form(draw: Random) -> tuple[str, bytes]:
    return "/hand-raise", hostile.form(draw)


def bytes_(draw: Random) -> tuple[str, bytes]:
    return draw.choice(["/v1/batch", "/v1/track", "/v1/i", "/hand-raise"]), hostile.raw(draw)


MADE_BY = {"batches": a_batch, "single messages": a_message, "hand raises": a_form, "raw bytes": bytes_}
CLIENT_ERRORS = {400, 401, 404, 405, 413}


@dataclasses.dataclass
class Tally:
    """What was sent, and how often 200 was answered."""

    client: Client
    inputs: int = 0
    accepted: int = 0

    def send(self, path: str, what: Sending) -> None:
        self.inputs += 1
        response = self.client.generic(
            what.method, path + what.query, what.body, content_type=what.content_type, headers=what.headers
        )
        if response.status_code == 200:
            self.accepted += 1
            assert what.method == "POST"
            assert response.json() == {"success": True} if response["Content-Type"] == "application/json" else True
        elif response.status_code != 204:
            assert response.status_code in CLIENT_ERRORS, response.content
            if response["Content-Type"] == "application/json" and what.method != "HEAD":
                assert response.json()["error"]["message"]


def test_twenty_thousand_inputs_are_sent():
    assert sum(INPUTS.values()) >= 20_000


@pytest.mark.parametrize("kind", INPUTS)
def test_no_input_is_a_server_error_and_what_is_accepted_is_counted_or_set_aside(kind, db, caplog):
    caplog.set_level(logging.ERROR, "django")
    landing.forget()
    SourceFactory(write_key=KEY)
    tally = Tally(Client(raise_request_exception=True))

    for number in range(INPUTS[kind]):
        draw = Random(f"{kind} {number}")
        path, body = MADE_BY[kind](draw)
        request = hostile.sending(draw, body)
        try:
            tally.send(path, request)
        except BaseException as error:
            error.add_note(f"input {number}: {path} {request}"[:10_000])
            raise
    assert tally.inputs >= INPUTS[kind]
    landed = Landing.objects.aggregate(messages=Sum("size"))["messages"] or 0
    assert Landing.objects.count() <= tally.accepted  # a form that a program filled in is answered 200 and dropped
    if kind != "hand raises":
        assert Landing.objects.count() == tally.accepted

    loaded = loading.drain()

    assert not Landing.objects.exists()
    assert loaded.messages + loaded.duplicates + loaded.set_aside == landed
    aside = SetAside.objects.filter(kind=SetAside.Kind.MESSAGE)
    if AuditEntry.objects.filter(action="person.erase").exists():  # with the messages that were set aside of them
        assert 0 < aside.count() <= loaded.set_aside
    else:
        assert aside.count() == loaded.set_aside
    assert not aside.filter(reason="").exists()
    assert not aside.filter(code="").exists()
    assert SeenMessage.objects.count() == loaded.messages
    assert (LoadState.objects.aggregate(Sum("messages"))["messages__sum"] or 0) == loaded.messages
    assert (Usage.objects.aggregate(events=Sum("count"))["events"] or 0) <= loaded.messages
    # A reason that names the message's fault was found before the message could break a batch.
    assert not aside.filter(code__in=("bad_data", "loader_error")).exists()
