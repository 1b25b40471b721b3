# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes as the API makes them, copies them, gives them away and deletes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.db import (
    group_changes,
    group_snapshots,
    quotas,
    snapshots,
    type_encryption,
    volume_glance_metadata,
    volumes,
)
from cinder_lite.image import glance as glance_client
from cinder_lite.objects import Volume, VolumeType
from tests import glance as fakes
from tests.unit import rows
from tests.unit.api.client import MEMBER, OTHER_PROJECT, PROJECT, STRANGER, Client
from tests.unit.api.conftest import Peers
from tests.unit.conftest import SetOption
from tests.unit.keys import Keys

LUKS = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}


def encrypted_type(name: str = "secret", specs: Any = None, **changed: Any) -> VolumeType:
    """Create a type whose volumes are encrypted."""
    made = rows.volume_type(name, **(specs or {}))
    type_encryption.create(made.id, {**LUKS, **changed})
    return made


@pytest.fixture
def secret(api: Client, keys: Keys) -> VolumeType:
    """A type whose volumes are encrypted."""
    return encrypted_type()


@pytest.fixture
def glance(option: SetOption) -> Iterator[fakes.FakeGlance]:
    """Run a stand-in for Glance."""
    with fakes.running() as running:
        option("glance_api_servers", [running.url])
        yield running
    glance_client._client.cache_clear()


def _create(api: Client, **values: Any) -> Any:
    return api("POST", "/volumes", {"volume": {"size": 1, **values}}, token=MEMBER)


def _created(api: Client, admin: RequestContext, **values: Any) -> Volume:
    answer = _create(api, **values)
    assert answer.status == 202, answer.raw
    return volumes.get(admin, answer.json["volume"]["id"])


@pytest.fixture
def volume(api: Client, secret: VolumeType, admin: RequestContext) -> Volume:
    """An encrypted volume of the member's, on a backend."""
    made = _created(api, admin, volume_type="secret")
    volumes.update(made.id, {"status": "available", "host": "one@file#file"})
    return volumes.get(admin, made.id)


# --- creation --------------------------------------------------------------------------------


def test_a_volume_has_a_key_and_says_how_it_is_encrypted(
    api: Client, keys: Keys, volume: Volume
) -> None:
    key_id = volume.encryption_key_id
    assert keys.owner(key_id) == PROJECT
    assert len(keys.secret(key_id)) == 32
    url = f"/volumes/{volume.id}/encryption"
    assert api("GET", url).json == {"encryption_key_id": key_id, **LUKS}
    assert api("GET", f"{url}/encryption_key_id").raw == str(key_id).encode()
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["encrypted"] is True


def test_volumes_of_other_types_have_none(api: Client, keys: Keys, admin: RequestContext) -> None:
    rows.volume_type("plain")
    assert _created(api, admin, volume_type="plain").encryption_key_id is None
    assert _created(api, admin).encryption_key_id is None
    assert not keys.kept


def test_a_type_that_is_encrypted_and_multiattach_has_no_volumes(api: Client, keys: Keys) -> None:
    encrypted_type("both", {"multiattach": "<is> True"})
    answer = _create(api, volume_type="both")
    assert answer.status == 400
    assert "encrypted and multiattach" in answer.sentence
    assert not keys.kept


def test_a_type_without_a_cipher_has_no_volumes(api: Client, keys: Keys) -> None:
    encrypted_type("vague", cipher=None)
    answer = _create(api, volume_type="vague")
    assert answer.status == 400
    assert "names no cipher" in answer.sentence


def test_without_a_key_there_is_no_volume(api: Client, keys: Keys, secret: VolumeType) -> None:
    keys.fails.add("create_key")
    answer = _create(api, volume_type="secret")
    assert answer.status == 400
    assert "The key manager did not make a key" in answer.sentence
    assert api("GET", "/volumes").json == {"volumes": []}
    assert quotas.usages(PROJECT)["volumes"][1] == 0


def test_the_key_goes_when_the_scheduler_can_not_be_asked(
    api: Client, keys: Keys, secret: VolumeType, peers: Peers
) -> None:
    peers.scheduler.answers["create_volume"] = OSError("no broker")
    assert _create(api, volume_type="secret").status == 503
    assert not keys.kept
    assert api("GET", "/volumes").json == {"volumes": []}


