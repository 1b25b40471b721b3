# SPDX-License-Identifier: Apache-2.0
"""What a lost answer of the database makes of a volume that is to be reverted."""

from __future__ import annotations

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import reverts, snapshots, volumes
from cinder_lite.volume.rooms import status_in
from tests.unit import rows


def test_a_lost_answer_does_not_refuse_what_has_begun(
    lost: list[bool], admin: RequestContext
) -> None:
    volume = rows.volume()
    snapshot = rows.snapshot(volume)
    rules = [status_in(states.AVAILABLE)]
    lost.append(True)
    assert reverts.begin(snapshot, rules) == []
    assert not lost
    assert volumes.get(admin, volume.id).previous_status == states.AVAILABLE
    assert "its status must be available" in reverts.begin(snapshot, rules)[0]
    lost.append(True)
    reverts.end(volume.id, states.ERROR, snapshot.id)
    assert volumes.get(admin, volume.id).status == states.ERROR
    assert snapshots.get(admin, snapshot.id).status == states.AVAILABLE
