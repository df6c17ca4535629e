"""The tables of who uses the product and what they did. Verbs that change them live in the modules of their nouns."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    SALES = "sales", _("Sales")
    SUCCESS = "success", _("Success")
    MARKETING = "marketing", _("Marketing")
    PRODUCT = "product", _("Product")
    ADMIN = "admin", _("Admin")


class MemberManager(BaseUserManager["Member"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Member:
        member = self.model(email=self.normalize_email(email).lower(), **fields)
        member.set_password(password)
        member.full_clean(exclude=["password"])
        member.save()
        return member

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Member:
        return self.create_user(email, password, **{"role": Role.ADMIN, "is_superuser": True, **fields})


class Member(AbstractBaseUser, PermissionsMixin):
    """A person who signs in to this app, with one role."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=Role)
    is_active = models.BooleanField(_("may sign in"), default=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(
        max_length=5, blank=True, choices=[("", _("Like my system")), ("light", _("Light")), ("dark", _("Dark"))]
    )
    shortcuts = models.BooleanField(_("single-letter shortcuts"), default=True)
    weekly_capacity = models.PositiveSmallIntegerField(
        _("accounts a week"),
        default=10,
        db_default=10,
        help_text=_("How many new accounts this person can work in a week."),
    )

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["role"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="member_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        return initials(self.name or self.email)


def initials(name: str) -> str:
    """`"Dana Ortiz"` → `"DO"`."""
    parts = [part for part in name.replace("@", " ").replace(".", " ").split() if part[:1].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][:1])).upper() or "?"


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

    class Meta:
        indexes = [models.Index(fields=["-received_at"])]


class SeenMessage(models.Model):
    """Message ids of the dedup window. `key` is a 16-byte hash of source and messageId."""

    key = models.UUIDField(primary_key=True)
    seen_on = models.DateField(db_index=True)


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
    of_person = models.BooleanField(
        default=False, db_default=False, help_text="stands for one person who raised a hand and has no company"
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(Lower("name"), name="account_name"),
            models.Index("id", name="account_of_person", condition=models.Q(of_person=True)),
        ]

    def __str__(self) -> str:
        return self.name


class AccountDomain(models.Model):
    """A registrable domain of an account. One domain belongs to one account."""

    domain = models.CharField(max_length=253, unique=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="domains")
    source = models.CharField(max_length=12, help_text="workspace, e-mail, import or member")

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
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name or self.external_id


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
    OTHER = "other", _("Individual")


class BuyingRole(models.TextChoices):
    ECONOMIC_BUYER = "economic_buyer", _("economic buyer")
    CHAMPION = "champion", _("champion")
    INFLUENCER = "influencer", _("influencer")
    EVALUATOR = "evaluator", _("technical evaluator")
    END_USER = "end_user", _("end user")


class ProductUser(models.Model):
    """A person who uses the customer's product. Anonymous until identified."""

    key = models.CharField(max_length=210, unique=True, help_text="`u:` and the userId, or `a:` and the anonymousId")
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=12, choices=Department, blank=True)
    seniority = models.CharField(max_length=8, choices=Seniority, blank=True)
    company = models.CharField(max_length=200, blank=True)
    employees = models.PositiveIntegerField(null=True)
    buying_role = models.CharField(max_length=16, choices=BuyingRole, blank=True)
    buying_confidence = models.FloatField(default=0, help_text="0 to 1, by the title or a person's word")
    profiled_at = models.DateTimeField(
        null=True, help_text="when title, seniority or role became known; none: since the first sight"
    )
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, related_name="product_users", help_text="by the e-mail's domain"
    )
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(Lower("email"), name="product_user_email", condition=~models.Q(email="")),
            # The buyers page: of a million people the few who may buy, with all that sorts them.
            models.Index(
                fields=["account"],
                include=["buying_role", "buying_confidence", "name"],
                condition=models.Q(buying_confidence__gte=0.6, account__isnull=False)
                & ~models.Q(buying_role__in=["", "end_user"]),
                name="likely_buyers",
            ),
        ]

    def __str__(self) -> str:
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


class Membership(models.Model):
    """A product user in a workspace, from the first message that named both."""

    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]


