"""The feedback page: what was answered, and what would mend it. Values only; no query is left over."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.feedback import counterfactuals
from playbooks.feedback.counterfactuals import GATE, THRESHOLD, Change, Finding
from playbooks.feedback.feedback import ALL, Carried, Counts, Mending, recipe_for
from playbooks.feedback.filter import NO_REASON, FeedbackFilter, band_in_words
from playbooks.models import Answer, Reason
from playbooks.models.items import called
from playbooks.screens import shares
from playbooks.screens.shares import Line, ShareBar
from playbooks.verbs import reasons
from scoring import rules, screens
from scoring.features import BY_KEY, Feature
from scoring.models import Segment

#: Of a reason, so many changes stand in the open; and so many reasons.
SHOWN, MOST = 3, 8
VERDICT_TAGS = {"good": "green", "not_now": "grey", "wrong": "red"}


@dataclass(frozen=True)
class ReasonLine:
    label: str
    href: str
    wrong: int
    not_now: int
    mends: str


@dataclass(frozen=True)
class ComponentLine:
    """Its part of the score of wrong and of good accounts, in percent."""

    label: str
    wrong: str
    good: str
    wrong_width: str
    good_width: str
    words: str


@dataclass(frozen=True)
class FindingLine:
    kind: str
    key: str
    reason: str
    title: str
    sentence: str
    wrong: ShareBar
    good: ShareBar
    note: str
    is_costly: bool


@dataclass(frozen=True)
class Mend:
    """A reason with what would mend it. `words` where nothing does."""

    reason: str
    label: str
    wrong: int
    words: str
    shown: list[FindingLine]
    more: list[FindingLine]


@dataclass(frozen=True)
class AnswerRow:
    at: dt.datetime
    account_id: int
    account: str
    motion: str
    verdict: str
    tag: str
    reason: str
    words: str
    member: str
    score: int | None
    tier: str
    version: int | None
    is_audit: bool


@dataclass(frozen=True)
class FeedbackPage:
    finding: str
    interval: str
    total: Line
    reasons: list[ReasonLine]
    versions: list[Line]
    bands: list[Line]
    segments: list[Line]
    components: list[ComponentLine]
    components_finding: str
    mends: list[Mend]
    mends_words: str
    too_few: str


def page(
    wanted: FeedbackFilter, counts: Counts, carried: Sequence[Carried], found: Mending, spec: rules.Spec
) -> FeedbackPage:
    total = counts.total
    return FeedbackPage(
        finding=ngettext("%(good)d of %(n)d answer was good", "%(good)d of %(n)d answers were good", total.answered)
        % {"good": total.good, "n": total.answered},
        interval=shares.interval(total.share),
        total=shares.line(total, "", ""),
        reasons=[
            ReasonLine(
                reasons.label(key) if key else _("No reason given"),
                wanted.query(reason=key or NO_REASON),
                wrong,
                later,
                str(reasons.MENDS[reasons.MEANINGS[key].mends]) if key else "",
            )
            for key, wrong, later in counts.reasons
        ],
        versions=[
            shares.line(
                group,
                _("Version %(n)s") % {"n": group.key} if group.key is not None else _("No score"),
                wanted.query(version=group.key) if isinstance(group.key, int) else "",
            )
            for group in counts.versions
        ],
        bands=[
            shares.line(
                group,
                band_in_words(group.key) if isinstance(group.key, int) else _("No score"),
                wanted.query(band=str(group.key)) if isinstance(group.key, int) else "",
            )
            for group in counts.bands
        ],
        segments=[
            shares.line(
                group,
                str(Segment(str(group.key)).label) if group.key else _("Size unknown"),
                wanted.query(segment=str(group.key)) if group.key else "",
            )
            for group in counts.segments
        ],
        components=[_component(one) for one in carried],
        components_finding=_components_finding(carried),
        mends=_mends(found, recipe_for(spec, of_spaces=found.of_spaces), wanted.keep / 100),
        mends_words=_mends_words(found, wanted),
        too_few=_too_few(found),
    )


def _component(one: Carried) -> ComponentLine:
    more = round(100 * one.more)
    words = _("as much") if not more else _("%(n)+d points") % {"n": more}
    return ComponentLine(
        label=one.label,
        wrong=shares.percent(one.wrong),
        good=shares.percent(one.good),
        wrong_width=f"{100 * one.wrong:.1f}",
        good_width=f"{100 * one.good:.1f}",
        words=words.replace("-", "−"),
    )


def _components_finding(carried: Sequence[Carried]) -> str:
    if carried and carried[0].more >= 0.02:
        return _("“%(name)s” carried the wrong ones") % {"name": carried[0].label}
    return _("Wrong and good ones were carried alike")


def _mends_words(found: Mending, wanted: FeedbackFilter) -> str:
    parts = [
        ngettext(
            "%(wrong)d wrong answer about an account that the version in force would send again, against %(good)d good ones.",
            "%(wrong)d wrong answers about accounts that the version in force would send again, against %(good)d good ones.",
            found.wrong,
        )
        % {"wrong": found.wrong, "good": found.good}
    ]
    if found.mended:
        parts.append(
            ngettext("%(n)d more would no longer be sent.", "%(n)d more would no longer be sent.", found.mended)
            % {"n": found.mended}
        )
    if found.of_spaces:
        parts.insert(0, _("Weighed are answers about workspaces, by the recipe for those."))
    if found.others and not wanted.of:
        words = _("%(n)d about workspaces") if not found.of_spaces else _("%(n)d about whole accounts")
        parts.append(
            _("Not weighed with them: %(others)s; “About” above chooses those.")
            % {"others": words % {"n": found.others}}
        )
    return " ".join(parts)


def _too_few(found: Mending) -> str:
    """`"Too few to search, it takes 10: No buyer (9), Bot or test usage (4)"`."""
    few = sorted((-n, reason) for reason, n in found.counted.items() if reason not in found.found and n)
    names = ", ".join(f"{name_of(reason)} ({-n})" for n, reason in few)
    return (
        _("Too few to search, it takes %(n)d: %(names)s") % {"n": counterfactuals.FEWEST, "names": names} if few else ""
    )


def _mends(found: Mending, spec: rules.Spec, keep: float) -> list[Mend]:
    """The reasons with enough answers, the commonest first; all of them together last, unless that is the same."""
    here = [reason for reason in found.found if reason != ALL or found.counted[ALL] not in _alone(found)]
    order = sorted(here, key=lambda reason: (reason == ALL, -found.counted[reason], reason))
    return [_mend(found, reason, spec, keep) for reason in order][:MOST]


def _alone(found: Mending) -> list[int]:
    return [n for reason, n in found.counted.items() if reason != ALL]


def _mend(found: Mending, reason: str, spec: rules.Spec, keep: float) -> Mend:
    lines = [finding(one, spec, found.tier, keep) for one in found.found[reason]]
    lines.sort(key=lambda line: line.is_costly)  # stable: else as they were ranked
    words = "" if lines else _("No single change parts them from the good ones.")
    return Mend(reason, name_of(reason), found.counted[reason], words, lines[:SHOWN], lines[SHOWN:])


def name_of(reason: str) -> str:
    return reasons.label(reason) if reason else str(_("Wrong for any reason"))


def finding(one: Finding, spec: rules.Spec, tier: str, keep: float) -> FindingLine:
    title = title_of(one.change, spec, tier)
    note = (
        _("Found on the older half of the answers, told on the newer.")
        if one.is_later
        else _("Found and told on the same few answers: take it with care.")
    )
    return FindingLine(
        kind=one.change.kind,
        key=one.change.key,
        reason=one.reason,
        title=title,
        sentence=sentence(one),
        wrong=shares.share_bar(one.wrong),
        good=shares.share_bar(one.good),
        note=note,
        is_costly=one.good.part > math.ceil((1 - keep) * one.good.of - 1e-9),
    )


def sentence(one: Finding) -> str:
    """`"would have removed 41 of 52 “Too small” and 2 of 19 good ones"`."""
    what = f"“{reasons.label(one.reason)}”" if one.reason in Reason.values else _("wrong ones")
    return _("would have removed %(wrong)d of %(all)d %(what)s and %(good)d of %(kept)d good ones") % {
        "wrong": one.wrong.part,
        "all": one.wrong.of,
        "what": what,
        "good": one.good.part,
        "kept": one.good.of,
    }


def title_of(change: Change, spec: rules.Spec, tier: str) -> str:
    """The change as the beginning of a sentence: `"Requiring 3 people or more (Active people, 28 days)"`."""
    if change.kind == GATE:
        feature = BY_KEY.get(change.key) or Feature(change.key, change.key, "", "")
        value = screens.amount(change.value, feature)
        return _("Requiring %(value)s or more (%(feature)s)") % {"value": value, "feature": feature.label}
    if change.kind == THRESHOLD:
        return _("A threshold of %(n)d instead of %(was)d") % {
            "n": change.value,
            "was": getattr(spec.thresholds, tier),
        }
    label = next((one.label for one in spec.components if one.key == change.key), change.key)
    words = {
        0.0: _("Leaving out “%(name)s”"),
        0.5: _("Half the weight of “%(name)s”"),
        1.5: _("Half as much weight again for “%(name)s”"),
        2.0: _("Twice the weight of “%(name)s”"),
    }
    return words[change.value] % {"name": label}


def gate_reason(change: Change) -> str:
    """What reps read where the gate holds an account off: `"Active people, 28 days: below 3 people"`."""
    feature = BY_KEY.get(change.key) or Feature(change.key, change.key, "", "")
    return _("%(feature)s: below %(value)s") % {
        "feature": feature.label,
        "value": screens.amount(change.value, feature),
    }


def answer_row(answer: Answer) -> AnswerRow:
    """From an answer that was read with its account, workspace, member and definition."""
    return AnswerRow(
        at=answer.at,
        account_id=answer.account_id,
        account=called(answer.item.workspace, answer.account) if answer.item.workspace else answer.account.name,
        motion=str(answer.get_motion_display()),
        verdict=str(answer.get_verdict_display()),
        tag=VERDICT_TAGS[answer.verdict],
        reason=reasons.label(answer.reason) if answer.reason else "",
        words=answer.words,
        member=str(answer.member) if answer.member else "",
        score=answer.score,
        tier=answer.tier,
        version=answer.definition.version if answer.definition else None,
        is_audit=answer.is_audit,
    )
