import copy

import numpy as np
import pytest

from accounts.models import Account
from scoring import defaults, definitions, effect_screen, matrices, preview, rules, runs
from scoring.models import Score
from scoring.rules import TIERS
from tests.feed import load, track
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def company_of_companies():
    """Accounts of every tier, one of them without a score, one held by hysteresis."""
    team("big.com", people=16, days=range(28), title="CTO", employees=500)
    team("mid.com", people=6, days=range(0, 28, 2))
    team("late.com", people=5, days=[1, 2, 3], employees=5000)
    team("small.com", people=2, days=[1])
    team("gone.com", people=2, days=[45])


def spec(**changes):
    return rules.parse(copy.deepcopy(defaults.SPEC) | changes)


def test_the_published_definition_changes_nothing_and_is_what_a_full_run_stored():
    company_of_companies()
    runs.score_all()
    load(track("0@mid.com"))
    runs.score_all()
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    tiers = preview.tiers_now(snapshot)
    effect = preview.compare(published, published, snapshot=snapshot, tiers=tiers)
    stored = {score.pk: score for score in Score.objects.all()}
    assert [TIERS[place] for place in tiers] == [stored[pk].tier for pk in snapshot.account_id.tolist()]
    assert np.array_equal(effect.histogram_now, np.bincount([s.score or 0 for s in stored.values()], minlength=101))
    assert np.array_equal(effect.histogram_now, effect.histogram_draft)
    assert effect.transitions.sum() == np.trace(effect.transitions) == effect.accounts == len(stored)
    assert sum(effect.shares.values()) == pytest.approx(1)
    assert set(effect.shares) == {"usage", "team", "features", "velocity", "behaviour", "fit"}


