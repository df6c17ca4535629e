"""Raised hands: the forms that take them, and every one as it came."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.companies import Account
from accounts.models.intake import Source
from accounts.models.members import Member
from accounts.models.people import ProductUser


def new_form_key() -> str:
    return secrets.token_urlsafe(12)


class HandRaiseForm(models.Model):
    """A form to put on the company's own site or into its product."""

    key = models.CharField(max_length=32, unique=True, default=new_form_key, help_text="public: it is in the page")
    name = models.CharField(_("name"), max_length=80, unique=True)
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    placement = models.CharField(_("placement"), max_length=120, blank=True)
    question = models.CharField(_("heading"), max_length=200, blank=True)
    button = models.CharField(_("button"), max_length=60, blank=True)
    thanks = models.CharField(_("words of thanks"), max_length=300, blank=True)
    asks = ArrayField(models.CharField(max_length=10), default=list, blank=True, help_text="fields beside the e-mail")
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True, help_text="empty: any site")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class HandRaise(models.Model):
    """One raised hand, written before anything else is done with it."""

    form = models.ForeignKey(HandRaiseForm, models.SET_NULL, null=True, related_name="raised")
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    received_at = models.DateTimeField(db_index=True)
    message_id = models.CharField(max_length=100, unique=True)
    fields = models.JSONField(help_text="what was filled in, as it came")
    placement = models.CharField(max_length=120, blank=True)
    is_spam = models.BooleanField(default=False)
    spam_because = models.CharField(
        max_length=40, blank=True, help_text="kept when somebody said that it is none: that is how it was let through"
    )
    sender = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="a keyed digest of the client's address, to count by",
    )
    user = models.ForeignKey(ProductUser, models.SET_NULL, null=True, related_name="hand_raises")
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="hand_raises")
    linked_at = models.DateTimeField(null=True, help_text="when the loader knew who it is")
