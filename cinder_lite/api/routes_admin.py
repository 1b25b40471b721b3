# SPDX-License-Identifier: Apache-2.0
"""The routes of quotas, services and what else is the administrators'. Paths are below /v3."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import quotas as quota_bodies
from cinder_lite.api.v3 import limits, quota_class_sets, quota_sets
from cinder_lite.policies import quotas as quota_rules

_QUOTAS = "/os-quota-sets/{project_id}"
_CLASS = "/os-quota-class-sets/{name}"

QUOTAS = [
    Route("GET", "/limits", limits.index),
    Route("GET", _QUOTAS, quota_sets.show),
    Route("PUT", _QUOTAS, quota_sets.update, body=quota_bodies.UPDATE),
    Route("DELETE", _QUOTAS, quota_sets.delete, bare=False),
    Route("GET", f"{_QUOTAS}/defaults", quota_sets.defaults),
    Route("GET", _CLASS, quota_class_sets.show, policy=quota_rules.CLASS_GET),
    Route(
        "PUT",
        _CLASS,
        quota_class_sets.update,
        policy=quota_rules.CLASS_UPDATE,
        body=quota_bodies.UPDATE_CLASS,
    ),
]

ROUTES = [*QUOTAS]
