# SPDX-License-Identifier: Apache-2.0
"""The keys of encrypted volumes, which castellan's key manager keeps (``[key_manager] backend``).

castellan is imported when a key is first needed: most services never need one. Every volume has a
key of its own, also where it has another's data, so that a volume's key can go with the volume.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.conf import key_manager as options
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_OWN_USER = "keystone_authtoken"
"""Section of the user as whom the service acts where nobody's token is at hand."""
_FIXED = (
    "cinder_lite.keymgr.conf_key_mgr.ConfKeyManager",
    "cinder.keymgr.conf_key_mgr.ConfKeyManager",
)
"""Values of ``backend`` that mean our own key manager: Cinder's name for it, too."""

_lock = threading.Lock()
_manager: Any = None


def manager() -> Any:
    """Return castellan's key manager, one per process."""
    global _manager
    with _lock:
        if _manager is None:
            castellan = concurrency.library("castellan.key_manager")
            CONF.register_opts(castellan.key_manager_opts, group=options.GROUP)
            if CONF.key_manager.backend in _FIXED:
                ours = concurrency.library("cinder_lite.keymgr.conf_key_mgr")
                _manager = ours.ConfKeyManager(CONF)
            else:
                _manager = castellan.API(CONF)
        return _manager


def forget() -> None:
    """Forget the key manager: after a change of the options, and in tests."""
    global _manager
    with _lock:
        _manager = None


class _OwnContext(RequestContext):
    """The service's own user, as castellan asks for it."""

    plugin: Any = None

    def get_auth_plugin(self) -> Any:
        """Return the keystoneauth plugin of the service's user."""
        return self.plugin


def own(context: RequestContext) -> RequestContext:
    """Return a context that acts as the service's own user; where there is none, the caller's."""
    loading = concurrency.library("keystoneauth1.loading")
    loading.register_auth_conf_options(CONF, _OWN_USER)
    plugin = loading.load_auth_from_conf_options(CONF, _OWN_USER)
    if plugin is None:
        return context
    made = _OwnContext(is_admin=True, roles=["admin"], overwrite=False)
    made.plugin = plugin
    return made


def acting(context: RequestContext) -> RequestContext:
    """Return who asks the key manager: the caller, or the service where it works by itself."""
    return context if context.auth_token or isinstance(context, _OwnContext) else own(context)


# --- what is done with keys ------------------------------------------------------------------


def create(context: RequestContext, encryption: Mapping[str, Any]) -> str:
    """Make a key and return its id.

    :param encryption: columns of a type's encryption: ``cipher`` and ``key_size`` (bits)
    :raises InvalidVolumeType: it names no cipher
    :raises KeyManagerFailed: the key manager did not make the key
    """
    cipher = encryption["cipher"]
    if not cipher:
        raise exception.InvalidVolumeType(
            reason="its encryption names no cipher, so that no key can be made for its volumes."
        )
    algorithm = cipher.partition("-")[0]
    try:
        key_id = manager().create_key(
            acting(context), algorithm=algorithm, length=encryption["key_size"]
        )
    except Exception as error:
        raise _failed("make a key", error) from error
    LOG.debug("Key %s: made", key_id)
    return str(key_id)


def clone(context: RequestContext, key_id: str, to: RequestContext | None = None) -> str:
    """Store a key once more and return the id of the copy.

    :param context: who may read the key
    :param to: whose the copy is; without it the reader's
    :raises KeyManagerFailed: the key could not be read, or not be stored
    """
    reader = acting(context)
    try:
        key = manager().get(reader, key_id)
        copy_id = manager().store(acting(to) if to is not None else reader, key)
    except Exception as error:
        raise _failed(f"copy the key {key_id}", error) from error
    LOG.debug("Key %s: copied as %s", key_id, copy_id)
    return str(copy_id)


def read(context: RequestContext, key_id: str) -> Any:
    """Return a key, as an object of castellan's.

    :raises KeyManagerFailed: it could not be read
    """
    try:
        return manager().get(acting(context), key_id)
    except Exception as error:
        raise _failed(f"give the key {key_id}", error) from error


def delete(context: RequestContext, key_id: str, of: str) -> None:
    """Delete a key; what fails is logged: the key of data that is no more opens nothing.

    :param of: what the key is of, for the log, e.g. ``volume 1234``
    """
    try:
        _delete(context, key_id)
    except Exception:
        LOG.exception("Key %s of %s could not be deleted; it is of no use any more", key_id, of)
        return
    LOG.info("Key %s of %s: deleted", key_id, of)


def _delete(context: RequestContext, key_id: str) -> None:
    """Delete a key as the caller, or else as the service: the token may have run out meanwhile."""
    castellan = concurrency.library("castellan.common.exception")
    try:
        manager().delete(acting(context), key_id)
    except castellan.ManagedObjectNotFoundError:
        LOG.info("Key %s: is deleted already", key_id)
    except castellan.CastellanException:
        service = own(context)
        if not context.auth_token or service is context:
            raise
        LOG.info("Key %s: not deleted as the caller; the service tries it itself", key_id)
        try:
            manager().delete(service, key_id)
        except castellan.ManagedObjectNotFoundError:
            LOG.info("Key %s: is deleted already", key_id)


def _failed(what: str, error: Exception) -> exception.KeyManagerFailed:
    """Return the error for the caller, who is told nothing of the key manager's own words."""
    LOG.error("The key manager did not %s", what, exc_info=error)
    return exception.KeyManagerFailed(what=what)
