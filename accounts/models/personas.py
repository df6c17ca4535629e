"""Who buys, as the admin says it: words of titles, personas, and what members know of a person's role."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from accounts.models.members import Member
from accounts.models.people import BuyingRole, Contact, ProductUser


class TitleRule(models.Model):
    """Words of a title that say a seniority or a department. An admin's rules go before the built-in ones, in their order."""

    class Kind(models.TextChoices):
        SENIORITY = "seniority", _("Seniority")
        DEPARTMENT = "department", _("Department")

    kind = models.CharField(_("says"), max_length=10, choices=Kind)
    value = models.CharField(_("value"), max_length=12, help_text="of Seniority or Department")
    pattern = models.CharField(_("words"), max_length=200)
    is_regex = models.BooleanField(_("regular expression"), default=False)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "pattern", "is_regex"],
                condition=models.Q(removed_at=None),
                name="one_title_rule_of_its_kind",
            )
        ]

    def __str__(self) -> str:
        return self.pattern


class Persona(models.Model):
    """A kind of person: a rule over what is known of somebody, the role such a person has in a purchase, and what to say."""

    key = models.CharField(max_length=40, blank=True, help_text="of a built-in one")
    name = models.CharField(_("name"), max_length=80)
    seniorities = ArrayField(models.CharField(max_length=10), default=list, blank=True, help_text="empty: any")
    departments = ArrayField(models.CharField(max_length=12), default=list, blank=True, help_text="empty: any")
    employees_from = models.PositiveIntegerField(_("employees from"), null=True, blank=True)
    employees_below = models.PositiveIntegerField(_("employees below"), null=True, blank=True)
    use_cases = ArrayField(models.CharField(max_length=120), default=list, blank=True, help_text="empty: any")
    buying_role = models.CharField(_("buying role"), max_length=16, choices=BuyingRole, blank=True)
    confidence = models.FloatField(default=0.6, help_text="what the fit is worth, 0 to 0.6")
    angle = models.TextField(_("message angle"), max_length=1000, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="the first that fits counts")
    is_active = models.BooleanField(default=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            # As `iexact` compares.
            models.UniqueConstraint(Upper("name"), condition=models.Q(removed_at=None), name="one_persona_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class RoleWord(models.Model):
    """What a member, or the CRM, says of the role of one person. The newest that stands locks the role."""

    class By(models.TextChoices):
        HUMAN = "human", _("a member")
        CRM = "crm", _("CRM")

    user = models.ForeignKey(ProductUser, models.CASCADE, null=True, related_name="role_words")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="role_words")
    role = models.CharField(max_length=16, choices=BuyingRole, blank=True, help_text="empty: has no part in a purchase")
    confidence = models.FloatField(default=0.9)
    source = models.CharField(max_length=5, choices=By)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, contact__isnull=True)
                | models.Q(user__isnull=True, contact__isnull=False),
                name="role_word_of_one_person",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(withdrawn_at=None, source="human"), name="one_human_word_of_user"
            ),
            models.UniqueConstraint(
                fields=["contact"],
                condition=models.Q(withdrawn_at=None, source="human"),
                name="one_human_word_of_contact",
            ),
        ]


class ProfilingRun(models.Model):
    """Everybody looked at again after rules of titles or personas changed. One at a time; the newest tells the state."""

    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    overtaken = models.BooleanField(default=False, help_text="rules changed meanwhile, and another run took over")
    mark = models.CharField(max_length=32, help_text="of the rules that were used")
    title_rules = models.JSONField(
        default=list, help_text="the admin's rules that were used: [kind, value, pattern, is_regex]"
    )
    after = models.BigIntegerField(default=0, help_text="the last person that was looked at")
    contacts_after = models.BigIntegerField(null=True, help_text="the same of contacts, who come after all people")
    people = models.PositiveIntegerField(default=0, help_text="to be looked at, when it began, contacts too")
    seen = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(
        default=0, help_text="people with another seniority, department, persona or role"
    )
    accounts = models.PositiveIntegerField(default=0, help_text="accounts marked to be scored again")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["overtaken"], condition=models.Q(ended_at=None), name="one_profiling_run")
        ]
