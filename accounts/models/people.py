"""People of accounts: product users, and contacts who do not use the product."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.companies import Account, Workspace
from accounts.models.members import Member, initials


class Department(models.TextChoices):
    ENGINEERING = "engineering", _("Engineering")
    PRODUCT = "product", _("Product")
    DESIGN = "design", _("Design")
    DATA = "data", _("Data")
    IT = "it", _("IT and security")
    FINANCE = "finance", _("Finance")
    PROCUREMENT = "procurement", _("Procurement")
    MARKETING = "marketing", _("Marketing")
    SALES = "sales", _("Sales")
    SUCCESS = "success", _("Customer success")
    HR = "hr", _("HR")
    LEGAL = "legal", _("Legal")
    OPERATIONS = "operations", _("Operations")
    GENERAL = "general", _("General management")
    OTHER = "other", _("Other")


class Seniority(models.TextChoices):
    C_LEVEL = "c_level", _("C-level")
    VP = "vp", _("VP")
    DIRECTOR = "director", _("Director")
    MANAGER = "manager", _("Manager")
    INDIVIDUAL = "individual", _("Individual")
    OTHER = "other", _("Other")


class BuyingRole(models.TextChoices):
    ECONOMIC_BUYER = "economic_buyer", _("economic buyer")
    CHAMPION = "champion", _("champion")
    INFLUENCER = "influencer", _("influencer")
    EVALUATOR = "evaluator", _("technical evaluator")
    PROCUREMENT = "procurement", _("procurement or legal")
    END_USER = "end_user", _("end user")


class ProductUser(models.Model):
    """A person who uses the customer's product. Anonymous until identified."""

    key = models.CharField(max_length=210, unique=True, help_text="`u:` and the userId, or `a:` and the anonymousId")
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=12, choices=Department, blank=True)
    seniority = models.CharField(max_length=10, choices=Seniority, blank=True)
    company = models.CharField(max_length=200, blank=True)
    employees = models.PositiveIntegerField(null=True)
    buying_role = models.CharField(max_length=16, choices=BuyingRole, blank=True)
    buying_confidence = models.FloatField(default=0, help_text="0 to 1, all evidence fused")
    role_evidence = models.JSONField(
        default=list, db_default=[], help_text="[{source, role, confidence, what, count}] that the role rests on"
    )
    persona = models.ForeignKey("accounts.Persona", models.SET_NULL, null=True, related_name="product_users")
    use_case = models.CharField(max_length=120, blank=True, db_default="")
    profiled_at = models.DateTimeField(
        null=True, help_text="when title, seniority or role became known; none: since the first sight"
    )
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, related_name="product_users", help_text="by the e-mail's domain"
    )
    account_by = models.CharField(
        max_length=12,
        blank=True,
        db_default="",
        help_text="hand: a correction said so; contact: by a contact with this address; empty: by the e-mail's domain",
    )
    said_at = models.TextField(blank=True, db_default="", help_text="JSON: field to microseconds of who said it last")
    erased_at = models.DateTimeField(null=True, help_text="name, e-mail and traits are gone; the counts stay")
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    own_first_at = models.DateTimeField(
        null=True, help_text="without what was done on devices; none: the same as first seen"
    )
    own_last_at = models.DateTimeField(null=True, help_text="likewise of last seen")

    class Meta:
        indexes = [
            models.Index(Lower("email"), name="product_user_email", condition=~models.Q(email="")),
            # The buyers page: of a million people the few who may buy, with all that sorts and finds them.
            models.Index(
                fields=["account"],
                include=["id", "buying_role", "buying_confidence", "name", "email", "title"],
                condition=models.Q(buying_confidence__gte=0.6, account__isnull=False)
                & ~models.Q(buying_role__in=["", "end_user"]),
                name="likely_buyers",
            ),
            # The same page asked for champions, who are that by what they do: few are as sure as a title.
            models.Index(
                fields=["account"],
                include=["buying_confidence", "name"],
                condition=models.Q(buying_role="champion", account__isnull=False),
                name="champions",
            ),
        ]

    def __str__(self) -> str:
        if self.key.startswith("x:"):
            return str(_("Erased person"))
        return self.name or self.email or self.key[2:]

    @property
    def is_anonymous(self) -> bool:
        return self.key.startswith("a:")

    @property
    def initials(self) -> str:
        return initials(str(self))


class UserAlias(models.Model):
    """Another key of a product user: an anonymous id before sign-up, or a former user id."""

    key = models.CharField(max_length=210, primary_key=True)
    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="aliases")
    gave_way = models.BooleanField(
        default=True, db_default=True, help_text="of a user id: an alias said that another one is used instead"
    )
    since = models.BigIntegerField(
        default=0, db_default=0, help_text="of a device: microseconds since 1970 when its owner was known on it first"
    )
    linked_by = models.CharField(max_length=210, blank=True, db_default="", help_text="of a device: by which key, then")
    record = models.TextField(
        blank=True,
        db_default="",
        help_text="of a device, JSON: what was said there without a name, and when it was used",
    )


