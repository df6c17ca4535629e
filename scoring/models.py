"""The tables of how warm an account is, and why."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, EventType, HandRaise, Workspace


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
    """A versioned recipe: features → score, thresholds → tier. `spec` is read by `scoring.rules.parse`.

    A draft has no version until it is published. `revision` grows with every save, so that nobody overwrites what he has not seen.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    version = models.PositiveIntegerField(unique=True, null=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    spec = models.JSONField()
    note = models.TextField(blank=True)
    based_on = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    revision = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True, null=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    discarded_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="draft") | models.Q(version__isnull=False),
                name="published_definition_has_version",
            ),
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="published"), name="one_published_definition"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})" if self.version else f"{self.name} (draft)"


class Outcome(models.Model):
    """What came of an account, on which day: what definitions are judged by."""

    class Kind(models.TextChoices):
        HAND_RAISE = "hand_raise", _("Hand raised")
        ACCEPTED = "accepted", _("Accepted by sales")
        REJECTED = "rejected", _("Rejected by sales")
        WON = "won", _("Won")

    account = models.ForeignKey(Account, models.CASCADE, related_name="outcomes")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    source = models.CharField(max_length=60, blank=True, help_text="who says so: a file, a CRM, a member")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "at", "source"], name="outcome_once")]
        indexes = [models.Index(fields=["kind", "at"])]


class ScoringRun(models.Model):
    """One run of the engine over some or all accounts."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        STALE = "stale", _("Overtaken")

    definition = models.ForeignKey(Definition, models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=8, choices=[("full", _("All accounts")), ("changed", _("Changed accounts"))])
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    as_of = models.DateField()
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    accounts = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="steps in all; 0: not told")
    done_parts = models.PositiveSmallIntegerField(default=0, db_default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-started_at"])]


class ScoringShard(models.Model):
    """One part of a full run: the accounts with an id from `low` to below `high`, scored in a transaction of its own."""

    run = models.ForeignKey(ScoringRun, models.CASCADE, related_name="shards")
    place = models.PositiveSmallIntegerField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    accounts = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "place"], name="one_shard_a_place")]


class Score(models.Model):
    """An account's score now. `score` is none when there is too little evidence.

    The arrays are those of `scoring.breakdown`; read `contributions`, `week_ago` and `features` instead. The scorer is the only
    writer, with 100,000 rows at a time, so foreign keys are not checked by the database; the table keeps half of each page
    free, so that a new score fits beside the old one; of its indexes those of tier and score are written.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="score", db_constraint=False)
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True, help_text="the gate that capped the tier")
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    week_ago_score = models.PositiveSmallIntegerField(null=True)
    hand_raised_at = models.DateTimeField(null=True)
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    scored_at = models.DateTimeField()
    tier_since = models.DateTimeField()
    digest = models.BigIntegerField(default=0, help_text="of all the others: an unchanged row is not written again")
    feature_values = ArrayField(models.FloatField(), default=list)
    effects = ArrayField(models.SmallIntegerField(), default=list)
    week_ago_values = ArrayField(models.FloatField(), default=list, help_text="of the components' features")
    week_ago_effects = ArrayField(models.SmallIntegerField(), default=list)

    class Meta:
        indexes = [
            # Most accounts are in the other tier, which is read in whole, if at all.
            models.Index(fields=["tier"], name="score_of_hot_tier", condition=models.Q(tier__in=["pqa", "activate"])),
            # The lists begin with the warmest: without it fifty rows of 100,000 cost a sort of all.
            models.Index(models.F("score").desc(nulls_last=True), name="score_warmest"),
        ]

    @property
    def delta(self) -> int | None:
        """Points since a week ago, or none when there was no score now or then."""
        if self.score is None or self.week_ago_score is None:
            return None
        return self.score - self.week_ago_score

    @property
    def contributions(self) -> list[dict[str, Any]]:
        """The components with their values, points and effects; effects add up to `score`."""
        from scoring import breakdown

        return breakdown.contributions(self)

    @property
    def week_ago(self) -> list[dict[str, Any]]:
        """The components of seven days earlier: `key`, `value` and `effect`."""
        from scoring import breakdown

        return breakdown.contributions_before(self)

    @property
    def features(self) -> dict[str, float | None]:
        """Every feature by its key."""
        from scoring import breakdown

        return breakdown.features_of(self.feature_values)


