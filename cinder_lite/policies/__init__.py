# SPDX-License-Identifier: Apache-2.0
"""Every policy rule, with the REST calls it guards. Names and defaults are Cinder's."""

from __future__ import annotations

from collections.abc import Iterator

from oslo_policy import policy

from cinder_lite.policies import (
    attachments,
    backups,
    base,
    capacity,
    clusters,
    default_types,
    group_snapshots,
    group_types,
    groups,
    limits,
    manageable,
    messages,
    qos_specs,
    quotas,
    services,
    snapshots,
    volume_actions,
    volume_attributes,
    volume_data,
    volume_images,
    volume_metadata,
    volume_migrations,
    volume_transfers,
    volume_types,
    volumes,
)

_MODULES = (
    base,
    volumes,
    volume_actions,
    attachments,
    volume_attributes,
    volume_data,
    volume_images,
    volume_metadata,
    volume_migrations,
    volume_transfers,
    volume_types,
    default_types,
    qos_specs,
    group_types,
    groups,
    group_snapshots,
    services,
    capacity,
    limits,
    quotas,
    snapshots,
    manageable,
    clusters,
    backups,
    messages,
)


def list_rules() -> Iterator[policy.RuleDefault]:
    """Yield every rule, for the enforcer and for oslopolicy-sample-generator."""
    for module in _MODULES:
        yield from module.RULES
