"""What reps did with an account, and what is to be done next."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact, ProductUser
from playbooks.models.items import QueueItem
from playbooks.models.plays import PlayStep, PlayUse


class Touch(models.Model):
    """A call, an e-mail, a message or a meeting. Nothing is sent by this app: it is logged."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        EMAIL = "email", _("E-mail")
        MESSAGE = "message", _("Message")
        MEETING = "meeting", _("Meeting")

    class Result(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        LEFT_WORD = "left_word", _("Left word")
        REPLIED = "replied", _("Replied")

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="touches")
    account = models.ForeignKey(Account, models.CASCADE, related_name="touches")
    kind = models.CharField(max_length=7, choices=Kind)
    result = models.CharField(max_length=9, choices=Result, blank=True)
    at = models.DateTimeField()
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(ProductUser, models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    words = models.TextField(blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"]), models.Index(fields=["member", "-at"])]


class Step(models.Model):
    """Something to be done with an item: a next step, a play's step, or a line of an activation plan.

    A line of a plan has a `feature`: it is done by itself when the feature reaches its `target`.
    """

    class Kind(models.TextChoices):
        NEXT = "next", _("Next step")
        PLAY = "play", _("Step of a play")
        PLAN = "plan", _("Activation plan")

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="steps")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.NEXT)
    place = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="none: by usage"
    )
    dropped_at = models.DateTimeField(null=True, help_text="no longer wanted")
    play_use = models.ForeignKey(PlayUse, models.CASCADE, null=True, related_name="steps")
    play_step = models.ForeignKey(PlayStep, models.SET_NULL, null=True, related_name="+")
    feature = models.CharField(max_length=60, blank=True)
    start = models.FloatField(null=True, help_text="the feature's value when the line was made")
    value = models.FloatField(null=True, help_text="the feature's value when it was last looked at")
    target = models.FloatField(null=True)
    acts_before = models.FloatField(
        null=True, help_text="of a feature that counts acts: those of the day when the line was made, before it"
    )

    class Meta:
        indexes = [
            models.Index(fields=["item", "place"]),
            models.Index(
                fields=["account"],
                condition=models.Q(kind="plan", done_at__isnull=True, dropped_at__isnull=True),
                name="open_plan_lines",
            ),
        ]
