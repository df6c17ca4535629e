"""What an event's name says about it: a category and, for a few, a signal. Pure: no Django, no database.

A name is cut into words ("viewedPricing_page", "pricing.viewed" and "Viewed Pricing Page" are the same), and the first
rule of `RULES` with a matching line decides. In a line, every group must be met, in any order:

    role|owner changed|updated    one of the words of each group
    signed_in                     these words side by side (little words such as "to", "a" or "our" may stand between)
    !viewed|page                  none of them
    ^review|ack                   the first word is one of them, and no verb in the past follows
    =pricing|page                 no word but these

Words match whole ("Commented" has no "commit" in it). The time is linear in the length of the name.
"""

import unicodedata
from dataclasses import dataclass

LONGEST = 400
"""Characters of a name that are looked at; event names are stored up to 200."""

VIEWED = "viewed|view|views|pageview|page|visited|visit|seen|saw|opened|open|loaded|read|browsed|landed|screen"
LOOKED = VIEWED + "|clicked|click|downloaded|download|requested|request|compared|hovered|expanded|searched|checked|info"
CHANGED = (
    "changed|change|changes|updated|update|transferred|transfer|granted|grant|promoted|promote|demoted|switched|switch"
    "|assigned|assign|added|add|removed|remove|revoked|set|made|became|given|edited|modified|replaced|elevated"
)
SET_UP = "configured|configure|enabled|enable|disabled|disable|enforced|enforce|setup|connected|configuration|activated"
UNDONE = (
    "cancelled|canceled|cancel|declined|failed|abandoned|dismissed|closed|skipped|shown|displayed|impression|expired"
    "|rejected|deleted|error"
)
PEOPLE = "teammate|teammates|member|members|colleague|colleagues|collaborator|collaborators|user|users|people|guest"
WORK_ITEMS = (
    "task|issue|ticket|deal|card|document|doc|file|item|opportunity|lead|contact|record|project|page|note|bug|story"
)

