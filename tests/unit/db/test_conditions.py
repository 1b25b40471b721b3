# SPDX-License-Identifier: Apache-2.0
"""Conditions: what the UPDATE tests and what the sentence says can not drift apart."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import engine, models, volumes
from tests.unit import rows

pytestmark = pytest.mark.usefixtures("database")

RULES = [
    cond.In("{volume.status}", "status", ("available", "in-use")),
    cond.In("{volume.migration_status}", "migration_status", states.MIGRATION_IDLE),
    cond.In("{volume.group_id}", "group_id", (None,)),
    cond.In("nothing will do", "status", ()),
    cond.Differs("{volume.status}", "status", "maintenance"),
    cond.Differs("{volume.host}", "host", "a@b#c"),
    cond.OnOtherBackend("{volume.host}", "a@b"),
    cond.OnOtherBackend("{volume.host}", "a@b#c"),
    cond.NotMigrationTarget("{volume.migration_status}"),
    cond.NoSnapshots("snapshots"),
]
VOLUMES: list[dict[str, Any]] = [
    {},
    {"status": "error"},
    {"status": None},
    {"status": "maintenance"},
    {"migration_status": "migrating"},
    {"migration_status": "success"},
    {"migration_status": "target:123"},
    {"group_id": "g"},
    {"host": None},
    {"host": "a@b"},
    {"host": "a@b#c"},
    {"host": "a@b#d"},
    {"host": "a@bb#c"},
    {"host": "a_b"},
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{type(rule).__name__}")
@pytest.mark.parametrize("values", VOLUMES, ids=str)
def test_clause_and_holds_agree(
    rule: cond.Condition, values: dict[str, Any], admin: RequestContext
) -> None:
    volume = rows.volume(**values)
    allowed = volumes.conditional_update(volume.id, {"display_name": "changed"}, [rule])
    assert rule.holds(volume, has_snapshots=False) is allowed
    refused = volumes.refusals(volume.id, [rule])
    assert refused == ([] if allowed else [rule.explain(volume)])
    assert (volumes.get(admin, volume.id).display_name == "changed") is allowed


def test_snapshots_refuse_until_they_are_deleted() -> None:
    volume, other = rows.volume(), rows.volume()
    with engine.transaction() as connection:
        row = {"id": rows.new_id(), "volume_id": volume.id, "deleted": False}
        connection.execute(sa.insert(models.snapshots), row)
    rule = cond.NoSnapshots("it has snapshots.")
    assert not volumes.conditional_update(volume.id, {"size": 2}, [rule])
    assert volumes.refusals(volume.id, [rule]) == ["it has snapshots."]
    assert volumes.conditional_update(other.id, {"size": 2}, [rule])
    with engine.transaction() as connection:
        connection.execute(sa.update(models.snapshots).values(deleted=True))
    assert volumes.conditional_update(volume.id, {"size": 2}, [rule])


def test_refusals_name_every_rule_that_refuses() -> None:
    volume = rows.volume(status="error", migration_status="migrating", group_id="g")
    refused = volumes.refusals(volume.id, RULES[:3])
    assert refused == ["error", "migrating", "g"]