class DeviceUsage(models.Model):
    """How much of the usage of a device's owner was done there without a name. No foreign-key checks, as in `Usage`."""

    pk = models.CompositePrimaryKey("key", "day", "event_type_id", "workspace_id")
    key = models.CharField(max_length=210)
    day = models.DateField()
    event_type_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField()


class Membership(models.Model):
    """A product user in a workspace, from the first message that named both."""

    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    first_seen_at = models.DateTimeField()
    own_at = models.DateTimeField(
        null=True, help_text="without what was done on devices; none: the same; in the year 9999: never"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]


class Invitation(models.Model):
    """Invitations that a product user sent on one day in one workspace (0: in none), to one person where the event says to whom.

    `invitee` stands for an e-mail (`accounts.invitations.invitee`), so that nobody is kept here who never came. Rows are only
    added: the loader knows repeats. No foreign-key check, as in `Usage`.
    """

    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    day = models.DateField()
    workspace_id = models.BigIntegerField(default=0)
    invitee = models.UUIDField(null=True)
    device = models.CharField(max_length=210, blank=True, db_default="", help_text="where nobody had signed in")
    count = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["user", "day"])]


class ProfilingDay(models.Model):
    """How much was known of the people on one day: counts by what was asked. One row a day, the newest is shown."""

    day = models.DateField(primary_key=True)
    counts = models.JSONField(default=dict)
    at = models.DateTimeField()


class Contact(models.Model):
    """A person at an account who does not use the product."""

    email = models.CharField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="contacts")
    phone = models.CharField(max_length=40, blank=True, db_default="")
    department = models.CharField(max_length=12, choices=Department, blank=True, db_default="")
    seniority = models.CharField(max_length=10, choices=Seniority, blank=True, db_default="")
    persona = models.ForeignKey("accounts.Persona", models.SET_NULL, null=True, related_name="contacts")
    source = models.CharField(max_length=80)
    imported_by = models.ForeignKey("accounts.ContactImport", models.SET_NULL, null=True, related_name="contacts")
    created_at = models.DateTimeField(auto_now_add=True)
    buying_role = models.CharField(max_length=16, choices=BuyingRole, blank=True, db_default="")
    buying_confidence = models.FloatField(default=0, db_default=0.0, help_text="0 to 1, by a person's word")
    added_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    user = models.ForeignKey(
        ProductUser,
        models.SET_NULL,
        null=True,
        related_name="contacts",
        help_text="who they are in the product",
    )
    words = models.GeneratedField(
        expression=Lower(Concat("name", Value("\n"), "email", Value("\n"), "title")),
        output_field=models.TextField(),
        db_persist=True,
        help_text="what a search looks into: of 400,000 it takes a third of the time of three columns",
    )

    class Meta:
        indexes = [
            # What the contacts page sorts by, with all it needs to skip to a page far down.
            *(
                models.Index(*by, "name", "id", name=name, condition=models.Q(removed_at=None))
                for name, by in (
                    ("contacts_by_name", ()),
                    ("contacts_by_source", ("source",)),
                    ("contacts_by_role", (models.F("buying_confidence").desc(),)),
                    ("contacts_by_age", (models.F("created_at").desc(),)),
                    ("contacts_by_account", ("account",)),
                )
            ),
            # As `likely_buyers`.
            models.Index(
                fields=["account"],
                include=["id", "buying_role", "buying_confidence", "name", "words"],
                condition=models.Q(buying_confidence__gte=0.6, account__isnull=False, user=None, removed_at=None)
                & ~models.Q(buying_role__in=["", "end_user"]),
                name="likely_contacts",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


def new_change_key() -> str:
    return secrets.token_urlsafe(16)


class ContactChange(models.Model):
    """What a contact was before a member changed it, for as long as that can be undone. It goes with the contact."""

    key = models.CharField(max_length=32, unique=True, default=new_change_key)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="changes")
    was = models.JSONField(help_text="columns that a member can change")
    became = models.CharField(
        max_length=120, help_text="marks of what it became: once it is another one, nothing is undone"
    )
    done = models.JSONField(help_text="what was made and withdrawn beside: accounts, words about the role")
    made_at = models.DateTimeField(auto_now_add=True)


class ContactImport(models.Model):
    """A CSV file of contacts: read, shown with what is wrong in which row, then taken in or dropped."""

    class State(models.TextChoices):
        PREVIEW = "preview", _("Not taken in yet")
        RUNNING = "running", _("Being taken in")
        DONE = "done", _("Taken in")
        UNDONE = "undone", _("Taken back")

    name = models.CharField(max_length=200, help_text="of the file")
    state = models.CharField(max_length=7, choices=State, default=State.PREVIEW)
    mapping = models.JSONField(default=dict, help_text="field → column of the file")
    rows = models.JSONField(default=list, help_text="what was read, by row; emptied once it is taken in")
    result = models.JSONField(default=dict, help_text="counts: new, changed, same, wrong; and the rows that are wrong")
    source = models.CharField(max_length=80, blank=True, help_text="where these people came from")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
