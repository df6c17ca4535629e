"""Accounts, their domains and their workspaces."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.models.members import Member


class AccountQuerySet(models.QuerySet["Account"]):
    def current(self) -> AccountQuerySet:
        """Accounts that have not been merged into another."""
        return self.filter(merged_into=None)


class Account(models.Model):
    """A company that uses the product."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("main domain"), max_length=253, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True)
    employees_at = models.DateTimeField(
        null=True, help_text="when the size became known; none: since the account was made"
    )
    industry = models.CharField(_("industry"), max_length=120, blank=True)
    plan = models.CharField(_("plan"), max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged")
    source = models.CharField(
        max_length=12, blank=True, db_default="", help_text="contact: known by a contact or CRM alone, before any usage"
    )
    told = ArrayField(
        models.CharField(max_length=10),
        default=list,
        db_default=[],
        help_text="which of name, employees, industry and plan messages say; the others are given",
    )
    of_person = models.BooleanField(
        default=False, db_default=False, help_text="stands for one person who raised a hand and has no company"
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(Lower("name"), name="account_name"),
            models.Index(fields=["name", "id"], name="accounts_by_name", condition=models.Q(merged_into=None)),
            models.Index("id", name="account_of_person", condition=models.Q(of_person=True)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name_to_log(self) -> str:
        """The name as the audit log may keep it: without a domain it may be a person's, as of a workspace of one's own."""
        return self.name if self.domain and not self.of_person else ""


class AccountDomain(models.Model):
    """A registrable domain of an account. One domain belongs to one account."""

    domain = models.CharField(max_length=253, unique=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="domains")
    source = models.CharField(max_length=12, help_text="workspace, e-mail, contact, import or member")
    confidence = models.FloatField(default=0.8, db_default=0.8, help_text="0 to 1, of the source")
    added_at = models.DateTimeField(db_default=Now(), help_text="since when it is the account's")
    added_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return self.domain


class Workspace(models.Model):
    """A tenant inside the product (Segment `group`)."""

    external_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=253, blank=True, help_text="as stated by its traits, registrable")
    employees = models.PositiveIntegerField(null=True)
    industry = models.CharField(max_length=120, blank=True)
    plan = models.CharField(max_length=80, blank=True)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="workspaces")
    account_by = models.CharField(
        max_length=12, blank=True, help_text="how the account was found: domain, members, own (no domain known) or hand"
    )
    account_confidence = models.FloatField(default=0, db_default=0.0, help_text="0 to 1, of that step")
    account_at = models.DateTimeField(null=True, help_text="since when it belongs to this account")
    own_account = models.ForeignKey(
        Account, models.SET_NULL, null=True, related_name="+", help_text="the one that stands for it alone, once made"
    )
    further_domains = ArrayField(
        models.CharField(max_length=253), default=list, db_default=[], help_text="stated beside the main one"
    )
    said_at = models.TextField(blank=True, db_default="", help_text="JSON: field to microseconds of who said it last")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["domain"], name="workspace_domain", condition=~models.Q(domain="")),
            GinIndex(fields=["further_domains"], name="workspace_further", condition=~models.Q(further_domains=[])),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class AccountChange(models.Model):
    """The work table that scoring pulls from: accounts whose usage, people or facts changed.

    `seq` grows with every change, so that a scorer removes a row only when nothing changed since it read it. `since` is that of
    the first change; urgent ones go first.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    seq = models.BigIntegerField()
    since = models.BigIntegerField(db_default=0)
    is_urgent = models.BooleanField(db_default=False)


class DomainRule(models.Model):
    """What an admin says of a domain, against or beside the lists that come with the app."""

    class Kind(models.TextChoices):
        SHARED = "shared", _("Shared by many (freemail, community)")
        DISPOSABLE = "disposable", _("Throw-away addresses")
        COMPANY = "company", _("A company after all")

    domain = models.CharField(_("domain"), max_length=253)
    kind = models.CharField(_("is"), max_length=10, choices=Kind)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=models.Q(removed_at=None), name="one_rule_of_a_domain")
        ]

    def __str__(self) -> str:
        return self.domain


class Resettling(models.Model):
    """A job: the people and workspaces of some domains look for their account again. One row a job, for its progress."""

    domains = ArrayField(models.CharField(max_length=253), default=list)
    because = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    reached = models.BigIntegerField(default=0, db_default=0, help_text="id of the last person looked at")
    moved = models.PositiveIntegerField(default=0, help_text="people and workspaces with another account than before")


class Ambiguity(models.Model):
    """Two or more companies have an equal claim on a workspace at one step of the ladder. Nobody guesses; a member decides."""

    class Step(models.TextChoices):
        DOMAIN = "domain", _("stated domains")
        MEMBERS = "members", _("domains of its members")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="ambiguities")
    step = models.CharField(max_length=8, choices=Step)
    candidates = models.JSONField(help_text="[{account, domain, people, since}], the same people for each")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    settled_for = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="+")
    settled_because = models.CharField(max_length=200, blank=True, help_text="by hand, or what made it plain")
    correction = models.ForeignKey("Correction", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(settled_at=None), name="one_open_ambiguity_of_a_workspace"
            )
        ]


class Correction(models.Model):
    """A member's change of who belongs to which account, with all that is needed to take it back."""

    class Kind(models.TextChoices):
        MERGE = "merge", _("merged")
        MOVE_DOMAIN = "move_domain", _("domain moved")
        MOVE_WORKSPACE = "move_space", _("workspace moved")
        SPLIT = "split", _("split")

    kind = models.CharField(max_length=11, choices=Kind)
    from_account = models.ForeignKey(Account, models.CASCADE, related_name="corrections_away")
    to_account = models.ForeignKey(Account, models.CASCADE, related_name="corrections_here")
    people = ArrayField(models.BigIntegerField(), default=list, help_text="product users that moved")
    workspaces = ArrayField(models.BigIntegerField(), default=list)
    domains = ArrayField(models.CharField(max_length=253), default=list)
    contacts = ArrayField(models.BigIntegerField(), default=list)
    kept = models.JSONField(default=dict, help_text="further facts before it, by table")
    note = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["-made_at"])]


class MergeSuggestion(models.Model):
    """Two accounts that may be one company, with what speaks for it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", help_text="the one that fades")
    into = models.ForeignKey(Account, models.CASCADE, related_name="+")
    score = models.FloatField(help_text="0 to 1")
    evidence = models.JSONField(help_text="what was seen, in numbers")
    found_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    correction = models.ForeignKey(Correction, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "into"], name="one_suggestion_of_a_pair")]
