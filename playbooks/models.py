"""The tables of who should act on what, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, ProductUser
from playbooks.querysets import QueueItemQuerySet
from scoring.models import BuyerState, Segment, Tier


class Motion(models.TextChoices):
    SALES = "sales", _("Sales")
    SUCCESS = "success", _("Success")
    MARKETING = "marketing", _("Marketing")
    SELF_SERVE = "self_serve", _("Self-serve")


class RoutingRule(models.Model):
    """One cell of the table tier × buyer × segment → motion."""

    tier = models.CharField(max_length=10, choices=Tier)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    segment = models.CharField(max_length=10, choices=Segment)
    motion = models.CharField(max_length=10, choices=Motion)
    also_marketing = models.BooleanField(default=False)
    first_step = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tier", "buyer_state", "segment"], name="routing_cell_once")]


class QueueItem(models.Model):
    """One account in one motion's queue. What a row shows is kept on it, so that a page is one query."""

    class State(models.TextChoices):
        NEW = "new", _("To work")
        CLAIMED = "claimed", _("Claimed")
        LEFT = "left", _("Left the queue")

    account = models.ForeignKey(Account, models.CASCADE, related_name="queue_items")
    motion = models.CharField(max_length=10, choices=Motion)
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="queue_items")
    entered_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    priority = models.FloatField(default=0, help_text="what comes first; see playbooks.routing.priority")
    score = models.PositiveSmallIntegerField(null=True)
    delta = models.SmallIntegerField(null=True, help_text="points since a week ago")
    tier = models.CharField(max_length=10, choices=Tier)
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    hand_raised_at = models.DateTimeField(null=True)
    is_expansion = models.BooleanField(default=False, help_text="a paying customer's account")
    why_now = models.CharField(max_length=400, blank=True)
    first_step = models.CharField(max_length=200, blank=True)
    mark = models.CharField(max_length=200, blank=True, help_text="why a claimed item no longer qualifies")
    buyer = models.ForeignKey(ProductUser, models.SET_NULL, null=True, related_name="+")
    buyer_contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    champion = models.ForeignKey(ProductUser, models.SET_NULL, null=True, related_name="+")
    last_signal = models.CharField(max_length=12, blank=True)
    last_signal_at = models.DateTimeField(null=True)
    last_signal_text = models.CharField(max_length=300, blank=True)

    objects = QueueItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "motion"],
                condition=models.Q(state__in=["new", "claimed"]),
                name="one_open_item_per_account_and_motion",
            ),
            models.CheckConstraint(
                condition=models.Q(state="claimed", owner__isnull=False, claimed_at__isnull=False)
                | ~models.Q(state="claimed"),
                name="claimed_has_owner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["motion", "-priority", "entered_at", "id"],
                condition=models.Q(state__in=["new", "claimed"]),
                name="open_queue",
            ),
            # All that the tabs count, so that counting a queue of 30,000 reads this index alone.
            models.Index(
                fields=["motion", "state", "owner"],
                include=["hand_raised_at", "updated_at"],
                condition=models.Q(state__in=["new", "claimed"]),
                name="open_counts",
            ),
            models.Index(fields=["owner", "state"]),
        ]

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.NEW, self.State.CLAIMED)


class QueueItemEvent(models.Model):
    """What happened to a queue item: who did what, when."""

    class Verb(models.TextChoices):
        ENTERED = "entered", _("entered the queue")
        CLAIMED = "claimed", _("claimed")
        RELEASED = "released", _("released")
        MARKED = "marked", _("no longer qualifies")
        UNMARKED = "unmarked", _("qualifies again")
        HAND_RAISED = "hand_raised", _("hand raised")
        LEFT = "left", _("left the queue")

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    verb = models.CharField(max_length=12, choices=Verb)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [models.Index(fields=["item", "at"])]
