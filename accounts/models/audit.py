"""Who changed what: corrections of identity and everything an admin sets. Rows are only ever added."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.fields.json import KeyTransform

from accounts.models.members import Member

#: What is searched: the words of the name, of who did it, and of the action. An index has them, so the expression stays as it is.
WORDS = models.Func(
    models.F("label"),
    models.F("by_name"),
    models.F("action"),
    arg_joiner=" || ' ' || ",
    output_field=SearchVectorField(),
    template="to_tsvector('simple', regexp_replace(lower(%(expressions)s), '[^[:alnum:]]+', ' ', 'g'))",
)


class AuditEntry(models.Model):
    """One change that somebody made. A trigger of the database refuses to change or delete a row.

    It names people of the product by id only, so that an erased person leaves no name here.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.ForeignKey(Member, models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    by_name = models.CharField(max_length=200, help_text="the member then, or what acted without one")
    action = models.CharField(max_length=40, help_text="noun.verb, such as account.merge")
    subject = models.CharField(max_length=20, help_text="what kind of thing was changed")
    subject_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True, help_text="its name then; never that of a product user")
    detail = models.JSONField(default=dict, help_text="what was before and after, by field")
    way = models.CharField(max_length=8, help_text="page, api, message or system")

    class Meta:
        indexes = [
            GinIndex(WORDS, name="audit_words"),
            # Whence something was merged or moved.
            models.Index(
                KeyTransform("from_account", "detail"), name="audit_from_account", condition=models.Q(subject="account")
            ),
            models.Index(fields=["action", "-at"]),
            models.Index(fields=["subject", "subject_id", "-at"]),
            models.Index(fields=["by", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.label}"
