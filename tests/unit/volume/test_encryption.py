# SPDX-License-Identifier: Apache-2.0
"""Keys that go with their volumes, or stay with those that have them, too."""

from __future__ import annotations

import pytest

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import type_encryption, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption, lifecycle
from cinder_lite.volume.backend import Backend
from tests.unit import rows
from tests.unit.keys import Keys

CIPHER = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}


@pytest.fixture
def going(backend: Backend, keys: Keys, admin: RequestContext) -> Volume:
    """An encrypted volume that is to be deleted."""
    key_id = keys.create_key(keys.service, "aes", 256)
    made = rows.volume(status=states.DELETING, encryption_key_id=key_id)
    backend.driver.create_volume(made)
    return made


def _is_gone(admin: RequestContext, volume: Volume) -> bool:
    try:
        volumes.get(admin, volume.id)
    except exception.VolumeNotFound:
        return True
    return False


def test_the_key_goes_with_the_volume(
    backend: Backend, keys: Keys, going: Volume, admin: RequestContext
) -> None:
    lifecycle.delete(backend, admin, going.id)
    assert _is_gone(admin, going)
    assert not keys.kept


def test_a_volume_goes_without_its_key(
    backend: Backend,
    keys: Keys,
    going: Volume,
    admin: RequestContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys.fails.add("delete")
    lifecycle.delete(backend, admin, going.id)
    assert _is_gone(admin, going)
    wanted = f"Key {going.encryption_key_id} of volume {going.id} could not be deleted"
    assert wanted in caplog.text


def test_the_key_stays_with_data_that_can_not_be_deleted(
    backend: Backend,
    keys: Keys,
    going: Volume,
    admin: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_volume: Volume) -> None:
        raise exception.VolumeBackendAPIException(data="the array is on fire.")

    monkeypatch.setattr(backend.driver, "delete_volume", broken)
    lifecycle.delete(backend, admin, going.id)
    assert volumes.get(admin, going.id).status == states.ERROR_DELETING
    assert list(keys.kept) == [going.encryption_key_id]


def test_what_a_move_left_goes_without_the_moved_volumes_key(
    backend: Backend, keys: Keys, going: Volume, admin: RequestContext
) -> None:
    rows.volume(host="two@file#file", encryption_key_id=going.encryption_key_id)
    lifecycle.delete(backend, admin, going.id)
    assert _is_gone(admin, going)
    assert list(keys.kept) == [going.encryption_key_id]


def test_a_key_that_nobody_can_ask_about_stays(
    backend: Backend,
    keys: Keys,
    going: Volume,
    admin: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_key_id: str, besides: str) -> bool:
        raise OSError("no database")

    monkeypatch.setattr(encryption.encryption_keys, "is_named", broken)
    encryption.forget_key(admin, going)
    assert list(keys.kept) == [going.encryption_key_id]
    assert f"Volume {going.id}: its key {going.encryption_key_id} stays" in caplog.text


def test_types_differ_by_what_their_volumes_are_encrypted_with(sqlite_database: str) -> None:
    plain, other, one, same, wider = (rows.volume_type(name) for name in "abcde")
    for kind in (one, same):
        type_encryption.create(kind.id, CIPHER)
    type_encryption.create(wider.id, {**CIPHER, "key_size": 512})
    assert not encryption.differs(plain.id, other.id)
    assert not encryption.differs(plain.id, None)
    assert not encryption.differs(one.id, same.id)
    assert encryption.differs(one.id, plain.id)
    assert encryption.differs(None, one.id)
    assert encryption.differs(one.id, wider.id)