def test_the_key_goes_when_the_quota_is_used_up(
    api: Client, keys: Keys, secret: VolumeType, option: SetOption
) -> None:
    option("quota_volumes", 0)
    assert _create(api, volume_type="secret").status == 413
    assert not keys.kept


def test_the_key_stays_while_a_row_names_it(
    api: Client,
    keys: Keys,
    secret: VolumeType,
    peers: Peers,
    monkeypatch: pytest.MonkeyPatch,
    admin: RequestContext,
) -> None:
    def broken(_volume_id: str) -> None:
        raise OSError("no database")

    peers.scheduler.answers["create_volume"] = OSError("no broker")
    monkeypatch.setattr(volumes, "destroy", broken)
    assert _create(api, volume_type="secret").status == 503
    [row] = api("GET", "/volumes").json["volumes"]
    assert list(keys.kept) == [volumes.get(admin, row["id"]).encryption_key_id]


# --- copies ----------------------------------------------------------------------------------


def _of(volume: Volume, kind: str) -> dict[str, str]:
    """Return what names a volume, or a new snapshot of it, as a source."""
    if kind == "volume":
        return {"source_volid": volume.id}
    return {"snapshot_id": rows.snapshot(volume).id}


@pytest.mark.parametrize("kind", ["volume", "snapshot"])
def test_a_copy_has_a_key_of_its_own_with_the_same_secret(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext, kind: str
) -> None:
    copy = _created(api, admin, **_of(volume, kind))
    assert copy.encryption_key_id not in (None, volume.encryption_key_id)
    assert keys.secret(copy.encryption_key_id) == keys.secret(volume.encryption_key_id)


@pytest.mark.parametrize("kind", ["volume", "snapshot"])
@pytest.mark.parametrize("method", ["get", "store"])
def test_without_its_key_there_is_no_copy(
    api: Client, keys: Keys, volume: Volume, kind: str, method: str
) -> None:
    keys.fails.add(method)
    answer = _create(api, **_of(volume, kind))
    assert answer.status == 400
    assert f"did not copy the key {volume.encryption_key_id}" in answer.sentence
    assert list(keys.kept) == [volume.encryption_key_id]


@pytest.mark.parametrize("kind", ["volume", "snapshot"])
def test_a_copy_is_encrypted_as_its_source(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext, kind: str
) -> None:
    rows.volume_type("plain")
    encrypted_type("other", cipher="serpent-xts-plain64")
    encrypted_type("same")
    source = _of(volume, kind)
    for name in ("plain", "other"):
        answer = _create(api, volume_type=name, **source)
        assert answer.status == 400
        assert f"{volume.id} and the type {name} are not encrypted in the same" in answer.sentence
    copy = _created(api, admin, volume_type="same", **source)
    assert keys.secret(copy.encryption_key_id) == keys.secret(volume.encryption_key_id)
    plain = rows.volume(project_id=PROJECT, volume_type_id=None)
    assert _create(api, volume_type="secret", **_of(plain, kind)).status == 400


def test_a_volume_of_an_encrypted_image_has_a_copy_of_its_key(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext, glance: fakes.FakeGlance
) -> None:
    of_image = glance.add(b"x", cinder_encryption_key_id=volume.encryption_key_id)
    copy = _created(api, admin, volume_type="secret", imageRef=of_image)
    assert copy.encryption_key_id != volume.encryption_key_id
    assert keys.secret(copy.encryption_key_id) == keys.secret(volume.encryption_key_id)
    plain = glance.add(b"x")
    fresh = _created(api, admin, volume_type="secret", imageRef=plain)
    assert keys.secret(fresh.encryption_key_id) != keys.secret(volume.encryption_key_id)


def test_what_is_taken_over_has_no_encrypted_type(api: Client, secret: VolumeType) -> None:
    rows.service()
    given = {"host": "one@file", "ref": {"source-name": "x"}, "volume_type": "secret"}
    answer = api("POST", "/manageable_volumes", {"volume": given})
    assert answer.status == 400
    assert "nobody has the key" in answer.sentence


