"""What each role may do: the table here is the only place that decides."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is here for."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    OPS = "ops"
    OWNER = "owner"


class Permission(StrEnum):
    """One thing that somebody may do on the review page."""

    SEE_ITEMS = "see_items"
    RULE_ON_ITEMS = "rule_on_items"
    ADJUDICATE = "adjudicate"
    MARK_GOLDEN = "mark_golden"
    SEE_DESK = "see_desk"
    ANSWER_QUESTIONS = "answer_questions"
    SEE_TERMS = "see_terms"
    RULE_ON_TERMS = "rule_on_terms"
    SEE_MOTIFS = "see_motifs"
    KEEP_MOTIFS = "keep_motifs"
    DECIDE_MOTIFS = "decide_motifs"
    READ_AUDIT = "read_audit"
    SEE_ASSURANCE = "see_assurance"
    SEE_NAMES = "see_names"
    SEE_OWN_WORKS = "see_own_works"
    SEND_REQUESTS = "send_requests"
    SEE_REQUESTS = "see_requests"
    DECIDE_REQUESTS = "decide_requests"
    SEE_RULINGS = "see_rulings"
    SEE_RELEASES = "see_releases"
    SEE_PROPOSALS = "see_proposals"
    SIGN_RELEASES = "sign_releases"
    DECIDE_POLICY = "decide_policy"
    SEE_REGISTER = "see_register"
    KEEP_REGISTER = "keep_register"
    SEE_TAKEDOWNS = "see_takedowns"
    ACKNOWLEDGE_TAKEDOWNS = "acknowledge_takedowns"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_REVIEWERS = "manage_reviewers"
    MANAGE_LEADS = "manage_leads"
    MANAGE_OPS = "manage_ops"
    MANAGE_OWNERS = "manage_owners"


_P = Permission
_REVIEWING = frozenset(
    {
        _P.SEE_ITEMS,
        _P.RULE_ON_ITEMS,
        _P.SEE_TERMS,
        _P.RULE_ON_TERMS,
        _P.SEE_MOTIFS,
        _P.KEEP_MOTIFS,
        _P.READ_AUDIT,
        _P.SEE_NAMES,
        _P.SEE_RELEASES,
        _P.SEE_REGISTER,
        _P.KEEP_REGISTER,
    }
)

NAME_ALONE = None
"""Stands in the table for whoever signed in with a name, while there are no accounts."""

PERMISSIONS: Mapping[Role | None, frozenset[Permission]] = MappingProxyType(
    {
        Role.REVIEWER: _REVIEWING,
        Role.LEAD: _REVIEWING
        | {
            _P.ADJUDICATE,
            _P.MARK_GOLDEN,
            _P.SEE_DESK,
            _P.DECIDE_MOTIFS,
            _P.SEE_ASSURANCE,
            _P.SEE_RULINGS,
            _P.SEE_PROPOSALS,
            _P.SIGN_RELEASES,
            _P.DECIDE_POLICY,
            _P.SEE_TAKEDOWNS,
            _P.ACKNOWLEDGE_TAKEDOWNS,
            _P.SEE_REQUESTS,
            _P.DECIDE_REQUESTS,
            _P.MANAGE_REVIEWERS,
        },
        Role.OPS: frozenset(
            {
                _P.SEE_ITEMS,
                _P.SEE_DESK,
                _P.SEE_TERMS,
                _P.SEE_MOTIFS,
                _P.READ_AUDIT,
                _P.SEE_ASSURANCE,
                _P.SEE_NAMES,
                _P.SEE_RULINGS,
                _P.SEE_RELEASES,
                _P.SEE_PROPOSALS,
                _P.SEE_REGISTER,
                _P.SEE_TAKEDOWNS,
                _P.SEE_REQUESTS,
                _P.MANAGE_WEBHOOKS,
                _P.MANAGE_REVIEWERS,
                _P.MANAGE_LEADS,
                _P.MANAGE_OPS,
                _P.MANAGE_OWNERS,
            }
        ),
        Role.OWNER: frozenset(
            {
                _P.ANSWER_QUESTIONS,
                _P.READ_AUDIT,
                _P.SEE_ASSURANCE,
                _P.SEE_OWN_WORKS,
                _P.SEND_REQUESTS,
            }
        ),
        NAME_ALONE: _REVIEWING
        | {
            _P.ADJUDICATE,
            _P.MARK_GOLDEN,
            _P.SEE_DESK,
            _P.DECIDE_MOTIFS,
            _P.SEE_ASSURANCE,
            _P.SEE_PROPOSALS,
            _P.SIGN_RELEASES,
            _P.DECIDE_POLICY,
        },
    }
)

MANAGING: Mapping[Role, Permission] = MappingProxyType(
    {
        Role.REVIEWER: _P.MANAGE_REVIEWERS,
        Role.LEAD: _P.MANAGE_LEADS,
        Role.OPS: _P.MANAGE_OPS,
        Role.OWNER: _P.MANAGE_OWNERS,
    }
)
"""The permission that it takes to make, change or disable an account of each role."""


def manages(granted: frozenset[Permission], role: Role) -> bool:
    """Whether somebody with these permissions may make, change and disable accounts of a role."""
    return MANAGING[role] in granted


def managed_roles(granted: frozenset[Permission]) -> tuple[Role, ...]:
    """The roles whose accounts somebody with these permissions looks after."""
    return tuple(role for role in Role if manages(granted, role))
