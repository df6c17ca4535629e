import csv
import gzip
import json
import time
from collections import defaultdict

import pytest

from accounts.event_names import classify, words_of
from accounts.models import Category, SignalKind

HAND = ("intent", "hand_raise")
PRICING = ("intent", "pricing")
TERMS = ("intent", "terms")
SWITCH = ("admin", "admin_switch")
INVITE = ("collaboration", "invite")
INTENT, ADMIN, TOGETHER = ("intent", ""), ("admin", ""), ("collaboration", "")
CREATION, ADVANCED, NOISE, CORE = ("creation", ""), ("advanced", ""), ("noise", ""), ("core", "")

KNOWN = {
    HAND: [
        "Contact Sales Submitted", "Demo Requested", "Requested a Demo", "Talk to Sales Clicked", "Hand Raised",
        "Quote Requested", "contact_sales_submitted", "contactSalesSubmitted", "sales.contact.requested", "Book a Demo",
        "DEMO_REQUESTED", "Contact our Sales Team", "Requested Pricing", "Contact Form Submitted", "Get a Quote",
    ],
    PRICING: [
        "Pricing Page Viewed", "Viewed Pricing Page", "Pricing", "pricing_viewed", "pricing.page.viewed",
        "Upgrade Clicked", "Viewed Plans Page", "Compare Plans Viewed", "Viewed Upgrade Page",
    ],
    TERMS: [
        "Viewed Terms Page", "Terms", "Terms of Service Viewed", "Privacy Policy Viewed", "Viewed Security Page",
        "SOC2 Report Downloaded", "SOC 2 Report Requested", "DPA Downloaded", "SLA Viewed", "Viewed Legal Info",
    ],
    INTENT: [
        "Viewed Billing Page", "Checkout Started", "Trial Started", "Trial_Ended", "Subscription Created",
        "Payment Method Added", "Invoice Downloaded", "Usage Limit Reached", "Plan Upgraded", "Upgrade Prompt Shown",
        "Contact Sales Page Viewed", "Demo Request Cancelled", "Seats Purchased",
    ],
    SWITCH: [
        "Role Changed", "Admin Role Changed", "Owner Changed", "Ownership Transferred", "workspace_owner_changed",
        "Admin Added", "User Promoted to Admin", "adminRoleUpdated",
    ],
    ADMIN: [
        "SSO Configured", "SCIM Enabled", "SSO Login Enabled", "Settings Updated", "Permission Granted", "User Removed",
        "Security Settings Changed", "Admin Dashboard Viewed", "Viewed Settings Page",
    ],
    INVITE: [
        "Teammate Invited", "Invite Sent", "invited", "invite_sent", "Member Added", "User Invited", "Added Teammate",
        "Invited a Colleague",
    ],
    TOGETHER: [
        "Report Shared", "Commented", "Comment Added", "User Mentioned", "Reviewed", "review.submitted",
        "Review Requested", "Approved", "Task Assigned", "Task Owner Changed", "Invite Accepted", "Page Shared",
        "Reinvited User", "commented_on_commit",
    ],
    CREATION: [
        "Dashboard Created", "Report Created", "Document Published", "fileUploaded", "Contacts Imported", "Item Added",
        "pull_request.merged", "Commit", "Page Published", "Plan Created", "Invoice Created", "Pricing Rule Created",
    ],
    ADVANCED: [
        "Report Exported", "Export Completed", "API Key Created", "Integration Connected", "Webhook Created",
        "Automation Triggered", "Report Viewed", "Dashboard Viewed", "Advanced Filter Applied",
    ],
    NOISE: [
        "Signed In", "Signed Out", "Logged In", "Signed In with SSO", "Session Started", "Heartbeat", "ping",
        "Email Opened", "Email Delivered", "Email Bounced", "Application Opened", "Application Backgrounded",
        "Page Viewed", "Viewed Home Page", "Viewed Page", "Viewed Screen", "Loaded a Page", "$pageview",
        "Button Clicked", "Invite Email Opened", "Signed Up", "session_start", "first_visit", "user_engagement",
    ],
    CORE: [
        "Task Completed", "Search Performed", "Application_Completed", "Sales Call Logged", "SLA Breached", "Sharepoint",
        "Projekt geöffnet", "プロジェクト", "Roleplay Finished", "", "🎉", "   ", "...", "<event_name>", "Settingsun",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("expected", "name"), [(kind, name) for kind, names in KNOWN.items() for name in names])
def test_a_name_gives_its_category_and_signal(expected, name):
    assert classify(name) == expected


def test_answers_are_values_of_the_models():
    assert {category for category, _ in KNOWN} == set(Category.values)
    assert {signal for _, signal in KNOWN} - {""} <= set(SignalKind.values)


@pytest.mark.parametrize(
    "name",
    ["Pricing Page Viewed", "pricing_page_viewed", "pricing.page.viewed", "pricingPageViewed", "PRICING-PAGE-VIEWED",
     "Ｐｒｉｃｉｎｇ page viewed"],
)  # fmt: skip
def test_the_way_of_writing_does_not_matter(name):
    assert words_of(name) == ["pricing", "page", "viewed"]


def test_letters_digits_and_humps_are_cut_where_people_would():
    assert words_of("SOC2Report 2fa_enabled APIKeyCreated") == [
        "soc2", "report", "2fa", "enabled", "api", "key", "created",
    ]  # fmt: skip


def test_words_match_whole_only():
    assert classify("Commented")[0] == "collaboration"
    assert classify("Commitment Rated") == CORE
    assert classify("Preinvited List") == CORE
    assert classify("Importance Rated") == CORE


@pytest.mark.parametrize("text", ["A" * 300_000, "aB" * 300_000, "a " * 300_000, "_" * 300_000, "é" * 300_000])
def test_a_hostile_name_costs_no_time(text):
    started = time.thread_time()
    classify(text)
    assert time.thread_time() - started < 2, "of the processor; minutes or for ever if it were not linear"


def test_the_deed_decides_and_not_the_directory(shared):
    """Names of the git history are "<deed> <directory>"; a directory "config" or "license" says nothing."""
    found = defaultdict(set)
    with gzip.open(shared / "data/git_usage/events.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            found[row["event"]].add(classify(f"{row['event']} {row['feature']}"))
    assert found == {
        "commit": {CREATION}, "review": {TOGETHER}, "ack": {TOGETHER}, "signoff": {TOGETHER},
        "codevelop": {TOGETHER}, "suggest": {TOGETHER}, "test": {CORE}, "report": {ADVANCED},
    }  # fmt: skip


def test_events_of_the_segment_specification_are_placed_sanely(shared):
    names = set()
    for line in (shared / "data/segment_spec/segment_spec_examples.jsonl").read_text().splitlines():
        payload = json.loads(line)["payload"]
        if isinstance(payload, dict) and isinstance(payload.get("event"), str):
            names.add(payload["event"])
    assert len(names) > 40
    placed = {name: classify(name) for name in names}
    expected = {
        "Viewed Legal Info": TERMS, "Trial Ended": INTENT, "Subscription Started": INTENT, "Order Completed": INTENT,
        "Signed Out": NOISE, "Logged In": NOISE, "Email Opened": NOISE, "Application Opened": NOISE,
        "Push Notification Tapped": NOISE, "Button Clicked": NOISE, "Conversation Started": CORE,
    }  # fmt: skip
    assert {name: placed[name] for name in expected} == expected
    # A page of examples holds no hand raised, no invitation and no switched admin.
    assert not {signal for _, signal in placed.values()} & {"hand_raise", "invite", "admin_switch"}
