"""Plays: steps and words for one persona in one situation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import BuyingRole, SignalKind
from playbooks.models.items import QueueItem
from playbooks.models.motions import Motion
from scoring.models import Tier


class Play(models.Model):
    """A situation (motion, tier, signal) × a persona. What is empty fits everything; built-in ones have a `key`."""

    key = models.CharField(max_length=40, unique=True, null=True)
    name = models.CharField(_("name"), max_length=120, unique=True)
    motion = models.CharField(_("motion"), max_length=10, choices=Motion)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier, blank=True)
    signal = models.CharField(_("signal"), max_length=12, choices=SignalKind, blank=True)
    persona = models.CharField(_("persona"), max_length=16, choices=BuyingRole, blank=True)
    is_expansion = models.BooleanField(_("paying customers"), null=True, help_text=_("Empty: both."))
    goal = models.CharField(_("goal"), max_length=300, blank=True)
    talking_points = models.TextField(
        _("talking points"), blank=True, help_text=_("One a line; merge fields are filled.")
    )
    exits = models.JSONField(default=list, help_text="conditions that end it: replied, meeting, hand_raised, left, …")
    is_active = models.BooleanField(_("suggested"), default=True)
    is_edited = models.BooleanField(default=False, help_text="a built-in one that a member has changed")
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class PlayStep(models.Model):
    """One step, `after_days` days after the play began, with the words for it."""

    play = models.ForeignKey(Play, models.CASCADE, related_name="steps")
    place = models.PositiveSmallIntegerField()
    after_days = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(
        max_length=7,
        choices=[
            ("call", _("Call")),
            ("email", _("E-mail")),
            ("message", _("Message")),
            ("meeting", _("Meeting")),
            ("task", _("Task")),
        ],
    )
    title = models.CharField(max_length=200)
    subject = models.CharField(max_length=200, blank=True)
    words = models.TextField(blank=True, help_text="the message, with merge fields")

    class Meta:
        ordering = ["place"]


class PlayUse(models.Model):
    """A play begun on an item. What came of it is the item's outcome."""

    play = models.ForeignKey(Play, models.PROTECT, related_name="uses")
    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="play_uses")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, blank=True, help_text="finished, stopped, or the exit condition")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=models.Q(ended_at__isnull=True), name="one_running_play_an_item"
            )
        ]
