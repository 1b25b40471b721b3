# SPDX-License-Identifier: Apache-2.0
"""Keys made, copied and deleted, and who asks for it."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from castellan.common import exception as castellan_exception
from oslo_config import cfg

from cinder_lite import exception, keymgr
from cinder_lite.context import RequestContext
from cinder_lite.keymgr import conf_key_mgr
from tests.unit.conftest import SetOption
from tests.unit.keys import Keys

CONF = cfg.CONF
AES = {"cipher": "aes-xts-plain64", "key_size": 256}


@pytest.fixture
def caller() -> RequestContext:
    """Somebody with a token."""
    return RequestContext(user_id="u", project_id="p", auth_token="t", overwrite=False)


@pytest.fixture
def nobody() -> RequestContext:
    """What works without a request: there is no token."""
    return RequestContext(user_id="u", project_id="p", overwrite=False)


def test_a_key_has_the_length_and_the_algorithm_of_its_type(
    keys: Keys, caller: RequestContext
) -> None:
    key_id = keymgr.create(caller, AES)
    owner, key = keys.kept[key_id]
    assert (owner, key.algorithm, key.bit_length, len(key.get_encoded())) == ("p", "aes", 256, 32)


def test_a_type_without_a_cipher_has_no_key(keys: Keys, caller: RequestContext) -> None:
    with pytest.raises(exception.InvalidVolumeType, match="names no cipher"):
        keymgr.create(caller, {"cipher": None, "key_size": 256})
    assert not keys.kept


def test_a_copy_outlives_the_original(keys: Keys, caller: RequestContext) -> None:
    first = keymgr.create(caller, AES)
    secret = keys.secret(first)
    second = keymgr.clone(caller, first)
    keymgr.delete(caller, first, "volume v")
    assert list(keys.kept) == [second] != [first]
    assert keys.secret(second) == secret


def test_a_copy_may_be_somebody_elses(keys: Keys, caller: RequestContext) -> None:
    first = keymgr.create(caller, AES)
    assert keys.owner(keymgr.clone(caller, first, to=keys.service)) == "service"


def test_without_a_token_the_service_asks(keys: Keys, nobody: RequestContext) -> None:
    assert keys.owner(keymgr.create(nobody, AES)) == "service"


@pytest.mark.parametrize("method", ["create_key", "get", "store"])
def test_the_key_managers_own_words_are_not_the_callers(
    keys: Keys, caller: RequestContext, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    known = keymgr.create(caller, AES)
    keys.fails.add(method)
    with pytest.raises(exception.KeyManagerFailed) as failed:
        keymgr.create(caller, AES)
        keymgr.clone(caller, known)
    assert "the log of the service says why" in failed.value.msg
    assert "10.1.1.1" not in failed.value.msg
    assert "10.1.1.1" in caplog.text


def test_a_key_is_deleted_by_the_service_where_the_caller_may_not(
    keys: Keys, caller: RequestContext
) -> None:
    key_id = keymgr.create(keys.service, AES)
    keymgr.delete(caller, key_id, "volume v")
    assert not keys.kept


def test_a_deletion_that_fails_is_logged_with_the_ids(
    keys: Keys, caller: RequestContext, caplog: pytest.LogCaptureFixture
) -> None:
    key_id = keymgr.create(caller, AES)
    keys.fails.add("delete")
    keymgr.delete(caller, key_id, "volume v-1")
    assert list(keys.kept) == [key_id]
    assert f"Key {key_id} of volume v-1 could not be deleted" in caplog.text


def test_a_key_that_has_gone_is_deleted(
    keys: Keys, caller: RequestContext, caplog: pytest.LogCaptureFixture
) -> None:
    keymgr.delete(caller, "gone", "volume v")
    assert "could not be deleted" not in caplog.text


# --- which key manager -----------------------------------------------------------------------


@pytest.fixture
def unchosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key manager has been made."""
    from castellan import key_manager

    CONF.register_opts(key_manager.key_manager_opts, group="key_manager")
    keymgr.forget()
    yield
    keymgr.forget()


@pytest.mark.parametrize("module", ["cinder_lite", "cinder"])
def test_the_fixed_key(
    unchosen: None, option: SetOption, caller: RequestContext, module: str
) -> None:
    option("backend", f"{module}.keymgr.conf_key_mgr.ConfKeyManager", "key_manager")
    option("fixed_key", "00ff" * 16, "key_manager")
    assert keymgr.create(caller, AES) == conf_key_mgr.KEY_ID
    assert keymgr.clone(caller, conf_key_mgr.KEY_ID) == conf_key_mgr.KEY_ID
    key = keymgr.manager().get(caller, conf_key_mgr.KEY_ID)
    assert key.get_encoded() == bytes.fromhex("00ff" * 16)
    assert keymgr.manager() is keymgr.manager()


