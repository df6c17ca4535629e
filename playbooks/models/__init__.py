"""The tables of who should act on what, how, and what came of it."""

from playbooks.models.answers import Answer
from playbooks.models.items import Closing, QueueItem, QueueItemEvent, Reason
from playbooks.models.members import DigestMail, HeldPlace, Notification, SavedView, WorkSettings
from playbooks.models.motions import Motion, RoutingRule
from playbooks.models.plays import Play, PlayStep, PlayUse
from playbooks.models.policies import CoolDown, Holiday, QueuePolicy, SlaMiss
from playbooks.models.touches import Step, Touch

__all__ = [
    "Answer",
    "Closing",
    "CoolDown",
    "DigestMail",
    "HeldPlace",
    "Holiday",
    "Motion",
    "Notification",
    "Play",
    "PlayStep",
    "PlayUse",
    "QueueItem",
    "QueueItemEvent",
    "QueuePolicy",
    "Reason",
    "RoutingRule",
    "SavedView",
    "SlaMiss",
    "Step",
    "Touch",
    "WorkSettings",
]