_TABLE: list[tuple[str, str, str]] = [
    (
        "intent",
        "hand_raise",
        f"""
        contact_sales|contacted_sales|talk_sales|talked_sales|speak_sales|ask_sales|call_sales|chat_sales|meet_sales|message_sales|email_sales|reach_sales !{UNDONE} !{VIEWED}
        sales_contacted|sales_contact|sales_inquiry|sales_enquiry|sales_request|sales_requested|sales_meeting|sales_chat !{UNDONE} !{VIEWED}
        demo request|requested|requests|booked|book|scheduled|schedule !{UNDONE} !{VIEWED}
        quote|proposal|pricing|price request|requested|requests !{UNDONE} !{VIEWED}
        hand_raise|hand_raised|hand_raiser|raise_hand|raised_hand|raised_hands|hands_raised|handraise|handraised|handraiser !{UNDONE} !{VIEWED}
        enterprise request|requested|inquiry|enquiry|contact|contacted|interest !{UNDONE} !{VIEWED}
        contact_submitted|contact_form_submitted|contact_form|contacted_us|contact_requested !{UNDONE} !{VIEWED}
        callback|call_back requested|request !{UNDONE} !{VIEWED}
        get_quote|speak_expert|talk_expert|talk_human !{UNDONE} !{VIEWED}
        """,  # noqa: E501
    ),
    # "<verb> <directory>": what was done decides, not where.
    ("collaboration", "", "^review|ack|signoff|codevelop|suggest|approve|comment"),
    ("creation", "", "^commit|merge|upload|publish"),
    ("advanced", "", "^report"),
    ("core", "", "^test"),
    (
        "noise",
        "",
        f"""
        signed_in|signed_out|sign_in|sign_out|signin|signout|logged_in|logged_out|log_in|log_out|login|logins|logout|logouts|authenticated|reauthenticated !{SET_UP}
        signed_up|sign_up|signup|registered|registration|account_created|user_created|identified|identify !{SET_UP}|webinar|event|event_type
        password !policy
        terms_accepted|terms_agreed|accepted_terms|agreed_terms
        session|sessions started|start|ended|end|expired|resumed|refreshed|timeout|begin|created|active
        heartbeat|heartbeats|ping|pings|pinged|keepalive|healthcheck|pageview|pageviews|screenview|pageleave|autocapture|autotrack|pageload|noop
        email|emails|newsletter|push|notification|notifications|sms|mail|message opened|open|opens|delivered|bounced|bounce|received|clicked|unsubscribed|tapped|dropped|deferred|spam|bounces
        email_sent|emails_sent|push_sent|notification_sent|sms_sent !invite|invites|invitation|invited
        unsubscribed|unsubscribe
        application|app opened|open|backgrounded|background|foregrounded|foreground|installed|uninstalled|updated|crashed|launched|launch|closed
        app|application|user|tab active|idle|inactive
        user_engagement|first_visit|first_open|deep_link|install_attributed|feature_flag|experiment_viewed|web_vitals|rage_click|dead_click
        impression|impressions|scrolled|scroll|hovered|hover|mousemove|tooltip|exception|crashed|crash
        button|link|element|cta|banner|popup|modal|tour clicked|click|tapped|shown|displayed|dismissed|closed !upgrade|pricing|plan|plans|demo|sales|billing|trial|checkout|terms|privacy|security|share|invite
        """,  # noqa: E501
    ),
    (
        "intent",
        "terms",
        f"""
        terms|privacy|security|dpa|sla|soc2|soc_2|legal|gdpr|hipaa|subprocessors|msa|trust_center|trust_centre|compliance|iso27001|iso_27001|data_processing {LOOKED} !settings|setting|preferences|alert|alerts|scan|{CHANGED}
        =terms|privacy|security|dpa|sla|soc2|soc|2|legal|gdpr|hipaa|subprocessors|msa|trust|center|centre|compliance|iso27001|policy|service|conditions|use|agreement|data|processing|notice|t|c|of|and
        """,  # noqa: E501
    ),
    (
        "intent",
        "pricing",
        f"""
        pricing {LOOKED}|calculated|calculator|toggled|table|started !created|published|imported|rule|rules
        plans {LOOKED} !created|lesson|project
        plan_page|plan_comparison|plan_compared|compare_plan|plan_selected|plan_details|view_plan !{UNDONE}
        upgrade {LOOKED}|started|button|modal|cta !shown|displayed|impression|firmware|app|application|version
        =pricing|plans|plan|upgrade|price|prices|compare|comparison
        """,
    ),
    ("collaboration", "", f"owner|assignee {WORK_ITEMS} {CHANGED}"),
    (
        "admin",
        "admin_switch",
        f"""
        role|roles|owner|ownership|admin|admins|administrator|superuser {CHANGED} !invited|invite|viewed|settings|dashboard|page
        """,
    ),
    (
        "collaboration",
        "invite",
        f"""
        invite|invites|invited|inviting|invitation|invitations !accepted|accept|declined|decline|expired|received|revoked|cancelled|canceled|viewed|view|opened|deleted|ignored|page|resent|code|redeemed|failed|rejected|shown|settings|button|modal|clicked|click|form
        {PEOPLE} added|add !removed
        """,  # noqa: E501
    ),
    (
        "admin",
        "",
        f"""
        sso|scim|saml|okta|ldap|single_sign|provisioning|provisioned|deprovisioned
        settings|setting|permission|permissions|preferences|admin|admins|administrator|role|roles|ownership|owner|policy|policies
        mfa|2fa|two_factor|multi_factor|password_policy
        audit_log|audit_logs|access_control|access_granted|access_revoked|domain_verified|verified_domain|ip_allowlist|data_retention
        {PEOPLE}|seat removed|deactivated|suspended|deleted|disabled|reactivated|remove|delete
        workspace|organization|organisation|account|team|company renamed|configured|deleted|updated|transferred
        config|configuration
        """,
    ),
    (
        "intent",
        "",
        f"""
        billing|checkout|trial|trials|paywall|subscription|subscriptions|payment|payments|purchase|purchased|paid|renewal|renewed|coupon
        pricing|quote|sales|demo {LOOKED}|request|requested|booked|book
        contact_us
        invoice|invoices viewed|downloaded|paid|opened
        plan|tier|account|workspace|seats|license|licenses upgraded|downgraded|upgrade|downgrade|selected|changed|purchased|cancelled
        =upgraded|downgraded|downgrade
        upgrade prompt|banner|modal|shown|displayed|dismissed
        limit|limits|quota reached|hit|exceeded|warning|approached
        order|cart|credit_card|promo_code
        seats|seat added|purchased|requested
        """,  # noqa: E501
    ),
    # A page or screen was looked at, and nothing above gave it a meaning.
    (
        "noise",
        "",
        """
        page|screen|pages|screens viewed|view|views|visited|visit|loaded|load|seen|opened|open|left|exited|entered|landed|rendered
        ^page|screen
        =page|screen|viewed|view|home|homepage|landing|index|visit|anonymous|loaded|track
        """,
    ),
    (
        "collaboration",
        "",
        """
        shared|share|shares|sharing|unshared|commented|comment|comments|replied|reply|replies|mentioned|mention|mentions
        reviewed|review|reviews|reviewer|ack|acked|acknowledged|approved|approve|approval|assigned|assign|assignee|unassigned
        codevelop|codeveloped|codeveloper|signoff|signed_off|sign_off|suggested|suggest|suggestion|coauthored|cosigned
        invite|invites|invited|invitation|invitations|reinvited|teammate|teammates|collaborator|collaborators|collaborated|collaboration
        joined|reacted|reaction|thread|tagged_user|feedback_given|handed_off|handoff|coedited|cursor|multiplayer
        """,
    ),
    (
        "advanced",
        "",
        """
        export|exported|exports|exporting|api|apis|sdk|cli|webhook|webhooks|integration|integrations|integrated|automation|automations|automated|automate
        advanced|oauth|custom_domain|graphql|mcp|plugin|plugins|extension|extensions|sync|synced
        """,
    ),
    (
        "creation",
        "",
        """
        created|create|creates|creation|published|publish|uploaded|upload|uploads|added|add|imported|import|imports
        commit|commits|committed|merge|merged|merges|drafted|duplicated|cloned|composed|wrote|written|authored|generated|recorded|pushed|posted|designed
        """,
    ),
    (
        "advanced",
        "",
        """
        report|reports|reporting|reported|dashboard|dashboards|chart|charts|analytics|workflow|workflows|scheduled|schedule
        bulk|formula|forecast|segment|segments|cohort|cohorts|template|templates|macro|macros|benchmark
        """,
    ),
]