class Category(models.TextChoices):
    CORE = "core", _("Core")
    ADVANCED = "advanced", _("Advanced")
    COLLABORATION = "collaboration", _("Collaboration")
    CREATION = "creation", _("Creation")
    ADMIN = "admin", _("Admin")
    INTENT = "intent", _("Intent")
    NOISE = "noise", _("Noise")


class SignalKind(models.TextChoices):
    HAND_RAISE = "hand_raise", _("Hand raised")
    ADMIN_SWITCH = "admin_switch", _("Admin switched")
    PRICING = "pricing", _("Pricing viewed")
    TERMS = "terms", _("Terms or security viewed")
    INVITE = "invite", _("Invitation sent")
    BUYER_JOINED = "buyer_joined", _("Buyer joined")
    USAGE_SPIKE = "usage_spike", _("Usage spike")


class EventType(models.Model):
    """An event name with its category. `volume` counts events ever loaded."""

    name = models.CharField(max_length=200, unique=True)
    category = models.CharField(max_length=13, choices=Category)
    signal = models.CharField(
        max_length=12, choices=SignalKind, blank=True, help_text="the signal that one such event is, if any"
    )
    by_hand = models.BooleanField(default=False, help_text="a member chose the category")
    volume = models.PositiveBigIntegerField(default=0)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    silent_since = models.DateField(null=True, help_text="the first day without it, after a steady history")
    silence_accepted_at = models.DateTimeField(null=True, help_text="a member says that it is over for good")

    def __str__(self) -> str:
        return self.name


class Usage(models.Model):
    """How often a product user did one event on one day (UTC) in one workspace (0: in none).

    No account here: it follows from the workspace, else from the person. No foreign-key checks either: the loader is the
    only writer, and they would double the cost of a load. In PostgreSQL the table is partitioned by month
    (`accounts.months`).
    """

    pk = models.CompositePrimaryKey("user_id", "day", "event_type_id", "workspace_id")
    user = models.ForeignKey(ProductUser, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    day = models.DateField(db_index=True)
    event_type = models.ForeignKey(EventType, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    workspace_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField()


class UsageDay(models.Model):
    """A day that has usage, with a version that changes whenever a row of it does (by triggers, so raw SQL counts too).

    The version is random: it stands for one content of the day for good, also after a restore.
    """

    day = models.DateField(primary_key=True)
    version = models.UUIDField(db_default=RandomUUID())


class Contact(models.Model):
    """A person at an account who does not use the product."""

    email = models.CharField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="contacts")
    source = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    buying_role = models.CharField(max_length=16, choices=BuyingRole, blank=True, db_default="")
    buying_confidence = models.FloatField(default=0, db_default=0.0, help_text="0 to 1, by a person's word")
    added_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name or self.email


class Signal(models.Model):
    """A dated fact worth a rep's attention. Its account follows from the workspace, else the person, else `account`."""

    kind = models.CharField(max_length=12, choices=SignalKind)
    at = models.DateTimeField()
    user = models.ForeignKey(ProductUser, models.CASCADE, null=True, related_name="signals")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="signals")
    workspace = models.ForeignKey(Workspace, models.SET_NULL, null=True, related_name="signals")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    event_type = models.ForeignKey(EventType, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=500, blank=True)
    count = models.PositiveIntegerField(default=1, help_text="the same by the same person on the same day")
    key = models.UUIDField(unique=True, help_text="what makes it one signal: kind, person, workspace, day")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-at"]),
            models.Index(fields=["user", "-at"]),
            models.Index("user", name="signal_hand_raise", condition=models.Q(kind="hand_raise")),
        ]


class AccountChange(models.Model):
    """The work table that scoring pulls from: accounts whose usage, people or facts changed.

    `seq` grows with every change, so that a scorer removes a row only when nothing changed since it read it. `since` is that of
    the first change; urgent ones go first.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="+")
    seq = models.BigIntegerField()
    since = models.BigIntegerField(db_default=0)
    is_urgent = models.BooleanField(db_default=False)


class LoadState(models.Model):
    """One row: the loader's last success, for health and for the pages' "fresh as of"."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    loaded_at = models.DateTimeField(null=True)
    messages = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    set_aside = models.PositiveBigIntegerField(default=0)
