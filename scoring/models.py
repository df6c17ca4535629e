"""The tables of how warm an account is, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account


class Tier(models.TextChoices):
    PQA = "pqa", _("PQA")
    ACTIVATE = "activate", _("Activate")
    SELF_SERVE = "self_serve", _("Self-serve")


class BuyerState(models.TextChoices):
    CONFIRMED = "confirmed", _("Buyer confirmed")
    LIKELY = "likely", _("Buyer likely")
    UNKNOWN = "unknown", _("Buyer unknown")
    NONE = "none", _("No buyer")


class Segment(models.TextChoices):
    SMB = "smb", _("SMB")
    MID_MARKET = "mid_market", _("Mid-market")
    ENTERPRISE = "enterprise", _("Enterprise")
    UNKNOWN = "unknown", _("Size unknown")


class Definition(models.Model):
    """A versioned recipe: features → score, thresholds → tier. `spec` is read by `scoring.rules.parse`."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    version = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    spec = models.JSONField()
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="published"), name="one_published_definition"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"


class ScoringRun(models.Model):
    """One run of the engine over some or all accounts."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    definition = models.ForeignKey(Definition, models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=8, choices=[("full", _("All accounts")), ("changed", _("Changed accounts"))])
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    as_of = models.DateField()
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    accounts = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-started_at"])]


class Score(models.Model):
    """An account's score now. `score` is none when there is too little evidence.

    `contributions` is a list of `{key, label, feature, value, parts, points, max_points, weight, effect}` (effects, in
    score points, add up to `score`; `parts` are the features that a feature is made of). `week_ago` is the list of seven
    days earlier with `{key, value, effect}`, `week_ago_score` its score.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="score")
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True, help_text="the gate that capped the tier")
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    contributions = models.JSONField(default=list)
    week_ago_score = models.PositiveSmallIntegerField(null=True)
    week_ago = models.JSONField(default=list)
    features = models.JSONField(default=dict)
    hand_raised_at = models.DateTimeField(null=True)
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+")
    scored_at = models.DateTimeField()
    tier_since = models.DateTimeField()
    digest = models.BigIntegerField(default=0, help_text="of all the above: an unchanged row is not written again")

    class Meta:
        indexes = [models.Index(fields=["tier", "-score"])]

    @property
    def delta(self) -> int | None:
        """Points since a week ago, or none when there was no score now or then."""
        if self.score is None or self.week_ago_score is None:
            return None
        return self.score - self.week_ago_score


class ScoreChange(models.Model):
    """The history: one row for each change of score, tier, buyer state or segment, with its contributions."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="score_changes")
    at = models.DateTimeField()
    run = models.ForeignKey(ScoringRun, models.SET_NULL, null=True, related_name="+")
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True)
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    contributions = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"])]


class ScoredAccount(models.Model):
    """The work table that routing pulls from: accounts that were scored again. `seq` as in `AccountChange`."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    seq = models.BigIntegerField()
