"""The tables of who uses the product and what they did. Verbs that change them live in the modules of their nouns."""

from accounts.models.audit import AuditEntry
from accounts.models.companies import (
    Account,
    AccountChange,
    AccountDomain,
    AccountQuerySet,
    Ambiguity,
    Correction,
    DomainRule,
    MergeSuggestion,
    Resettling,
    Workspace,
)
from accounts.models.hand_raises import HandRaise, HandRaiseForm, UsageAfterRaise
from accounts.models.intake import Landing, LoadState, SeenMessage, SetAside, Source, new_write_key
from accounts.models.members import Member, MemberManager, Role, initials
from accounts.models.people import (
    BuyingRole,
    Contact,
    ContactImport,
    Department,
    Invitation,
    Membership,
    ProductUser,
    ProfilingDay,
    Seniority,
    UserAlias,
)
from accounts.models.personas import Persona, ProfilingRun, RoleWord, TitleRule
from accounts.models.usage import Category, EventType, Signal, SignalKind, Usage, UsageDay

__all__ = [
    "Account",
    "AccountChange",
    "AccountDomain",
    "AccountQuerySet",
    "Ambiguity",
    "AuditEntry",
    "BuyingRole",
    "Category",
    "Contact",
    "ContactImport",
    "Correction",
    "Department",
    "DomainRule",
    "EventType",
    "HandRaise",
    "HandRaiseForm",
    "Invitation",
    "Landing",
    "LoadState",
    "Member",
    "MemberManager",
    "Membership",
    "MergeSuggestion",
    "Persona",
    "ProductUser",
    "ProfilingDay",
    "ProfilingRun",
    "Resettling",
    "Role",
    "RoleWord",
    "SeenMessage",
    "Seniority",
    "SetAside",
    "Signal",
    "SignalKind",
    "Source",
    "TitleRule",
    "Usage",
    "UsageAfterRaise",
    "UsageDay",
    "UserAlias",
    "Workspace",
    "initials",
    "new_write_key",
]
