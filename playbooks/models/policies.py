"""How a queue is run: assignment, times to answer, cool-downs, holidays. What is not stored: see `assignment.policies`."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from playbooks.models.items import QueueItem
from playbooks.models.motions import Motion


class QueuePolicy(models.Model):
    """One motion's rules. Times are minutes of working time; 0: none is asked for."""

    motion = models.CharField(max_length=10, choices=Motion, primary_key=True)
    is_automatic = models.BooleanField(_("assign by itself"), default=False)
    same_owner_days = models.PositiveSmallIntegerField(_("same owner for the same company within, days"), default=120)
    untouched_days = models.PositiveSmallIntegerField(
        _("back to the pool when untouched for, days"), default=0, help_text=_("0: never.")
    )
    early_days = models.PositiveSmallIntegerField(
        _("no outreach in the first days after sign-up"), default=3, help_text=_("Unless a hand was raised.")
    )
    audit_share = models.FloatField(
        _("share of accounts below the threshold that is shown anyway"),
        default=0.0,
        validators=[MaxValueValidator(0.05)],
        help_text=_("0 to 0.05; 0: none."),
    )
    hand_minutes = models.PositiveIntegerField(_("first response to a raised hand, minutes"), default=60)
    response_minutes = models.PositiveIntegerField(_("first response, minutes"), default=1_440)
    counts_from_entering = models.BooleanField(
        _("the first response counts from entering the queue"),
        default=False,
        db_default=False,
        help_text=_("Otherwise from being claimed or assigned. A raised hand always counts from when it was raised."),
    )
    touch_minutes = models.PositiveIntegerField(_("next touch, minutes"), default=0)
    warn_share = models.FloatField(_("warn after this share of the time"), default=0.75)
    reassigns_on_breach = models.BooleanField(_("give to somebody else when missed"), default=False)
    day_begins = models.TimeField(_("day begins"), default="09:00")
    day_ends = models.TimeField(_("day ends"), default="17:00")
    weekdays = models.CharField(_("working days"), max_length=7, default="12345", help_text=_("1: Monday … 7: Sunday"))
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")


class Holiday(models.Model):
    """A day on which nobody owes an answer. Empty motion: for every queue."""

    day = models.DateField()
    name = models.CharField(max_length=80)
    motion = models.CharField(max_length=10, choices=Motion, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "motion"], name="holiday_once")]


class CoolDown(models.Model):
    """Days before an account may come back after an item was closed; none: never again without a strong signal."""

    motion = models.CharField(max_length=10, choices=Motion)
    closing = models.CharField(max_length=14, help_text="a Closing, a Reason, or returned")
    days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["motion", "closing"], name="cool_down_once")]


class SlaMiss(models.Model):
    """A time to answer that was missed; each once."""

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="misses")
    sla = models.CharField(max_length=8)
    due_at = models.DateTimeField()
    at = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "sla", "due_at"], name="miss_once")]
