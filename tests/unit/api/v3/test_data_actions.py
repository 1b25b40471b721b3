# SPDX-License-Identifier: Apache-2.0
"""Actions that change a volume's size or data, and the deletion with snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import growth, snapshots, volumes
from cinder_lite.objects import Volume
from tests.unit import rows
from tests.unit.api.client import MEMBER, PROJECT, Answer, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption


@pytest.fixture
def volume(api: Client) -> Volume:
    return rows.volume(project_id=PROJECT)


def status_of(admin: RequestContext, volume: Volume) -> str | None:
    return volumes.get(admin, volume.id).status


# --- extend ------------------------------------------------------------------------------------


def extend(api: Client, volume: Volume, size: Any = 2, version: str = "3.71") -> Answer:
    return api.action(volume.id, "os-extend", {"new_size": size}, version=version, token=MEMBER)


@pytest.mark.parametrize("size", [3, "3"])
def test_extend(
    api: Client, peers: Peers, volume: Volume, admin: RequestContext, size: Any
) -> None:
    assert extend(api, volume, size).status == 202
    assert status_of(admin, volume) == states.EXTENDING
    assert growth.growing_to(volume.id) == 3
    ((name, (one, new_size), _),) = peers.scheduler.calls
    assert (name, one, new_size) == ("extend_volume", volume.id, 3)
    assert peers.volume.calls == []


@pytest.mark.parametrize(("version", "status"), [("3.41", 400), ("3.42", 202), ("3.71", 202)])
def test_a_volume_in_use_grows_since_3_42(api: Client, version: str, status: int) -> None:
    volume = rows.volume(project_id=PROJECT, status=states.IN_USE, attach_status=states.ATTACHED)
    assert extend(api, volume, version=version).status == status


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": states.ERROR}, "its status must be available, but is error"),
        ({"migration_status": states.MIGRATION_STARTING}, "moving to another backend"),
        ({"size": 2}, "New size for extend must be greater than current size"),
        ({"size": 3}, "New size for extend must be greater than current size"),
    ],
)
def test_states_that_refuse_to_grow(
    api: Client, peers: Peers, admin: RequestContext, values: dict[str, Any], why: str
) -> None:
    volume = rows.volume(project_id=PROJECT, **values)
    answer = extend(api, volume)
    assert answer.status == 400
    assert why in answer.sentence
    assert peers.scheduler.calls == []
    assert status_of(admin, volume) == volume.status


@pytest.mark.parametrize("size", [0, -1, "x", None, 2**31, "9" * 50, 1.5])
def test_sizes_that_are_none(api: Client, volume: Volume, size: Any) -> None:
    assert extend(api, volume, size).status == 400


def test_quota(api: Client, volume: Volume, option: SetOption, admin: RequestContext) -> None:
    option("quota_gigabytes", 3)
    answer = extend(api, volume, 4)
    assert answer.status == 413
    assert "Requested 3G, quota is 3G and 1G has been consumed" in answer.sentence
    assert status_of(admin, volume) == states.AVAILABLE
    option("per_volume_size_limit", 1)
    assert "larger than maximum allowed" in extend(api, volume, 2).sentence


def test_without_a_broker_nothing_grows(
    api: Client, peers: Peers, volume: Volume, admin: RequestContext
) -> None:
    peers.scheduler.answers["extend_volume"] = OSError("no broker")
    assert extend(api, volume).status == 503
    assert status_of(admin, volume) == states.AVAILABLE
    assert growth.growing_to(volume.id) is None


def test_completion_is_not_ours_to_be_told(api: Client, volume: Volume) -> None:
    def complete(version: str = "3.71", **options: Any) -> Answer:
        name = "os-extend_volume_completion"
        return api.action(volume.id, name, {"error": False}, version=version, **options)

    assert "is not being extended" in complete("3.0").sentence
    assert complete(token=MEMBER).status == 403
    assert "is not being extended" in complete().sentence
    extend(api, volume)
    assert "completes the extension itself" in complete().sentence


# --- revert ------------------------------------------------------------------------------------


def revert(api: Client, volume: Volume, snapshot_id: str | None, version: str = "3.40") -> Answer:
    content = {"snapshot_id": snapshot_id}
    return api.action(volume.id, "revert", content, version=version, token=MEMBER)


def test_revert(api: Client, peers: Peers, volume: Volume, admin: RequestContext) -> None:
    rows.snapshot(volume)
    latest = rows.snapshot(volume)
    assert revert(api, volume, latest.id, "3.39").status == 404
    assert revert(api, volume, latest.id).status == 202
    assert status_of(admin, volume) == states.REVERTING
    assert snapshots.get(admin, latest.id).status == states.RESTORING
    ((name, (one, snapshot_id), _),) = peers.volume.calls
    assert (name, one.id, snapshot_id) == ("revert_to_snapshot", volume.id, latest.id)


def test_only_to_the_latest_snapshot_of_the_same_size(api: Client, volume: Volume) -> None:
    assert "doesn't have any snapshots" in revert(api, volume, None).sentence
    older, latest = rows.snapshot(volume), rows.snapshot(volume)
    for wrong in (None, older.id):
        assert "is None or not the latest one" in revert(api, volume, wrong).sentence
    volumes.update(volume.id, {"size": 2})
    answer = revert(api, volume, latest.id)
    assert answer.status == 400
    assert "size must be equal" in answer.sentence


@pytest.mark.parametrize(
    ("of_volume", "of_snapshot", "why"),
    [
        (states.IN_USE, states.AVAILABLE, "its status must be available, but is in-use"),
        (states.AVAILABLE, states.ERROR, "must be available"),
    ],
)
def test_states_that_refuse_to_go_back(
    api: Client,
    volume: Volume,
    admin: RequestContext,
    of_volume: str,
    of_snapshot: str,
    why: str,
) -> None:
    snapshot = rows.snapshot(volume, status=of_snapshot)
    volumes.update(volume.id, {"status": of_volume})
    answer = revert(api, volume, snapshot.id)
    assert answer.status == 409
    assert why in answer.sentence
    assert status_of(admin, volume) == of_volume
    assert snapshots.get(admin, snapshot.id).status == of_snapshot


def test_without_a_broker_nothing_goes_back(
    api: Client, peers: Peers, volume: Volume, admin: RequestContext
) -> None:
    snapshot = rows.snapshot(volume)
    peers.volume.answers["revert_to_snapshot"] = OSError("no broker")
    assert revert(api, volume, snapshot.id).status == 503
    assert status_of(admin, volume) == states.AVAILABLE
    assert snapshots.get(admin, snapshot.id).status == states.AVAILABLE


# --- delete, unmanage --------------------------------------------------------------------------


def test_cascade(api: Client, peers: Peers, volume: Volume, admin: RequestContext) -> None:
    snapshot = rows.snapshot(volume)
    assert api("DELETE", f"/volumes/{volume.id}?cascade=true", token=MEMBER).status == 202
    assert status_of(admin, volume) == states.DELETING
    assert snapshots.get(admin, snapshot.id).status == states.DELETING
    assert peers.volume.names == ["delete_volume"]


def test_cascade_is_refused_by_a_snapshot_that_can_not_go(
    api: Client, volume: Volume, admin: RequestContext
) -> None:
    one = rows.snapshot(volume, status=states.CREATING)
    rows.snapshot(volume)
    answer = api("DELETE", f"/volumes/{volume.id}?cascade=true")
    assert answer.status == 400
    assert f"snapshot {one.id} must be available or in error, but is creating" in answer.sentence
    assert status_of(admin, volume) == states.AVAILABLE
    assert api("DELETE", f"/volumes/{volume.id}?cascade=true&force=true").status == 202


def test_unmanage(api: Client, peers: Peers, volume: Volume, admin: RequestContext) -> None:
    assert api.action(volume.id, "os-unmanage", {}, token=MEMBER).status == 403
    assert api.action(volume.id, "os-unmanage", {}).status == 202
    assert status_of(admin, volume) == states.UNMANAGING
    assert peers.volume.calls[0][2] == {"unmanage_only": True}


def test_what_could_not_be_taken_over_is_forgotten_not_deleted(
    api: Client, peers: Peers, admin: RequestContext
) -> None:
    volume = rows.volume(project_id=PROJECT, status=states.ERROR_MANAGING)
    url = f"/volumes/{volume.id}"
    assert api("GET", url).json["volume"]["status"] == "error"
    assert api("DELETE", url).status == 202
    assert status_of(admin, volume) == states.ERROR_MANAGING_DELETING
    assert api("GET", url).json["volume"]["status"] == "deleting"
    assert peers.volume.calls[0][2] == {"unmanage_only": True}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": states.IN_USE, "attach_status": states.ATTACHED}, "the volume is attached"),
        ({"migration_status": states.MIGRATION_STARTING}, "moving to another backend"),
        ({"encryption_key_id": NotImplemented}, "encrypted volumes is not supported"),
    ],
)
def test_volumes_that_are_not_forgotten(api: Client, values: dict[str, Any], why: str) -> None:
    if "encryption_key_id" in values:
        values = {"encryption_key_id": rows.new_id()}
    volume = rows.volume(project_id=PROJECT, **values)
    assert why in api.action(volume.id, "os-unmanage", {}).sentence
    held = rows.volume(project_id=PROJECT)
    rows.snapshot(held)
    assert "has snapshots" in api.action(held.id, "os-unmanage", {}).sentence
