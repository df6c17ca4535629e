"""Who acts: the motions, and the table that leads to them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

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
