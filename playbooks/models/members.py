"""How a member works: what may be assigned, when and where to be told, and the views kept."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from playbooks.models.items import QueueItem
from scoring.models import Segment


class WorkSettings(models.Model):
    """One row a member who changed something. Empty filters fit every account; 0 as a limit is none."""

    member = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="work_settings"
    )
    takes_automatic = models.BooleanField(_("gets accounts assigned"), default=True)
    segments = ArrayField(models.CharField(max_length=10, choices=Segment), default=list, blank=True)
    territories = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, help_text=_("Ends of domains, such as .de or .co.uk")
    )
    open_limit = models.PositiveSmallIntegerField(_("open accounts at most"), default=50)
    daily_limit = models.PositiveSmallIntegerField(_("new accounts a day at most"), default=10)
    away_from = models.DateField(_("away from"), null=True, blank=True)
    away_until = models.DateField(_("away until"), null=True, blank=True)

    in_browser = models.BooleanField(_("tell me in the browser"), default=True)
    by_mail = models.BooleanField(_("send me a digest"), default=False)
    digest_at = models.TimeField(_("digest at"), default="08:00")
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    digest_sent_on = models.DateField(null=True)
    columns = ArrayField(models.CharField(max_length=20), default=list, blank=True, help_text="of the queue's rows")


class SavedView(models.Model):
    """A named address of a list: a motion and its query string."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=80)
    motion = models.CharField(max_length=10)
    query = models.CharField(max_length=600, blank=True)
    is_shared = models.BooleanField(_("everybody sees it"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "motion", "name"], name="view_name_once")]


class Notification(models.Model):
    """What a member is told: what, why now, and where."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    item = models.ForeignKey(QueueItem, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(
        max_length=10,
        choices=[
            ("hand", _("Hand raised")),
            ("assigned", _("Assigned to you")),
            ("woke", _("Came back")),
            ("warning", _("Due soon")),
            ("missed", _("Missed")),
            ("taken", _("Taken from you")),
            ("handover", _("Handed over to you")),
        ],
    )
    text = models.CharField(max_length=300)
    why = models.CharField(max_length=300, blank=True)
    link = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    shown_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=120, help_text="what makes it one notification")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="notified_once")]
        indexes = [
            models.Index(fields=["member", "-created_at"]),
            models.Index(fields=["member"], condition=models.Q(read_at__isnull=True), name="unread"),
        ]


class DigestMail(models.Model):
    """A digest of one day: written before it is sent, so that a worker who dies in between leaves a trace."""

    class State(models.TextChoices):
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        UNSURE = "unsure", _("possibly sent")

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests")
    day = models.DateField(help_text="of the member's clock")
    state = models.CharField(max_length=7, choices=State, default=State.SENDING)
    message_id = models.CharField(max_length=200, help_text="the same at every try, so that a mailbox keeps one")
    tells = models.JSONField(default=list, help_text="ids of its notifications")
    tries = models.PositiveSmallIntegerField(default=1)
    began_at = models.DateTimeField(help_text="its last try")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "day"], name="one_digest_a_day")]
        indexes = [models.Index(fields=["began_at"], condition=models.Q(state="sending"), name="digests_being_sent")]


class HeldPlace(models.Model):
    """An account taken from a member who was switched off or changed role: it is his again when he is back, if nobody has it."""

    item = models.OneToOneField(QueueItem, models.CASCADE, related_name="held_place")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="held_places")
    at = models.DateTimeField()
