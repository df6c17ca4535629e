"""The tables of docs/queue.md are those of the code."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from playbooks.feedback import learning_back
from playbooks.models import Closing, QueueItem, Reason
from playbooks.verbs import reasons, transitions

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "queue.md").read_text()
ROWS = {
    row[0].strip("` "): [cell.strip() for cell in row[1:]]
    for row in (line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| `"))
}


def test_the_page_tells_every_state_and_verb_as_it_is():
    assert set(transitions.STATES) == set(QueueItem.State.values) == set(transitions.STATES) & set(ROWS)
    for verb, transition in transitions.VERBS.items():
        origins, to, who, _needs = ROWS[verb]
        assert tuple(origins.split(", ")) == transition.origins
        assert to.split(";")[0] == transition.to
        is_free = not transition.owner_only or not set(transition.origins) & set(transitions.OWNED)
        assert (who == "anybody") == is_free


def test_the_page_tells_every_cool_down_as_it_is():
    assert {*Closing.values, *Reason.values, reasons.RETURNED} == set(reasons.MEANINGS)
    for closing, meaning in reasons.MEANINGS.items():
        days, mends, learnt = ROWS[str(closing)][:3] if closing != reasons.RETURNED else returned()
        assert days == ("for good" if meaning.days is None else str(meaning.days))
        assert mends == meaning.mends
        state = "done" if closing in Closing.values else "disqualified" if closing in Reason.values else "returned"
        kind = learning_back.kind_of(state=state, motion="sales", outcome=closing, reason=closing)
        assert learnt == kind
        assert meaning.mends in reasons.MENDS


def returned():
    return [cell.strip() for cell in re.findall(r"\| `returned` \|(.*)\|", PAGE)[1].split("|")]


@given(
    verb=st.sampled_from(sorted(transitions.VERBS)),
    state=st.sampled_from(transitions.STATES),
    is_owner=st.booleans(),
    is_admin=st.booleans(),
)
def test_a_verb_is_possible_or_says_why_not(verb, state, is_owner, is_admin):
    refusal = transitions.refusal(verb, state=state, is_owner=is_owner, is_admin=is_admin)
    is_possible = verb in transitions.possible(state=state, is_owner=is_owner, is_admin=is_admin)

    assert is_possible == (not refusal)
    if state not in transitions.VERBS[verb].origins:
        assert refusal
    if is_admin and state in transitions.VERBS[verb].origins:
        assert not refusal