# --- images ----------------------------------------------------------------------------------


def _upload(api: Client, volume: Volume, **asked: str) -> Any:
    return api.action(volume.id, "os-volume_upload_image", {"image_name": "i", **asked})


def test_an_image_of_a_volume_has_a_copy_of_its_key(
    api: Client, keys: Keys, volume: Volume, glance: fakes.FakeGlance
) -> None:
    stale = {"cinder_encryption_key_id": "stale", "os_type": "linux"}
    volume_glance_metadata.update(volume.id, stale)
    answer = _upload(api, volume)
    assert answer.status == 202, answer.raw
    image = glance.images[answer.json["os-volume_upload_image"]["image_id"]]
    key_id = image["cinder_encryption_key_id"]
    assert key_id != volume.encryption_key_id
    assert keys.secret(key_id) == keys.secret(volume.encryption_key_id)
    assert image["cinder_encryption_key_deletion_policy"] == "on_image_deletion"
    assert image["os_type"] == "linux"


def test_an_image_of_a_plain_volume_names_no_key(
    api: Client, keys: Keys, glance: fakes.FakeGlance
) -> None:
    plain = rows.volume(project_id=PROJECT)
    volume_glance_metadata.update(plain.id, {"cinder_encryption_key_id": "stale"})
    made = _upload(api, plain).json["os-volume_upload_image"]["image_id"]
    assert not [name for name in glance.images[made] if "encryption" in name]


@pytest.mark.parametrize("asked", [{"disk_format": "qcow2"}, {"container_format": "ova"}])
def test_what_nobody_can_read_is_not_converted(
    api: Client, keys: Keys, volume: Volume, glance: fakes.FakeGlance, asked: dict[str, str]
) -> None:
    answer = _upload(api, volume, **asked)
    assert answer.status == 400
    assert "only with the disk_format raw" in answer.sentence
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "available"
    assert len(keys.kept) == 1