def test_barbican_is_the_default(unchosen: None) -> None:
    assert type(keymgr.manager()).__name__ == "BarbicanKeyManager"


def test_the_fixed_key_opens_older_volumes_with_barbican(
    unchosen: None, option: SetOption, caller: RequestContext
) -> None:
    option("fixed_key", "00ff" * 16, "key_manager")
    key = keymgr.manager().get(caller, conf_key_mgr.KEY_ID)
    assert key.get_encoded() == bytes.fromhex("00ff" * 16)


def test_without_a_user_of_its_own_the_service_asks_as_the_caller(nobody: RequestContext) -> None:
    assert keymgr.acting(nobody) is nobody


def test_the_services_own_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, nobody: RequestContext
) -> None:
    path = tmp_path / "conf"
    auth = "auth_type = password\nauth_url = http://127.0.0.1:5000\nusername = cinder\n"
    path.write_text("[keystone_authtoken]\n" + auth)
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[str(path)])
    monkeypatch.setattr(keymgr, "CONF", conf)
    made = keymgr.acting(nobody)
    plugin = made.get_auth_plugin()  # type: ignore[attr-defined]
    assert (type(plugin).__name__, plugin.auth_url) == ("Password", "http://127.0.0.1:5000")
    assert keymgr.acting(made) is made


def test_nothing_imports_castellan_before_a_key_is_needed() -> None:
    modules = "cinder_lite.volume.api, cinder_lite.volume.manager, cinder_lite.volume.lifecycle"
    more = "cinder_lite.volume.create.api_flow, cinder_lite.api.routes, cinder_lite.transfer"
    code = f"import sys, {modules}, {more}; print([m for m in sys.modules if 'castellan' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- ConfKeyManager --------------------------------------------------------------------------


@pytest.fixture
def fixed(option: SetOption, monkeypatch: pytest.MonkeyPatch) -> conf_key_mgr.ConfKeyManager:
    """A key manager of one key."""
    monkeypatch.setattr(conf_key_mgr.ConfKeyManager, "_warned", False)
    option("fixed_key", "ab" * 32, "key_manager")
    return conf_key_mgr.ConfKeyManager(CONF)


def test_it_warns_once(
    fixed: conf_key_mgr.ConfKeyManager, caplog: pytest.LogCaptureFixture
) -> None:
    conf_key_mgr.ConfKeyManager(CONF)
    assert caplog.text.count("not for production") <= 1
    assert conf_key_mgr.ConfKeyManager._warned


def test_its_key_is_not_deleted(
    fixed: conf_key_mgr.ConfKeyManager, caller: RequestContext, caplog: pytest.LogCaptureFixture
) -> None:
    fixed.delete(caller, conf_key_mgr.KEY_ID)
    assert "is not deleted: it is the only one" in caplog.text
    assert fixed.get(caller, conf_key_mgr.KEY_ID).bit_length == 256
    assert fixed.list(caller) == []


def test_it_keeps_no_other_key(fixed: conf_key_mgr.ConfKeyManager, caller: RequestContext) -> None:
    other = type(fixed._key())("AES", 256, bytes(32))
    with pytest.raises(castellan_exception.KeyManagerError):
        fixed.store(caller, other)
    with pytest.raises(castellan_exception.KeyManagerError):
        fixed.delete(caller, "another")
    with pytest.raises(KeyError):
        fixed.get(caller, "another")


def test_it_needs_its_option(
    fixed: conf_key_mgr.ConfKeyManager, option: SetOption, caller: RequestContext
) -> None:
    option("fixed_key", None, "key_manager")
    with pytest.raises(ValueError, match="fixed_key is not set"):
        fixed.get(caller, conf_key_mgr.KEY_ID)


@pytest.mark.parametrize(
    "call",
    [
        lambda manager: manager.create_key(None, "AES", 256),
        lambda manager: manager.store(None, None),
        lambda manager: manager.get(None, conf_key_mgr.KEY_ID),
        lambda manager: manager.delete(None, conf_key_mgr.KEY_ID),
        lambda manager: manager.list(None),
    ],
)
def test_nobody_gets_nothing(fixed: conf_key_mgr.ConfKeyManager, call: Any) -> None:
    with pytest.raises(castellan_exception.Forbidden):
        call(fixed)


@pytest.mark.parametrize("method", ["create_key_pair", "add_consumer", "remove_consumer"])
def test_what_it_can_not(
    fixed: conf_key_mgr.ConfKeyManager, caller: RequestContext, method: str
) -> None:
    with pytest.raises(NotImplementedError):
        getattr(fixed, method)(caller, "a", "b")
