"""Who signs in to this app."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
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
