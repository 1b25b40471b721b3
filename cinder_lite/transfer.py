# SPDX-License-Identifier: Apache-2.0
"""Volumes that change hands: one project offers a volume, whoever has the key takes it.

The key is shown once, to the one who offers. What is kept is its HMAC under a random salt.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import transfers, volumes
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
    volume: Volume, name: str | None, *, no_snapshots: bool, allow_encrypted: bool
) -> tuple[Transfer, str]:
    """Offer a volume and return the offer and its key, which nobody can ask for again.

    :param no_snapshots: the volume goes without its snapshots
    :param allow_encrypted: an encrypted volume may be offered too
    :raises InvalidVolume: a rule forbids it; every rule that does is named
    :raises InvalidSnapshot: a snapshot that goes along is not available
    """
    if volume.encryption_key_id is not None:
        _check_encrypted(volume, no_snapshots=no_snapshots, allowed=allow_encrypted)
    key = _random_text(CONF.volume_transfer_key_length)
    salt = _random_text(CONF.volume_transfer_salt_length)
    transfer = transfers.create(
        {
            "volume_id": volume.id,
            "display_name": name,
            "salt": salt,
            "crypt_hash": _hash(salt, key),
            "no_snapshots": no_snapshots,
            "source_project_id": volume.project_id,
            "accepted": False,
        },
        _OFFERABLE,
    )
    if transfer is None:
        refused = volumes.refusals(volume.id, _OFFERABLE)
        reasons = " Also, ".join(refused) or "it is being changed by other requests; try again."
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} can not be transferred: {reasons}"
        )
    LOG.info("Volume %s: offered by transfer %s", volume.id, transfer.id)
    return transfer, key


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


def delete(transfer: Transfer) -> None:
    """Take an offer back; the volume is available again.

    :raises TransferNotFound: it was accepted or taken back meanwhile
    """
    if not transfers.destroy(transfer.id, transfer.volume_id):
        raise exception.TransferNotFound(transfer_id=transfer.id)
    LOG.info("Volume %s: transfer %s was taken back", transfer.volume_id, transfer.id)


def accept(context: RequestContext, transfer_id: str, key: str) -> Transfer:
    """Take an offered volume for the caller's project.

    :param key: what :func:`create` returned to the one who offers
    :raises TransferNotFound: there is no such offer, or no longer
    :raises InvalidAuthKey: the key is another one
    :raises InvalidVolume, InvalidSnapshot: the volume or a snapshot is not as it was offered
    :raises OverQuota: the caller's project has no room for it
    """
    transfer = transfers.get(context.elevated(), transfer_id)
    if not hmac.compare_digest(_hash(transfer.salt, key), transfer.crypt_hash):
        LOG.warning("Transfer %s: refused to accept it, the key is wrong", transfer_id)
        raise exception.InvalidAuthKey(reason=f"it does not open transfer {transfer_id}.")
    transfers.accept(transfer, context.user_id, str(context.project_id))
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