LITTLE = frozenset(
    [
        "a",
        "an",
        "the",
        "to",
        "with",
        "our",
        "us",
        "of",
        "for",
        "in",
        "on",
        "at",
        "your",
        "my",
        "team",
        "about",
        "from",
        "by",
        "and",
        "was",
        "has",
        "been",
        "is",
    ]
)


@dataclass(frozen=True, slots=True)
class Group:
    words: frozenset[str]
    phrases: tuple[str, ...]

    def met(self, name: "Name") -> bool:
        return not self.words.isdisjoint(name.words) or any(phrase in name for phrase in self.phrases)


@dataclass(frozen=True, slots=True)
class Line:
    groups: tuple[Group, ...]
    without: tuple[Group, ...]
    first: frozenset[str] = frozenset()
    """The first word is one of these; it decides alone as long as nothing after it is a verb in the past."""
    only: frozenset[str] = frozenset()
    """The name has no word but these."""

    def matches(self, name: "Name") -> bool:
        if self.first and not (name.first in self.first and not name.past_later):
            return False
        if self.only and not name.words <= self.only:
            return False
        return all(group.met(name) for group in self.groups) and not any(group.met(name) for group in self.without)


class Name:
    """The words of a name: as a set, and as text to find neighbours in."""

    def __init__(self, text: str) -> None:
        words = words_of(text)
        self.words = frozenset(words)
        self.first = words[0] if words else ""
        self.past_later = any(is_past(word) for word in words[1:])
        self.full = f" {' '.join(words)} "
        self.lean = f" {' '.join(word for word in words if word not in LITTLE)} "

    def __contains__(self, phrase: str) -> bool:
        return phrase in self.full or phrase in self.lean


def is_past(word: str) -> bool:
    return (len(word) > 3 and word.endswith("ed")) or word in {"sent", "seen", "made", "built", "written", "shown"}


def words_of(text: str) -> list[str]:
    """`"viewedPricing_page"` → `["viewed", "pricing", "page"]`; letters and digits stay together ("soc2", "2fa")."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST]
    words: list[str] = []
    word = ""
    for at, char in enumerate(text):
        if not (char.isalnum() or unicodedata.combining(char)):
            cut, keep = True, ""
        else:
            before = text[at - 1] if at else ""
            after = text[at + 1] if at + 1 < len(text) else ""
            hump = char.isupper() and (before.islower() or before.isdigit() or (before.isupper() and after.islower()))
            cut, keep = hump, char
        if cut and word:
            words.append(word.casefold())
            word = ""
        word += keep
    if word:
        words.append(word.casefold())
    return words


def _group(text: str) -> Group:
    parts = text.split("|")
    return Group(
        frozenset(part for part in parts if "_" not in part),
        tuple(f" {part.replace('_', ' ')} " for part in parts if "_" in part),
    )


def _line(text: str) -> Line:
    marks: dict[str, frozenset[str]] = {}
    groups, without = [], []
    for part in text.split():
        if part.startswith("!"):
            without.append(_group(part[1:]))
        elif part.startswith("^"):
            marks["first"] = frozenset(part[1:].split("|"))
        elif part.startswith("="):
            marks["only"] = frozenset(part[1:].split("|"))
        else:
            groups.append(_group(part))
    return Line(tuple(groups), tuple(without), **marks)


RULES: list[tuple[str, str, list[Line]]] = [
    (category, signal, [_line(line) for line in lines.strip().splitlines()]) for category, signal, lines in _TABLE
]


def classify(name: str) -> tuple[str, str]:
    """The category of an event of this name and the signal that it is, or `""`: values of Category and SignalKind."""
    seen = Name(name)
    if seen.words:
        for category, signal, lines in RULES:
            if any(line.matches(seen) for line in lines):
                return category, signal
    return "core", ""