def test_a_run_of_the_draft_gives_what_its_preview_told():
    company_of_companies()
    runs.score_all()
    draft = spec(thresholds={"pqa": 55, "activate": 30}, gates=[])
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    told = preview.compare(draft, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    assert told.transitions.sum() > np.trace(told.transitions)
    first = definitions.published()
    first.spec = draft.as_json()
    first.save()
    runs.score_all()
    stored = {score.pk: score for score in Score.objects.all()}
    assert [stored[pk].tier for pk in told.account_id.tolist()] == [TIERS[place] for place in told.tier_draft]
    assert np.array_equal(told.histogram_draft, np.bincount([s.score or 0 for s in stored.values()], minlength=101))


def test_a_cell_of_the_matrix_opens_its_accounts_with_what_moved_them():
    company_of_companies()
    runs.score_all()
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    tiers = preview.tiers_now(snapshot)
    draft = spec(components=copy.deepcopy(defaults.SPEC["components"])[:2], thresholds={"pqa": 30, "activate": 20})
    effect = preview.compare(draft, published, snapshot=snapshot, tiers=tiers)
    seen = 0
    for now in TIERS:
        for then in TIERS:
            cell = effect.cell(now, then)
            assert len(cell) == effect.transitions[TIERS.index(now), TIERS.index(then)]
            movers = preview.movers(draft, published, snapshot=snapshot, tiers=tiers, now=now, then=then)
            assert {mover.account_id for mover in movers} == set(cell.tolist())
            sizes = [abs((mover.score_draft or 0) - (mover.score_now or 0)) for mover in movers]
            assert sizes == sorted(sizes, reverse=True)
            for mover in movers:
                moved = sum(points for _, points in mover.moved)
                assert moved == (mover.score_draft or 0) - (mover.score_now or 0)
                assert [abs(p) for _, p in mover.moved] == sorted((abs(p) for _, p in mover.moved), reverse=True)
            seen += len(movers)
    assert seen == 5
    two = preview.movers(
        draft, published, snapshot=snapshot, tiers=tiers, now=TIERS[0], then=TIERS[0], limit=1, offset=1
    )
    every = preview.movers(draft, published, snapshot=snapshot, tiers=tiers, now=TIERS[0], then=TIERS[0])
    assert two == every[1:2]


def test_segments_are_scored_by_their_own_recipe():
    company_of_companies()
    runs.score_all()
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    own = {"segments": ["enterprise"], "components": copy.deepcopy(defaults.SPEC["components"])[1:2]}
    draft = spec(variants=[own | {"thresholds": {"pqa": 40, "activate": 20}}])
    effect = preview.compare(draft, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    assert set(effect.shares) == {"usage", "team", "features", "velocity", "behaviour", "fit"}
    assert [sum(shares.values()) for shares in effect.shares_of_recipes] == pytest.approx([1, 1])
    assert effect.shares_of_recipes[1] == {"team": 1}
    of_recipes = effect.histograms_of_recipes
    assert of_recipes.shape == (2, 2, 101)
    assert list(of_recipes.sum(axis=1)[1]) == list(effect.histogram_draft)
    enterprise = int((draft.recipe_of(snapshot.segment) == 1).sum())
    assert list(of_recipes[:, 1].sum(axis=1)) == [enterprise, enterprise]
    shown = effect_screen.effect(effect, draft, draft_id=1, made_at=snapshot.made_at, place=1)
    assert (shown.pqa, shown.activate) == (40, 20)
    assert f"{enterprise} account" in shown.whose
    late = Score.objects.get(segment="enterprise")
    changed = effect.account_id[effect.tier_draft != effect.tier_now].tolist()
    assert changed == [late.pk]
    found = preview.movers(
        draft, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot), now=late.tier, then="pqa"
    )
    assert [mover.account_id for mover in found] == [late.pk]
    assert sum(points for _, points in found[0].moved) == found[0].score_draft - late.score


def test_accounts_that_were_never_stored_count_as_self_serve():
    company_of_companies()
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    tiers = preview.tiers_now(snapshot)
    assert tiers.tolist() == [0] * 5
    effect = preview.compare(published, published, snapshot=snapshot, tiers=tiers)
    assert effect.transitions[0].sum() == 5


def test_the_tiers_are_those_of_this_moment():
    company_of_companies()
    runs.score_all()
    snapshot = matrices.latest()
    for tier in ("pqa", "activate", "self_serve"):
        Score.objects.update(tier=tier)
        assert preview.tiers_now(snapshot).tolist() == [TIERS.index(tier)] * 5
    Score.objects.filter(account_id=snapshot.account_id[2]).update(tier="pqa")
    assert preview.tiers_now(snapshot).tolist() == [0, 0, 2, 0, 0]


def test_accounts_that_were_merged_since_are_left_out():
    company_of_companies()
    runs.score_all()
    big, mid = (Account.objects.get(domain=domain) for domain in ("big.com", "mid.com"))
    before, published = matrices.latest(), definitions.spec_of(definitions.published())
    Account.objects.filter(pk=big.pk).update(merged_into=mid)
    snapshot = matrices.latest()
    assert set(before.account_id.tolist()) - set(snapshot.account_id.tolist()) == {big.pk}
    assert matrices.latest() is snapshot
    tiers = preview.tiers_now(snapshot)
    effect = preview.compare(spec(thresholds={"pqa": 2, "activate": 1}), published, snapshot=snapshot, tiers=tiers)
    assert effect.accounts == effect.histogram_draft.sum() == 4
    assert big.pk not in effect.account_id[effect.tier_draft > 0]


def test_without_accounts_there_is_no_effect():
    snapshot, published = matrices.latest(), definitions.spec_of(definitions.published())
    effect = preview.compare(published, published, snapshot=snapshot, tiers=preview.tiers_now(snapshot))
    assert effect.accounts == effect.transitions.sum() == sum(effect.shares.values()) == 0
    assert (
        preview.movers(published, published, snapshot=snapshot, tiers=np.zeros(0, dtype=np.int8), now="pqa", then="pqa")
        == []
    )
