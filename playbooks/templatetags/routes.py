"""`{% load routes %}`: the routing table for pages of apps that know nothing of queues, and the count of the lead guard."""

from __future__ import annotations

from django import template

from playbooks import lead_guard, routing_summary

register = template.Library()


@register.simple_tag
def routing_lines() -> list[routing_summary.Line]:
    """One query."""
    return routing_summary.lines()


@register.simple_tag
def bare_sign_ups() -> int:
    """Those in sales' queue, at most a minute old. One query a minute and process."""
    return lead_guard.count_lately()
