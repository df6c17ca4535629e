"""Queue items: one account in one motion's queue, and all that happened to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, ProductUser, Workspace
from playbooks.models.motions import Motion
from playbooks.querysets import QueueItemQuerySet
from scoring.models import BuyerState, Segment, Tier


class Closing(models.TextChoices):
    """What came of an item that is done."""

    MEETING = "meeting", _("Meeting booked")
    OPPORTUNITY = "opportunity", _("Opportunity opened")
    WON = "won", _("Won")
    HANDED_OVER = "handed_over", _("Handed over")
    ACTIVATED = "activated", _("Activated")
    NO_ANSWER = "no_answer", _("No answer")
    NO_INTEREST = "no_interest", _("No interest")


class Reason(models.TextChoices):
    """Why an item was wrong. `playbooks.verbs.reasons` tells what would mend it."""

    TOO_SMALL = "too_small", _("Too small")
    NO_BUYER = "no_buyer", _("No buyer")
    PERSONAL = "personal", _("Personal or student use")
    CUSTOMER = "customer", _("Already a customer")
    IN_DEAL = "in_deal", _("Already in a deal")
    BAD_TIMING = "bad_timing", _("Bad timing")
    MISCONFIGURED = "misconfigured", _("Misconfigured usage")
    BOT = "bot", _("Bot or test usage")
    WRONG_CONTACT = "wrong_contact", _("Wrong contact")
    COMPETITOR = "competitor", _("Competitor")
    OTHER = "other", _("Something else")


def called(workspace: Workspace, account: Account) -> str:
    """A workspace beside its account; one that is called as its account goes by its id."""
    name = workspace.external_id if workspace.name == account.name else str(workspace)
    return f"{name} — {account.name}"


class QueueItem(models.Model):
    """One account in one motion's queue. What a row shows is kept on it, so that a page is one query."""

    class State(models.TextChoices):
        NEW = "new", _("To work")
        CLAIMED = "claimed", _("Claimed")
        SNOOZED = "snoozed", _("Snoozed")
        DONE = "done", _("Done")
        DISQUALIFIED = "disqualified", _("Disqualified")
        RETURNED = "returned", _("Returned")
        LEFT = "left", _("Left the queue")

    account = models.ForeignKey(Account, models.CASCADE, related_name="queue_items")
    workspace = models.ForeignKey(
        Workspace,
        models.CASCADE,
        null=True,
        related_name="queue_items",
        help_text="none: it is about the whole account",
    )
    motion = models.CharField(max_length=10, choices=Motion)
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="queue_items")
    entered_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField()

    snoozed_at = models.DateTimeField(null=True)
    snoozed_score = models.PositiveSmallIntegerField(null=True, help_text="the score then: a jump above it wakes it")
    snoozed_until = models.DateTimeField(null=True, help_text="none while snoozed: until a signal")
    wakes_on_signal = models.BooleanField(default=True, db_default=True)
    woke_at = models.DateTimeField(null=True)
    woke_because = models.CharField(max_length=200, blank=True, db_default="")
    outcome = models.CharField(max_length=12, choices=Closing, blank=True, db_default="")
    reason = models.CharField(max_length=14, choices=Reason, blank=True, db_default="")
    reason_words = models.CharField(max_length=300, blank=True, db_default="")
    returned_to = models.CharField(max_length=10, choices=Motion, blank=True, db_default="")
    returned_from = models.CharField(
        max_length=10,
        choices=Motion,
        blank=True,
        db_default="",
        help_text="the motion that handed it over: it stays until it is closed, whatever routing would say",
    )
    cool_until = models.DateTimeField(null=True, help_text="before it the account comes back only with a strong signal")
    look_again = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="the strong signal that brought it back while it cools down",
    )
    is_audit = models.BooleanField(
        default=False, db_default=False, help_text="below the threshold, drawn at random to find what the score misses"
    )

    assigned_at = models.DateTimeField(null=True)
    assigned_because = models.CharField(max_length=300, blank=True, db_default="", help_text="empty: claimed by hand")
    first_touched_at = models.DateTimeField(null=True)
    last_touched_at = models.DateTimeField(null=True)
    sla = models.CharField(
        max_length=8,
        blank=True,
        db_default="",
        choices=[("response", _("First response")), ("touch", _("Next touch"))],
        help_text="what the owner owes next",
    )
    warn_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="of `sla`, in working hours")
    breached_at = models.DateTimeField(null=True)
    step_due_at = models.DateTimeField(null=True, help_text="the earliest open step's")
    play = models.ForeignKey("playbooks.Play", models.SET_NULL, null=True, related_name="+", help_text="suggested")
    play_because = models.CharField(max_length=300, blank=True, db_default="")
    handover = models.TextField(blank=True, db_default="", help_text="what the motion before has to tell")
    progressed_at = models.DateTimeField(null=True, help_text="when its activation plan last moved")

    priority = models.FloatField(default=0, help_text="what comes first; see playbooks.routing.priority")
    score = models.PositiveSmallIntegerField(null=True)
    delta = models.SmallIntegerField(null=True, help_text="points since a week ago")
    tier = models.CharField(max_length=10, choices=Tier)
    segment = models.CharField(max_length=10, choices=Segment)
    buyer_state = models.CharField(max_length=9, choices=BuyerState)
    hand_raised_at = models.DateTimeField(null=True)
    first_seen_on = models.DateField(null=True, help_text="the day of its first person: no outreach too early")
    is_expansion = models.BooleanField(default=False, help_text="a paying customer's account")
    why_now = models.CharField(max_length=400, blank=True)
    first_step = models.CharField(max_length=200, blank=True)
    mark = models.CharField(max_length=200, blank=True, help_text="why an owned item no longer qualifies")
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
                fields=["account", "motion", "workspace"],
                nulls_distinct=False,
                condition=models.Q(state__in=["new", "claimed", "snoozed"]),
                name="one_open_item_per_account_and_motion",
            ),
            models.CheckConstraint(
                condition=models.Q(state="claimed", owner__isnull=False, claimed_at__isnull=False)
                | ~models.Q(state="claimed"),
                name="claimed_has_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(state="snoozed", owner__isnull=False) | ~models.Q(state="snoozed"),
                name="snoozed_has_owner",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done", outcome="") & ~models.Q(state="disqualified", reason=""),
                name="closed_says_why",
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
                include=["hand_raised_at"],
                condition=models.Q(state__in=["new", "claimed", "snoozed"]),
                name="open_counts",
            ),
            # Whether anything happened in a queue since it was counted.
            models.Index(fields=["motion", "-updated_at"], name="newest_change"),
            models.Index(fields=["owner", "state"]),
            models.Index(
                fields=["snoozed_until"],
                condition=models.Q(state="snoozed", snoozed_until__isnull=False),
                name="to_wake",
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False, breached_at__isnull=True), name="owed"
            ),
            models.Index(
                fields=["account", "motion", "-cool_until"],
                condition=models.Q(cool_until__isnull=False),
                name="cooling_down",
            ),
            models.Index(
                fields=["motion", "-closed_at"], condition=models.Q(closed_at__isnull=False), name="closed_items"
            ),
        ]

    @property
    def called(self) -> str:
        """As people name it: `"Acme"`, `"Labs — Acme"` where it is about a workspace. Reads both."""
        return self.account.name if self.workspace is None else called(self.workspace, self.account)

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.NEW, self.State.CLAIMED, self.State.SNOOZED)