class ScoreChange(models.Model):
    """The history: one row for each change of score, tier, buyer state or segment, with its breakdown.

    No foreign-key checks and few indexes, for the same reason as `Score`. A run over changed accounts is forgotten after a
    week, its number stays.
    """

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="score_changes", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    run = models.ForeignKey(
        ScoringRun, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True)
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    feature_values = ArrayField(models.FloatField(), default=list)
    effects = ArrayField(models.SmallIntegerField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"])]

    @property
    def contributions(self) -> list[dict[str, Any]]:
        """The components of then, as those of `Score`."""
        from scoring import breakdown

        return breakdown.contributions(self)


class WorkspaceScore(models.Model):
    """A workspace's score now, by the recipe for workspaces of the definition in force; no rows when it has none.

    Kept as `Score` is: the scorer is the only writer, foreign keys are not checked, an unchanged row is not written again.
    """

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="score", db_constraint=False
    )
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True, help_text="the gate that capped the tier")
    week_ago_score = models.PositiveSmallIntegerField(null=True)
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    scored_at = models.DateTimeField()
    tier_since = models.DateTimeField(null=True, help_text="none: since before this was kept")
    digest = models.BigIntegerField(default=0, help_text="of all the others")
    feature_values = ArrayField(models.FloatField(), default=list)
    effects = ArrayField(models.SmallIntegerField(), default=list)
    week_ago_values = ArrayField(
        models.FloatField(), default=list, db_default=[], help_text="of the components' features"
    )
    week_ago_effects = ArrayField(models.SmallIntegerField(), default=list, db_default=[])

    class Meta:
        indexes = [
            # As that of `Score`.
            models.Index(
                fields=["tier"], name="workspace_of_hot_tier", condition=models.Q(tier__in=["pqa", "activate"])
            )
        ]

    @property
    def delta(self) -> int | None:
        """As that of `Score`."""
        if self.score is None or self.week_ago_score is None:
            return None
        return self.score - self.week_ago_score

    @property
    def contributions(self) -> list[dict[str, Any]]:
        """The components with their values, points and effects; effects add up to `score`."""
        from scoring import breakdown

        return breakdown.contributions(self)

    @property
    def week_ago(self) -> list[dict[str, Any]]:
        """The components of seven days earlier: `key`, `value` and `effect`."""
        from scoring import breakdown

        return breakdown.contributions_before(self)

    @property
    def features(self) -> dict[str, float | None]:
        """Every feature by its key."""
        from scoring import breakdown

        return breakdown.features_of(self.feature_values)


class WorkspaceScoreChange(models.Model):
    """The history of workspaces: one row for each change of score or tier. Kept as `ScoreChange` is, without the breakdown."""

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="score_changes", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    definition = models.ForeignKey(Definition, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    tier_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"])]


class ScoredAccount(models.Model):
    """The work table that routing pulls from: accounts that were scored again. Columns as in `AccountChange`."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+", db_constraint=False)
    seq = models.BigIntegerField()
    since = models.BigIntegerField(db_default=0)
    is_urgent = models.BooleanField(db_default=False)


class Silence(models.Model):
    """A steady event that fell silent (`scoring.silence`), kept for good: from `found_on` until the day before `ended_on` what it
    feeds was held at its last good value. The newest of an event that is silent now has no end."""

    event_type = models.ForeignKey(EventType, models.CASCADE, related_name="silences")
    since = models.DateField(help_text="the first day without it")
    found_on = models.DateField(help_text="the first day that was scored with what is held")
    ended_on = models.DateField(null=True, help_text="the first day that was not any more: it was back, or accepted")

    class Meta:
        constraints = [
            models.UniqueConstraint("event_type", name="silence_one_at_a_time", condition=models.Q(ended_on=None)),
            models.CheckConstraint(
                name="silence_found_after_it_began", condition=models.Q(found_on__gte=models.F("since"))
            ),
        ]


class FrozenFeatures(models.Model):
    """The account of a raised hand as the engine saw it in that moment: kept for good, whatever becomes of the account."""

    hand_raise = models.OneToOneField(HandRaise, models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    frozen_at = models.DateTimeField(auto_now_add=True)
    as_of = models.DateField()
    features = models.JSONField(help_text="name → number; what is not known is left out")
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    definition = models.ForeignKey(Definition, models.SET_NULL, null=True, related_name="+")
