# SPDX-License-Identifier: Apache-2.0
"""Every rule is documented, and the routes name only rules that exist."""

from __future__ import annotations

from oslo_policy import policy

from cinder_lite import policies
from cinder_lite.api.routes import ROUTES
from cinder_lite.api.v3.volume_actions import ACTIONS
from cinder_lite.policies import base


def test_every_rule_beyond_the_base_is_documented_and_of_project_scope() -> None:
    rules = list(policies.list_rules())
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules[len(base.RULES) :]:
        assert isinstance(rule, policy.DocumentedRuleDefault)
        assert rule.scope_types == ["project"]
        assert rule.description
        for operation in rule.operations:
            assert operation["path"].startswith("/")


def test_the_operations_of_the_rules_are_routes() -> None:
    known = {(route.method, route.path) for route in ROUTES}
    for rule in list(policies.list_rules())[len(base.RULES) :]:
        for operation in rule.operations:
            path = operation["path"].partition("?")[0]
            assert (operation["method"], path) in known, rule.name


def test_the_rules_of_routes_and_actions_exist() -> None:
    names = {rule.name for rule in policies.list_rules()}
    assert {route.policy for route in ROUTES if route.policy} <= names
    assert {action.policy for action in ACTIONS.values()} <= names