class QueueItemEvent(models.Model):
    """What happened to a queue item: who did what, when. `before` is what a verb changed, so that it can be undone."""

    class Verb(models.TextChoices):
        ENTERED = "entered", _("entered the queue")
        CLAIMED = "claimed", _("claimed")
        ASSIGNED = "assigned", _("assigned")
        RELEASED = "released", _("released")
        SNOOZED = "snoozed", _("snoozed")
        WOKE = "woke", _("came back")
        DONE = "done", _("done")
        DISQUALIFIED = "disqualified", _("disqualified")
        RETURNED = "returned", _("returned")
        REOPENED = "reopened", _("opened again")
        UNDONE = "undone", _("undone")
        MARKED = "marked", _("no longer qualifies")
        UNMARKED = "unmarked", _("qualifies again")
        HAND_RAISED = "hand_raised", _("hand raised")
        MISSED = "missed", _("was due and not done")
        HANDED_OVER = "handed_over", _("handed over")
        PROGRESSED = "progressed", _("the plan moved on")
        CONTACT = "contact", _("added a contact")
        LEFT = "left", _("left the queue")

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    verb = models.CharField(max_length=12, choices=Verb)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=400, blank=True)
    before = models.JSONField(null=True, help_text="columns of the item as they were; none: cannot be undone")
    batch = models.UUIDField(null=True, default=None, help_text="of several items at once, undone together")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["item", "at"]),
            models.Index(fields=["batch"], condition=models.Q(batch__isnull=False), name="event_of_batch"),
        ]
