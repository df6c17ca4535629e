"""The trust page: what came of what the team was sent. Values only; no query is left over."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.feedback import trust
from playbooks.feedback.audits import Misses
from playbooks.feedback.feedback import Group
from playbooks.feedback.filter import MOTIONS, band_in_words
from playbooks.feedback.trust import Band, Trust
from playbooks.models import Motion
from playbooks.screens import shares
from playbooks.screens.shares import Column, Line


@dataclass(frozen=True)
class Tile:
    """One number of the last accounts."""

    label: str
    number: int
    words: str
    look: str = ""


@dataclass(frozen=True)
class BandLine:
    line: Line
    meetings: int
    won: int


@dataclass(frozen=True)
class TrustPage:
    motion: str
    motion_label: str
    motions: list[tuple[str, str, bool]]
    is_empty: bool
    finding: str
    tiles: list[Tile]
    bands: list[BandLine]
    bands_finding: str
    columns: list[Column]
    weeks_finding: str
    top: int
    first: str
    last: str
    versions: list[Line]
    audit: str
    audit_more: str
    answered: int
    spaces: str = ""


def page(found: Trust) -> TrustPage:
    first, last = (date_format(found.weeks[place].key, "j M") for place in (0, -1))  # type: ignore[arg-type]
    drawn, top = shares.columns(
        found.weeks,
        [_("Week of %(day)s") % {"day": date_format(week.key, "j M")} for week in found.weeks],  # type: ignore[arg-type]
    )
    return TrustPage(
        motion=found.motion,
        motion_label=str(Motion(found.motion).label),
        motions=[(str(Motion(one).label), reverse("trust", args=[one]), one == found.motion) for one in MOTIONS],
        is_empty=not found.last.sent and not found.total.answered,
        finding=_finding(found),
        tiles=_tiles(found),
        bands=[_band(band) for band in found.bands],
        bands_finding=_bands_finding(found.bands),
        columns=drawn,
        weeks_finding=_weeks_finding(found),
        top=top,
        first=first,
        last=last,
        versions=[shares.line(group, _("Version %(n)s") % {"n": group.key}, "") for group in found.versions],
        audit=_audit(found.audit) if found.audit else "",
        audit_more=_audit_more(found.audit) if found.audit else "",
        answered=found.total.answered,
        spaces=_spaces(found.spaces),
    )


def _spaces(found: Group) -> str:
    """`"Of these answers 12 are about workspaces, 5 of them good: counted by the workspaces' own score."`; empty without."""
    if not found.answered:
        return ""
    words = ngettext(
        "Of these answers %(n)d is about a workspace, counted by its own score; %(good)d good.",
        "Of these answers %(n)d are about workspaces, counted by their own score; %(good)d good.",
        found.answered,
    )
    return words % {"n": found.answered, "good": found.good}


def _finding(found: Trust) -> str:
    last = found.last
    if not last.sent:
        return _("Nobody has closed an account of this queue yet")
    parts = [ngettext("%(n)d good", "%(n)d good", last.good) % {"n": last.good}]
    if last.meetings:
        parts.append(ngettext("%(n)d meeting", "%(n)d meetings", last.meetings) % {"n": last.meetings})
    if last.won:
        parts.append(_("%(n)d won") % {"n": last.won})
    if not (last.meetings or last.won):
        parts.append(_("%(n)d wrong") % {"n": last.wrong})
    words = ngettext("Of the last account we sent you: ", "Of the last %(n)d we sent you: ", last.sent) % {
        "n": last.sent
    }
    return words + ", ".join(parts)


def _tiles(found: Trust) -> list[Tile]:
    last = found.last
    answered = last.sent - last.waiting
    of_answered = _("of %(n)d answered") % {"n": answered}
    tiles = [
        Tile(_("Good"), last.good, of_answered, "good"),
        Tile(_("Not now"), last.not_now, of_answered, "later"),
        Tile(_("Wrong"), last.wrong, of_answered, "wrong"),
        Tile(_("Meetings"), last.meetings, _("of %(n)d closed") % {"n": last.sent}),
        Tile(_("Won"), last.won, _("of %(n)d closed") % {"n": last.sent}),
    ]
    if last.waiting:
        tiles.append(Tile(_("Not answered"), last.waiting, _("a word from you would teach the score")))
    return tiles


def _band(band: Band) -> BandLine:
    came = []
    if band.meetings:
        came.append(ngettext("%(n)d meeting", "%(n)d meetings", band.meetings) % {"n": band.meetings})
    if band.won:
        came.append(_("%(n)d won") % {"n": band.won})
    return BandLine(shares.line(band.group, band_in_words(band.low), "", ", ".join(came)), band.meetings, band.won)


def _bands_finding(bands: list[Band]) -> str:
    best = trust.best_told(bands)
    if best is None:
        return _("By score: too few answers to tell yet")
    band, share = best
    return _("Scores %(band)s were good %(share)s of the time (%(interval)s)") % {
        "band": band_in_words(band.low),
        "share": shares.percent(share.value),
        "interval": shares.interval(share),
    }


def _weeks_finding(found: Trust) -> str:
    """The last eight weeks against those before, where both can be told."""
    late, early = found.weeks[-8:], found.weeks[:-8]
    n = [(sum(week.good for week in weeks), sum(week.answered for week in weeks)) for weeks in (late, early)]
    if min(n[0][1], n[1][1]) < 10:
        return _("Answers by week")
    return _("%(now)s good in the last 8 weeks, %(before)s before") % {
        "now": shares.percent(n[0][0] / n[0][1]),
        "before": shares.percent(n[1][0] / n[1][1]),
    }


def _audit(found: Misses) -> str:
    if not found.good.of:
        return ngettext(
            "%(n)d account was drawn below the threshold; nobody has answered yet",
            "%(n)d accounts were drawn below the threshold; nobody has answered yet",
            found.drawn,
        ) % {"n": found.drawn}
    if found.good.is_few:
        return _("%(good)d of %(of)d accounts below the threshold were good: too few to tell") % {
            "of": found.good.of,
            "good": found.good.part,
        }
    return ngettext(
        "Of %(of)d answered account below the threshold %(good)d was good: about %(share)s",
        "Of %(of)d answered accounts below the threshold %(good)d were good: about %(share)s",
        found.good.of,
    ) % {"of": found.good.of, "good": found.good.part, "share": shares.percent(found.good.value)}


def _audit_more(found: Misses) -> str:
    if found.good.is_few:
        return _("From ten answers on they tell how many the score misses.")
    return _(
        "%(below)s accounts could have been drawn. So the score misses about %(missed)s of them; with so few answers it may be"
        " anything from %(low)s to %(high)s (95 %%)."
    ) % {
        "below": intcomma(found.below),
        "missed": intcomma(found.missed),
        "low": intcomma(found.missed_low),
        "high": intcomma(found.missed_high),
    }
