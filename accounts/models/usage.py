"""What people did: event types, daily counts, signals."""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.companies import Account, Workspace
from accounts.models.people import Contact, ProductUser


class Category(models.TextChoices):
    CORE = "core", _("Core")
    ADVANCED = "advanced", _("Advanced")
    COLLABORATION = "collaboration", _("Collaboration")
    CREATION = "creation", _("Creation")
    ADMIN = "admin", _("Admin")
    INTENT = "intent", _("Intent")
    NOISE = "noise", _("Noise")


class SignalKind(models.TextChoices):
    HAND_RAISE = "hand_raise", _("Hand raised")
    ADMIN_SWITCH = "admin_switch", _("Admin switched")
    PRICING = "pricing", _("Pricing viewed")
    TERMS = "terms", _("Terms or security viewed")
    INVITE = "invite", _("Invitation sent")
    BUYER_JOINED = "buyer_joined", _("Buyer joined")
    USAGE_SPIKE = "usage_spike", _("Usage spike")


class EventType(models.Model):
    """An event name with its category. `volume` counts events ever loaded."""

    name = models.CharField(max_length=200, unique=True)
    category = models.CharField(max_length=13, choices=Category)
    signal = models.CharField(
        max_length=12, choices=SignalKind, blank=True, help_text="the signal that one such event is, if any"
    )
    by_hand = models.BooleanField(default=False, help_text="a member chose the category")
    volume = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    silent_since = models.DateField(null=True, help_text="the first day without it, after a steady history")
    silence_accepted_at = models.DateTimeField(null=True, help_text="a member says that it is over for good")

    def __str__(self) -> str:
        return self.name


class Usage(models.Model):
    """How often a product user did one event on one day (UTC) in one workspace (0: in none).

    No account here: it follows from the workspace, else from the person. No foreign-key checks either: the loader is the
    only writer, and they would double the cost of a load. In PostgreSQL the table is partitioned by month
    (`accounts.months`).
    """

    pk = models.CompositePrimaryKey("user_id", "day", "event_type_id", "workspace_id")
    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    day = models.DateField(db_index=True)
    event_type = models.ForeignKey(EventType, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    workspace_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField()


class UsageDay(models.Model):
    """A day that has usage, with a version that changes whenever a row of it does (by triggers, so raw SQL counts too).

    The version is random: it stands for one content of the day for good, also after a restore.
    """

    day = models.DateField(primary_key=True)
    version = models.UUIDField(db_default=RandomUUID())


class Signal(models.Model):
    """A dated fact worth a rep's attention. Its account follows from the workspace, else the person, else `account`."""

    kind = models.CharField(max_length=12, choices=SignalKind)
    at = models.DateTimeField()
    user = models.ForeignKey(ProductUser, models.CASCADE, null=True, related_name="signals")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="signals")
    workspace = models.ForeignKey(Workspace, models.SET_NULL, null=True, related_name="signals")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    event_type = models.ForeignKey(EventType, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=500, blank=True)
    count = models.PositiveIntegerField(default=1, help_text="the same by the same person on the same day")
    device = models.CharField(max_length=210, blank=True, db_default="", help_text="where nobody had signed in")
    raised_in = models.BigIntegerField(
        null=True, help_text="of a raised hand that went to another workspace: the one it was raised in, 0 in none"
    )
    key = models.UUIDField(unique=True, help_text="what makes it one signal: kind, person, workspace, day")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"]),
            models.Index(fields=["user", "-at"]),
            models.Index("user", name="signal_hand_raise", condition=models.Q(kind="hand_raise")),
        ]
