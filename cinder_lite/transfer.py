# SPDX-License-Identifier: Apache-2.0
"""Volumes that change hands: one project offers a volume, whoever has the key takes it.

The key is shown once, to the one who offers. What is kept is its HMAC under a random salt.

The key of an encrypted volume belongs to its owner's project. While the volume is offered, a copy
of it is the service's, and whoever takes the volume gets a copy of that.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterator

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, keymgr, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import encryption_keys, transfers, volumes
from cinder_lite.objects import Transfer, Volume

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_OFFERABLE = (
    cond.In("its status must be available, but is {volume.status}.", "status", (states.AVAILABLE,)),
    cond.In(
        "it is moving to another backend (migration_status is {volume.migration_status}).",
        "migration_status",
        states.MIGRATION_IDLE,
    ),
    cond.In(
        "it is in the consistency group {volume.consistencygroup_id}.",
        "consistencygroup_id",
        (None,),
    ),
    # Its group would stay behind, and whoever deletes that deletes another project's volume.
    cond.In("it is in the group {volume.group_id}.", "group_id", (None,)),
)


def create(
    context: RequestContext,
    volume: Volume,
    name: str | None,
    *,
    no_snapshots: bool,
    allow_encrypted: bool,
) -> tuple[Transfer, str]:
    """Offer a volume and return the offer and its key, which nobody can ask for again.

    :param context: whose token reads the key of an encrypted volume

    :param no_snapshots: the volume goes without its snapshots
    :param allow_encrypted: an encrypted volume may be offered too
    :raises InvalidVolume: a rule forbids it; every rule that does is named
    :raises InvalidSnapshot: a snapshot that goes along is not available, or part of a group's
    :raises KeyManagerFailed: the service can not have the volume's key
    """
    if volume.encryption_key_id is not None:
        _check_encrypted(volume, no_snapshots=no_snapshots, allowed=allow_encrypted)
    key = _random_text(CONF.volume_transfer_key_length)
    salt = _random_text(CONF.volume_transfer_salt_length)
    values = {
        "volume_id": volume.id,
        "display_name": name,
        "salt": salt,
        "crypt_hash": _hash(salt, key),
        "no_snapshots": no_snapshots,
        "source_project_id": volume.project_id,
        "accepted": False,
    }
    with _key_moved(context, volume, to_service=True) as key_id:
        transfer = transfers.create(values, _OFFERABLE, key_id)
        if transfer is None:
            refused = volumes.refusals(volume.id, _OFFERABLE)
            reasons = " Also, ".join(refused) or "it is being changed by other requests; try again."
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not be transferred: {reasons}"
            )
    LOG.info("Volume %s: offered by transfer %s", volume.id, transfer.id)
    return transfer, key


@contextlib.contextmanager
def _key_moved(
    context: RequestContext, volume: Volume, *, to_service: bool
) -> Iterator[str | None]:
    """Store a volume's key for another user in a ``with`` block that makes the volume name it.

    The old key goes at the end of the block or, where that fails, the new one.

    :param to_service: the key goes from the caller to the service, and not the other way
    :yields: the id of the new key; None where the volume is not encrypted
    :raises KeyManagerFailed: the key can not be read, or not be stored
    """
    old = volume.encryption_key_id
    if old is None:
        yield None
        return
    service = keymgr.own(context)
    giver, taker = (context, service) if to_service else (service, context)
    new = keymgr.clone(giver, old, to=taker)
    try:
        yield new
    except Exception:
        _drop_key(taker, new, volume)
        raise
    _drop_key(giver, old, volume)


def _drop_key(context: RequestContext, key_id: str, volume: Volume) -> None:
    """Delete a key of a volume that has changed hands, or not, unless some volume names it."""
    if not encryption_keys.is_named(key_id):
        keymgr.delete(context, key_id, f"volume {volume.id}")


def _check_encrypted(volume: Volume, *, no_snapshots: bool, allowed: bool) -> None:
    if not allowed:
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} is encrypted; encrypted volumes are transferred from "
            "microversion 3.70 on."
        )
    if no_snapshots:
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} is encrypted and can not leave its snapshots behind."
        )


def delete(context: RequestContext, transfer: Transfer, volume: Volume) -> None:
    """Take an offer back; the volume is available again.

    :param context: whose the key of an encrypted volume will be
    :raises TransferNotFound: it was accepted or taken back meanwhile
    :raises KeyManagerFailed: the volume's key can not be given back
    """
    with _key_moved(context, volume, to_service=False) as key_id:
        if not transfers.destroy(transfer.id, transfer.volume_id, key_id):
            raise exception.TransferNotFound(transfer_id=transfer.id)
    LOG.info("Volume %s: transfer %s was taken back", transfer.volume_id, transfer.id)


def accept(context: RequestContext, transfer_id: str, key: str) -> Transfer:
    """Take an offered volume for the caller's project.

    :param key: what :func:`create` returned to the one who offers
    :raises TransferNotFound: there is no such offer, or no longer
    :raises InvalidAuthKey: the key is another one
    :raises InvalidVolume, InvalidSnapshot: the volume or a snapshot is not as it was offered
    :raises OverQuota: the caller's project has no room for it
    :raises KeyManagerFailed: the volume's key can not be given to the caller
    """
    transfer = transfers.get(context.elevated(), transfer_id)
    if not hmac.compare_digest(_hash(transfer.salt, key), transfer.crypt_hash):
        LOG.warning("Transfer %s: refused to accept it, the key is wrong", transfer_id)
        raise exception.InvalidAuthKey(reason=f"it does not open transfer {transfer_id}.")
    volume = volumes.get(context.elevated(), transfer.volume_id)
    with _key_moved(context, volume, to_service=False) as key_id:
        transfers.accept(transfer, context.user_id, str(context.project_id), key_id)
    LOG.info(
        "Volume %(volume)s: transfer %(id)s gave it to project %(project)s",
        {"volume": transfer.volume_id, "id": transfer_id, "project": context.project_id},
    )
    return transfer


def _random_text(length: int) -> str:
    """Return so many random characters that everybody can type."""
    return secrets.token_hex((length + 1) // 2)[:length]


def _hash(salt: str, key: str) -> str:
    return hmac.new(salt.encode(), key.encode(), hashlib.sha256).hexdigest()
