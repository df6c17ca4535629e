"""`{% load routes %}`: the routing table for pages of apps that know nothing of queues."""

from __future__ import annotations

from django import template

from playbooks import routing_summary

register = template.Library()


@register.simple_tag
def routing_lines() -> list[routing_summary.Line]:
    """One query."""
    return routing_summary.lines()
