"""Raised hands: the forms that take them, and every one as it came."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.companies import Account
from accounts.models.intake import Source
from accounts.models.members import Member
from accounts.models.people import ProductUser

#: How the ids begin of raised hands that came as messages.
EVENT_PREFIX = "event-"


def new_form_key() -> str:
    return secrets.token_urlsafe(12)


class HandRaiseForm(models.Model):
    """A form to put on the company's own site or into its product."""

    key = models.CharField(max_length=32, unique=True, default=new_form_key, help_text="public: it is in the page")
    name = models.CharField(_("name"), max_length=80)
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    placement = models.CharField(_("placement"), max_length=120, blank=True)
    question = models.CharField(_("heading"), max_length=200, blank=True)
    button = models.CharField(_("button"), max_length=60, blank=True)
    thanks = models.CharField(_("words of thanks"), max_length=300, blank=True)
    asks = ArrayField(models.CharField(max_length=10), default=list, blank=True, help_text="fields beside the e-mail")
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True, help_text="empty: any site")
    thanks_url = models.CharField(
        _("page of thanks"), max_length=400, blank=True, default="", db_default="", help_text="empty: our own"
    )
    consent = models.CharField(
        _("consent"), max_length=400, blank=True, default="", db_default="", help_text="empty: none is asked for"
    )
    consent_url = models.CharField(_("page about it"), max_length=400, blank=True, default="", db_default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True, help_text="what it took stays, and it can be put back")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(removed_at=None),
                name="hand_raise_form_named_once",
                violation_error_message=_("There is a form of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class HandRaise(models.Model):
    """One raised hand, whichever way it came.

    By a form or with a write key: written before anything else is done with it. By a message of an SDK: in the transaction that
    takes the message from the landing, where it was kept before.
    """

    form = models.ForeignKey(HandRaiseForm, models.SET_NULL, null=True, related_name="raised")
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    received_at = models.DateTimeField(db_index=True)
    raised_at = models.DateTimeField(default=timezone.now, help_text="earlier than its arrival where an SDK says so")
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
    device = models.CharField(max_length=210, blank=True, db_default="", help_text="where nobody had signed in")
    linked_at = models.DateTimeField(null=True, help_text="when the loader knew who it is")
    sent = models.PositiveIntegerField(default=1, db_default=1, help_text="how often: a double click, a second try")
    frozen_at = models.DateTimeField(null=True, help_text="when the engine kept what it saw of the account")

    class Meta:
        indexes = [
            models.Index("raised_at", name="hand_raise_unfrozen", condition=models.Q(frozen_at=None, is_spam=False)),
            models.Index(
                "user", name="hand_raise_without_account", condition=models.Q(account=None, user__isnull=False)
            ),
        ]

    @property
    def way(self) -> str:
        """form, server (with a write key), or event (a message of an SDK or a file)."""
        if self.message_id.startswith(EVENT_PREFIX):
            return "event"
        return "form" if self.form_id else "server"


class UsageAfterRaise(models.Model):
    """What was counted on the day of a raised hand after it: taken off when its account is frozen, and deleted then."""

    hand_raise = models.ForeignKey(HandRaise, models.CASCADE, related_name="+")
    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="+", db_constraint=False)
    workspace_id = models.BigIntegerField()
    event_type_id = models.BigIntegerField()
    device = models.CharField(max_length=210, blank=True, db_default="", help_text="where nobody had signed in")
    count = models.PositiveIntegerField()
