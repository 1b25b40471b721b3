# SPDX-License-Identifier: Apache-2.0
"""Decides who may do what: oslo.policy, with its decisions kept for as long as the rules stand.

A decision depends on the rule, on what the caller is, and on the project that owns the target, so
it is asked of oslo.policy once and then read from a dictionary: a request costs no rule parsing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.context import RequestContext

if TYPE_CHECKING:
    from oslo_policy import policy

CONF = cfg.CONF

_RELOAD_SECONDS = 1.0
"""How long a changed policy file may go unnoticed."""
_MOST_DECISIONS = 10_000
"""Decisions kept before the dictionary starts anew: callers come and go."""

_enforcer: policy.Enforcer | None = None
_decisions: dict[tuple[object, ...], bool] = {}
_rules_seen: object = None
_checked = 0.0


def init() -> policy.Enforcer:
    """Return the process's enforcer, made and its files read at the first call."""
    global _enforcer
    if _enforcer is None:
        from oslo_policy import policy  # 0.1 s that only the API needs

        from cinder_lite import policies

        enforcer = policy.Enforcer(CONF)
        enforcer.register_defaults(list(policies.list_rules()))
        enforcer.load_rules()
        _enforcer = enforcer
    return _enforcer


def reset() -> None:
    """Forget the enforcer and its decisions: after a reload of the configuration, and in tests."""
    global _enforcer, _rules_seen, _checked
    _enforcer = None
    _rules_seen = None
    _checked = 0.0
    _decisions.clear()


def get_enforcer() -> policy.Enforcer:
    """Return an enforcer for oslopolicy's command line tools."""
    from cinder_lite import conf  # noqa: F401, PLC0415 - registers the options

    CONF([], project="cinder_lite")
    return init()


def allowed(context: RequestContext, rule: str, project_id: str | None = None) -> bool:
    """Tell whether a caller passes a rule.

    :param rule: the rule's name
    :param project_id: the project that owns the target; without it the caller's own
    """
    now = time.monotonic()
    if now - _checked > _RELOAD_SECONDS:
        _look_for_changes(now)
    owner = project_id if project_id is not None else context.project_id
    key = (rule, owner, *_who(context))
    decision = _decisions.get(key)
    if decision is None:
        decision = _decide(context, rule, owner)
        if len(_decisions) >= _MOST_DECISIONS:
            _decisions.clear()
        _decisions[key] = decision
    return decision


def authorize(context: RequestContext, rule: str, project_id: str | None = None) -> None:
    """Let a caller pass, or not.

    :param rule: the rule's name
    :param project_id: the project that owns the target; without it the caller's own
    :raises PolicyNotAuthorized: the rule refuses
    """
    if not allowed(context, rule, project_id):
        raise exception.PolicyNotAuthorized(action=rule)


def is_admin(context: RequestContext) -> bool:
    """Tell whether a caller's roles make an administrator (rule context_is_admin)."""
    return allowed(context, "context_is_admin")


def _who(context: RequestContext) -> tuple[object, ...]:
    """Return all of a caller that a rule can look at."""
    who: tuple[object, ...] | None = context.__dict__.get("_policy_who")
    if who is None:
        who = (
            context.user_id,
            context.project_id,
            tuple(context.roles),
            context.is_admin,
            context.is_admin_project,
            context.system_scope,
            context.domain_id,
            context.user_domain_id,
            context.project_domain_id,
            tuple(context.service_roles or ()),
            context.service_user_id,
            context.service_project_id,
        )
        context.__dict__["_policy_who"] = who
    return who


def _look_for_changes(now: float) -> None:
    """Read the policy files again if they have changed, and then forget what they decided."""
    global _rules_seen, _checked
    _checked = now
    enforcer = init()
    enforcer.load_rules()
    if enforcer.rules is not _rules_seen:
        _rules_seen = enforcer.rules
        _decisions.clear()


def _decide(context: RequestContext, rule: str, owner: str | None) -> bool:
    from oslo_policy import policy

    credentials = dict(context.to_policy_values())
    credentials["is_admin"] = bool(context.is_admin)
    # Not whose object it is: a rule that asks for the target's user never passes.
    target = {"project_id": owner}
    try:
        return bool(init().enforce(rule, target, credentials))
    except policy.InvalidScope:
        return False
