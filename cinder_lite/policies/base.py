# SPDX-License-Identifier: Apache-2.0
"""The check strings that the other rules are made of, as Cinder has them since its Xena release."""

from __future__ import annotations

from oslo_policy import policy

ADMIN_API = "rule:admin_api"
READER = "rule:xena_system_admin_or_project_reader"
MEMBER = "rule:xena_system_admin_or_project_member"

RULES = [
    policy.RuleDefault(
        "context_is_admin",
        "role:admin",
        description="Who counts as an administrator: sees every project and every attribute.",
    ),
    policy.RuleDefault(
        "admin_api",
        "is_admin:True or (role:admin and is_admin_project:True)",
        description="Calls that are for administrators only.",
    ),
    policy.RuleDefault(
        "admin_or_owner",
        "is_admin:True or (role:admin and is_admin_project:True) or project_id:%(project_id)s",
        description="Administrators, and anybody in the project that owns the thing.",
    ),
    policy.RuleDefault(
        "xena_system_admin_or_project_reader",
        "(role:admin) or (role:reader and project_id:%(project_id)s)",
        description="Administrators, and who may read in the project that owns the thing.",
    ),
    policy.RuleDefault(
        "xena_system_admin_or_project_member",
        "(role:admin) or (role:member and project_id:%(project_id)s)",
        description="Administrators, and the members of the project that owns the thing.",
    ),
]


def rule(name: str, check: str, description: str, *operations: str) -> policy.RuleDefault:
    """Return a documented rule of project scope.

    :param name: Cinder's name of the rule
    :param check: the default check string
    :param operations: REST calls it guards, each ``METHOD /path``
    """
    calls: list[policy.Operation] = []
    for operation in operations:
        method, _, path = operation.partition(" ")
        calls.append({"method": method, "path": path})
    return policy.DocumentedRuleDefault(name, check, description, calls, scope_types=["project"])
