"""What reps answered: was this account worth their time?"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from playbooks.models.items import QueueItem, Reason
from playbooks.models.motions import Motion
from scoring.models import BuyerState, Definition, Segment, Tier


class Answer(models.Model):
    """One answer an item, with all that the engine said when it was given: features and effects are of `scoring.breakdown`."""

    class Verdict(models.TextChoices):
        GOOD = "good", _("Good")
        NOT_NOW = "not_now", _("Not now")
        WRONG = "wrong", _("Wrong")

    item = models.OneToOneField(QueueItem, models.CASCADE, related_name="answer")
    account = models.ForeignKey(Account, models.CASCADE, related_name="answers")
    motion = models.CharField(max_length=10, choices=Motion)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=7, choices=Verdict)
    reason = models.CharField(max_length=14, choices=Reason, blank=True)
    words = models.CharField(max_length=500, blank=True)
    is_audit = models.BooleanField(default=False)

    definition = models.ForeignKey(Definition, models.PROTECT, null=True, related_name="+")
    score = models.PositiveSmallIntegerField(null=True)
    tier = models.CharField(max_length=10, choices=Tier, blank=True)
    segment = models.CharField(max_length=10, choices=Segment, blank=True)
    buyer_state = models.CharField(max_length=9, choices=BuyerState, blank=True)
    feature_values = ArrayField(models.FloatField(), default=list)
    effects = ArrayField(models.SmallIntegerField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["motion", "-at"]), models.Index(fields=["-at"])]
