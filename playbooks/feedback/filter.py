"""Which answers the feedback page, its CSV file and its programs look at: all of it stands in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from playbooks.models import Answer, Motion, Reason
from scoring.models import Segment

MOTIONS = (Motion.SALES.value, Motion.SUCCESS.value, Motion.MARKETING.value)
#: Days that are looked back; 0: all.
DAYS, DEFAULT_DAYS = (30, 90, 180, 365, 0), 180
#: The lowest score of each band of ten; 0: 1 to 9, 90: 90 to 100.
BANDS = tuple(range(0, 100, 10))
#: In place of a reason: wrong, and none given.
NO_REASON = "none"
#: Audits are left out unless asked for: their scores lie below the threshold.
DRAWN = ("with", "only")
#: What an answer is about.
OF = ("account", "workspace")
#: Of the good accounts, the percent that a counterfactual has to keep.
KEEPS, DEFAULT_KEEP = (100, 95, 90, 80), 90


@dataclass(frozen=True)
class FeedbackFilter:
    """`version` is a definition's; `of`: only whole accounts, or only workspaces. `errors` name what was not understood; it
    filters nothing."""

    motion: str = ""
    verdict: str = ""
    reason: str = ""
    segment: str = ""
    audit: str = ""
    of: str = ""
    band: int | None = None
    version: int | None = None
    days: int = DEFAULT_DAYS
    keep: int = DEFAULT_KEEP
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, str]) -> FeedbackFilter:
        errors: list[str] = []

        def choice(name: str, label: str, values: Iterable[str]) -> str:
            said = data.get(name, "").strip()
            if said and said not in list(values):
                errors.append(
                    _("%(field)s: “%(said)s” is not one of the choices.") % {"field": label, "said": said[:40]}
                )
                return ""
            return said

        def number(name: str, label: str, values: Iterable[int] | None = None) -> int | None:
            said = data.get(name, "").strip()
            found = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
            if said and (found is None or (values is not None and found not in values)):
                errors.append(
                    _("%(field)s: “%(said)s” is not one of the choices.") % {"field": label, "said": said[:40]}
                )
                return None
            return found

        days, keep = number("days", _("Time"), DAYS), number("keep", _("Good ones to keep"), KEEPS)
        return cls(
            motion=choice("motion", _("Queue"), MOTIONS),
            verdict=choice("verdict", _("Answer"), Answer.Verdict.values),
            reason=choice("reason", _("Reason"), [*Reason.values, NO_REASON]),
            segment=choice("segment", _("Segment"), Segment.values),
            audit=choice("audit", _("Audit"), DRAWN),
            of=choice("of", _("About"), OF),
            band=number("band", _("Score"), BANDS),
            version=number("version", _("Version")),
            days=DEFAULT_DAYS if days is None else days,
            keep=keep or DEFAULT_KEEP,
            errors=tuple(errors),
        )

    @property
    def params(self) -> dict[str, str]:
        """What belongs into the address: everything that is not the default."""
        said: dict[str, str] = {
            "motion": self.motion,
            "verdict": self.verdict,
            "reason": self.reason,
            "segment": self.segment,
            "audit": self.audit,
            "of": self.of,
            "band": "" if self.band is None else str(self.band),
            "version": "" if self.version is None else str(self.version),
            "days": "" if self.days == DEFAULT_DAYS else str(self.days),
            "keep": "" if self.keep == DEFAULT_KEEP else str(self.keep),
        }
        return {name: value for name, value in said.items() if value}

    def query(self, **changes: str | int | None) -> str:
        """The query string with some values changed, or (none) left out."""
        said = urlencode({name: value for name, value in {**self.params, **changes}.items() if value not in (None, "")})
        return f"?{said}" if said else "?"

    @property
    def is_filtered(self) -> bool:
        return bool(set(self.params) - {"days", "keep"})

    @property
    def wide(self) -> FeedbackFilter:
        """All answers of the queue and the time: what counterfactuals weigh, good against wrong."""
        return replace(self, verdict="", reason="", segment="", audit="", band=None, version=None, errors=())

    @property
    def since(self) -> dt.datetime | None:
        return timezone.now() - dt.timedelta(days=self.days) if self.days else None

    def rows(self) -> QuerySet[Answer]:
        """The answers, newest first."""
        found = Answer.objects.all()
        if self.since:
            found = found.filter(at__gte=self.since)
        exact = {"motion": self.motion, "verdict": self.verdict, "segment": self.segment}
        found = found.filter(**{name: value for name, value in exact.items() if value})
        if self.reason:
            found = found.filter(reason="" if self.reason == NO_REASON else self.reason)
            if self.reason == NO_REASON:
                found = found.filter(verdict=Answer.Verdict.WRONG)
        if self.band is not None:
            found = found.filter(score__gte=self.band, score__lt=self.band + 10 if self.band < 90 else 101)
        if self.version is not None:
            found = found.filter(definition__version=self.version)
        if self.of:
            found = found.filter(item__workspace__isnull=self.of == "account")
        if self.audit != "with":
            found = found.filter(is_audit=self.audit == "only")
        return found.order_by("-at", "-pk")


def band_of(score: int | None) -> int | None:
    """The band of a score: its lowest. 100 is in 90."""
    return None if score is None else min(score // 10 * 10, 90)


def band_in_words(band: int) -> str:
    """`"80–89"`."""
    return f"{max(band, 1)}–{100 if band == 90 else band + 9}"