def test_the_key_goes_with_an_image_that_glance_refuses(
    api: Client,
    keys: Keys,
    volume: Volume,
    glance: fakes.FakeGlance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(glance_client, "RETRY_SECONDS", 0.0)
    glance.failing = 9
    assert _upload(api, volume).status == 503
    assert list(keys.kept) == [volume.encryption_key_id]
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "available"


# --- deletion --------------------------------------------------------------------------------


def test_a_volume_that_was_on_no_backend_takes_its_key_along(
    api: Client, keys: Keys, secret: VolumeType, admin: RequestContext
) -> None:
    made = _created(api, admin, volume_type="secret")
    volumes.update(made.id, {"status": "error"})
    assert api("DELETE", f"/volumes/{made.id}", token=MEMBER).status == 202
    assert not keys.kept


def test_the_key_is_there_until_the_backend_has_deleted_the_data(
    api: Client, keys: Keys, volume: Volume, peers: Peers
) -> None:
    assert api("DELETE", f"/volumes/{volume.id}", token=MEMBER).status == 202
    assert list(keys.kept) == [volume.encryption_key_id]
    assert peers.volume.names[-1] == "delete_volume"


# --- transfers -------------------------------------------------------------------------------


def _offer(api: Client, volume: Volume) -> Any:
    body = {"transfer": {"volume_id": volume.id}}
    return api("POST", "/volume-transfers", body, token=MEMBER)


def _accept(api: Client, offer: Any) -> Any:
    url = f"/v3/{OTHER_PROJECT}/volume-transfers/{offer['id']}/accept"
    return api("POST", url, {"accept": {"auth_key": offer["auth_key"]}}, token=STRANGER)


def test_the_key_goes_with_the_volume_by_way_of_the_service(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext
) -> None:
    snapshot = rows.snapshot(volume)
    secret = keys.secret(volume.encryption_key_id)
    owners = []
    offer = _offer(api, volume).json["transfer"]
    for _ in range(2):
        now = volumes.get(admin, volume.id)
        assert list(keys.kept) == [now.encryption_key_id]
        assert snapshots.get(admin, snapshot.id).encryption_key_id == now.encryption_key_id
        assert keys.secret(now.encryption_key_id) == secret
        owners.append(keys.owner(now.encryption_key_id))
        if now.status == "awaiting-transfer":
            assert _accept(api, offer).status == 202
    assert owners == ["service", OTHER_PROJECT]


def test_the_key_comes_back_with_an_offer(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext
) -> None:
    offer = _offer(api, volume).json["transfer"]
    assert api("DELETE", f"/volume-transfers/{offer['id']}", token=MEMBER).status == 202
    [key_id] = keys.kept
    assert keys.owner(key_id) == PROJECT
    now = volumes.get(admin, volume.id)
    assert (now.status, now.encryption_key_id) == ("available", key_id)


def test_an_offer_without_its_key_is_none(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext
) -> None:
    keys.fails.add("store")
    answer = _offer(api, volume)
    assert answer.status == 400
    assert "did not copy the key" in answer.sentence
    assert volumes.get(admin, volume.id) == volume
    assert api("GET", "/volume-transfers").json == {"transfers": []}


def test_an_offer_that_is_refused_leaves_the_key(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext
) -> None:
    rows.snapshot(volume, status="creating")
    assert _offer(api, volume).status == 400
    assert list(keys.kept) == [volume.encryption_key_id]
    assert keys.owner(volume.encryption_key_id) == PROJECT
    assert volumes.get(admin, volume.id).status == "available"


def test_an_acceptance_that_fails_leaves_the_key_with_the_service(
    api: Client, keys: Keys, volume: Volume, admin: RequestContext, option: SetOption
) -> None:
    offer = _offer(api, volume).json["transfer"]
    option("quota_volumes", 0)
    assert _accept(api, offer).status == 413
    [key_id] = keys.kept
    assert keys.owner(key_id) == "service"
    assert volumes.get(admin, volume.id).encryption_key_id == key_id


# --- groups ----------------------------------------------------------------------------------


@pytest.fixture
def member(api: Client, volume: Volume, secret: VolumeType) -> Volume:
    """The volume, in a group."""
    group = rows.group(rows.group_type(), secret, project_id=PROJECT, user_id="demo")
    volumes.update(volume.id, {"group_id": group.id})
    return volume.replace(group_id=group.id)


def _copy_group(api: Client, **source: str) -> Any:
    return api("POST", "/groups/action", {"create-from-src": {"name": "c", **source}}, token=MEMBER)


def _snapshotted(api: Client, member: Volume) -> dict[str, str]:
    body = {"group_snapshot": {"group_id": member.group_id}}
    answer = api("POST", "/group_snapshots", body, token=MEMBER)
    assert answer.status == 202, answer.raw
    made = answer.json["group_snapshot"]["id"]
    [part] = snapshots.of_volume(member.id)
    snapshots.update(part.id, {"status": "available"})
    group_snapshots.update(made, {"status": "available"})
    return {"group_snapshot_id": made}


@pytest.mark.parametrize("kind", ["group", "snapshot"])
def test_the_copies_of_a_group_have_keys_of_their_own(
    api: Client, keys: Keys, member: Volume, kind: str
) -> None:
    whole = {"source_group_id": str(member.group_id)}
    answer = _copy_group(api, **(whole if kind == "group" else _snapshotted(api, member)))
    assert answer.status == 202, answer.raw
    assert len(keys.kept) == 2
    assert {keys.secret(key_id) for key_id in keys.kept} == {keys.secret(member.encryption_key_id)}


def test_a_group_whose_copy_fails_keeps_its_keys_only(
    api: Client, keys: Keys, member: Volume, option: SetOption
) -> None:
    option("quota_volumes", 1)
    assert _copy_group(api, source_group_id=str(member.group_id)).status == 413
    assert list(keys.kept) == [member.encryption_key_id]


def test_a_group_whose_copy_is_there_all_the_same_keeps_its_keys(
    api: Client, keys: Keys, member: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = group_changes.copy_group

    def copy_group(*args: Any) -> None:
        real(*args)
        raise exception.VolumeLimitExceeded(allowed=1, name="volumes")

    monkeypatch.setattr(group_changes, "copy_group", copy_group)
    assert _copy_group(api, source_group_id=str(member.group_id)).status == 413
    assert len(keys.kept) == 2
