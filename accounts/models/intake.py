"""Where messages come from, and what waits or was set aside."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.members import Member


def new_write_key() -> str:
    return secrets.token_urlsafe(24)


class Source(models.Model):
    """Where messages come from: one product, one write key."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    write_key = models.CharField(max_length=64, unique=True, default=new_write_key)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Landing(models.Model):
    """One accepted request, as it came, waiting for the loader. `body` is JSON text in UTF-8."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    received_at = models.DateTimeField()
    path = models.CharField(max_length=12, help_text="the message type of the path, or batch")
    body = models.BinaryField()
    size = models.PositiveIntegerField(help_text="messages in the request")


class SetAside(models.Model):
    """A refused request or a message that could not be loaded, kept with its reason so that it can be replayed."""

    class Kind(models.TextChoices):
        REQUEST = "request", _("request refused")
        MESSAGE = "message", _("message set aside")

    kind = models.CharField(max_length=8, choices=Kind)
    source = models.ForeignKey(Source, models.CASCADE, null=True, related_name="+")
    received_at = models.DateTimeField()
    path = models.CharField(max_length=12)
    body = models.BinaryField(help_text="the first 64 KiB of it")
    status = models.PositiveSmallIntegerField(help_text="the HTTP status that was answered")
    code = models.CharField(max_length=40, help_text="a short name of the reason, to group by")
    reason = models.CharField(max_length=500)
    count = models.PositiveIntegerField(default=1, help_text="how often the same happened within the hour")
    replayed_at = models.DateTimeField(null=True)
    replayed_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    named = ArrayField(
        models.BigIntegerField(), null=True, help_text="whom the body may name, to erase them; none: not noted yet"
    )

    class Meta:
        indexes = [
            models.Index(fields=["-received_at"]),
            GinIndex(fields=["named"], name="set_aside_named"),
            models.Index(fields=["id"], name="set_aside_not_noted", condition=models.Q(named=None)),
        ]


class SeenMessage(models.Model):
    """Message ids of the dedup window. `key` is a 16-byte hash of source and messageId."""

    key = models.UUIDField(primary_key=True)
    seen_on = models.DateField(db_index=True)


class ErasedId(models.Model):
    """An id or address of somebody who was erased, as a keyed digest that tells nobody which. See `accounts.erasing.remembered`."""

    digest = models.UUIDField(primary_key=True)
    at = models.DateTimeField(db_index=True)


class LoadState(models.Model):
    """One row: the loader's last success, for health and for the pages' "fresh as of"."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    loaded_at = models.DateTimeField(null=True)
    messages = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    set_aside = models.PositiveBigIntegerField(default=0)
