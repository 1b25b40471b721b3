# SPDX-License-Identifier: Apache-2.0
"""Every status a volume, an attachment or a migration can be in.

The values are Cinder's wherever Cinder has the state, because clients wait for them by name.
"""

from __future__ import annotations

# --- volume.status ---------------------------------------------------------------------------

CREATING = "creating"
"""The row exists; the backend has not finished making the volume."""
AVAILABLE = "available"
"""Whole, and attached to nothing."""
RESERVED = "reserved"
"""An attachment has claimed the volume and has not been made yet."""
ATTACHING = "attaching"
"""An old-style attachment is being made."""
DETACHING = "detaching"
"""An attachment is being removed."""
IN_USE = "in-use"
"""Attached to at least one server or host."""
MAINTENANCE = "maintenance"
"""Locked by a migration that was asked for with lock_volume."""
DELETING = "deleting"
"""The backend is removing the volume."""
ERROR = "error"
"""The last operation on the volume failed."""
ERROR_DELETING = "error_deleting"
"""The backend could not remove the volume."""
ERROR_EXTENDING = "error_extending"
"""The backend could not grow the volume."""
ERROR_MANAGING = "error_managing"
"""The backend could not take over an existing volume."""
ERROR_MANAGING_DELETING = "error_managing_deleting"
"""A volume that could not be taken over is being forgotten."""
EXTENDING = "extending"
"""The backend is growing the volume."""
RETYPING = "retyping"
"""The volume's type is being changed, perhaps by a migration."""
UPLOADING = "uploading"
"""The data is being copied to an image."""
DOWNLOADING = "downloading"
"""The data is being copied from an image."""
BACKING_UP = "backing-up"
"""A backup reads the volume."""
RESTORING_BACKUP = "restoring-backup"
"""A backup is being written to the volume."""
AWAITING_TRANSFER = "awaiting-transfer"
"""Offered to another project."""
MANAGING = "managing"
"""An existing volume of the backend is being taken over."""
REVERTING = "reverting"
"""The volume gets the data of its latest snapshot again."""
UNMANAGING = "unmanaging"
"""The volume is being forgotten; its data stays on the backend."""
DELETED = "deleted"
"""The row is deleted."""

FORGOTTEN = (UNMANAGING, ERROR_MANAGING_DELETING)
"""Statuses of a volume whose row goes and whose data, if there is any, stays."""
BEING_MADE = (CREATING, DOWNLOADING)
"""Statuses of a volume that its backend has not finished."""
DELETABLE = (AVAILABLE, ERROR, ERROR_DELETING, ERROR_EXTENDING, ERROR_MANAGING)
"""Statuses of a volume that may be deleted, alone or with its group."""

VOLUME_STATUSES = (
    CREATING,
    AVAILABLE,
    DELETING,
    ERROR,
    ERROR_DELETING,
    ERROR_MANAGING,
    MANAGING,
    ATTACHING,
    IN_USE,
    DETACHING,
    MAINTENANCE,
    RETYPING,
    RESERVED,
    EXTENDING,
    ERROR_EXTENDING,
    UPLOADING,
    DOWNLOADING,
    BACKING_UP,
    RESTORING_BACKUP,
    AWAITING_TRANSFER,
)

# --- snapshot.status -------------------------------------------------------------------------
# creating, available, deleting, error, error_deleting, unmanaging and deleted as for volumes.

RESTORING = "restoring"
"""The volume is being reverted to this snapshot."""
UPDATING = "updating"
"""Written by os-reset_status only."""

SNAPSHOT_STATUSES = (
    ERROR,
    AVAILABLE,
    CREATING,
    DELETING,
    DELETED,
    UPDATING,
    ERROR_DELETING,
    UNMANAGING,
    BACKING_UP,
    RESTORING,
)

# --- group.status and group_snapshot.status --------------------------------------------------

GROUP_STATUSES = (
    ERROR,
    AVAILABLE,
    CREATING,
    DELETING,
    DELETED,
    UPDATING,
    ERROR_DELETING,
)
"""What an administrator may reset a group, or a group's snapshot, to."""

BACKUP_STATUSES_TO_WRITE = (AVAILABLE, ERROR)
"""What an administrator may make of a backup's status."""

# --- volume.attach_status --------------------------------------------------------------------

ATTACHED = "attached"
"""At least one attachment is complete."""
DETACHED = "detached"
"""No attachment."""

# --- volume_attachment.attach_status ---------------------------------------------------------
# reserved -> attaching -> attached, and from each of them to deleted. A volume's status follows
# the furthest of its attachments.

ATTACHMENT_RESERVED = "reserved"
"""The volume is promised to a server or host, which has not said how it connects."""
ATTACHMENT_ATTACHING = "attaching"
"""A host has been let in and connects."""
ATTACHMENT_ATTACHED = "attached"
"""The host has connected."""
ATTACHMENT_ERROR_ATTACHING = "error_attaching"
"""The host could not be let in."""
ATTACHMENT_ERROR_DETACHING = "error_detaching"
"""The host's access could not be ended."""
ATTACHMENT_DELETED = "deleted"
"""Over; the row is kept until it is purged."""

# --- volume.migration_status -----------------------------------------------------------------
# None means that the volume never moved. success and error stay as the result of the last move:
# tempest and watcher wait for them.

MIGRATION_STARTING = "starting"
"""Admitted by the API; the scheduler or the source host has not begun."""
MIGRATION_MIGRATING = "migrating"
"""The source host is moving the data."""
MIGRATION_COMPLETING = "completing"
"""The data is whole on the target; the two rows are being swapped."""
MIGRATION_SUCCESS = "success"
"""The last move ended well."""
MIGRATION_ERROR = "error"
"""The last move failed; the volume is where it was."""
MIGRATION_DELETING = "deleting"
"""Mark of the row that names the old data while that data is removed."""
MIGRATION_TARGET_PREFIX = "target:"
"""Mark of the row of a move's target, followed by the id of the volume that moves."""

MIGRATION_IDLE = (None, MIGRATION_DELETING, MIGRATION_ERROR, MIGRATION_SUCCESS)
"""Values that let a new move begin."""
MIGRATION_BUSY = (MIGRATION_STARTING, MIGRATION_MIGRATING, MIGRATION_COMPLETING)
"""Values of a volume that is moving now."""


def migration_target_of(volume_id: str) -> str:
    """Return the mark of the temporary row that becomes ``volume_id``'s new data."""
    return MIGRATION_TARGET_PREFIX + volume_id


def migration_source_of(migration_status: str | None) -> str | None:
    """Return the id of the volume whose new data a row is to become, None of any other row."""
    marked = (migration_status or "").startswith(MIGRATION_TARGET_PREFIX)
    return (migration_status or "")[len(MIGRATION_TARGET_PREFIX) :] if marked else None


# --- replication_status values that do not forbid a move -------------------------------------

REPLICATION_OFF = (None, "disabled", "not-capable")

# --- migration records: status ---------------------------------------------------------------

RECORD_RUNNING = "running"
"""The move is under way, or waits for its turn."""
RECORD_SUCCESS = "success"
"""The move ended well."""
RECORD_ERROR = "error"
"""The move failed; the record's ``error`` says why."""

# --- migration records: phase ----------------------------------------------------------------
# A phase is written before the work of that phase begins, so that a service which starts again
# knows from the record alone what may have happened.

PHASE_SCHEDULING = "scheduling"
"""The scheduler has been asked whether the destination will do."""
PHASE_SCHEDULED = "scheduled"
"""The destination is chosen; the source host has been told."""
PHASE_QUEUED = "queued"
"""The source host has claimed the move, which waits for its turn (max_concurrent_migrations)."""
PHASE_STARTING = "starting"
"""The source host has claimed the move and plans it."""
PHASE_DETACHING = "detaching"
"""The volume's server, which is shut off, is locked and lets go of the volume."""
PHASE_MOVING = "moving"
"""The driver moves the volume by its own means; nothing of it is recorded yet."""
PHASE_MOVED = "moved"
"""The driver has moved the volume and its new host is recorded; the old data goes now."""
PHASE_CREATING = "creating"
"""The target volume is being created on the destination."""
PHASE_COPYING = "copying"
"""The bytes are being copied."""
PHASE_NOVA = "nova"
"""Nova copies the bytes of an attached volume; it calls when it has done so, or could not."""
PHASE_COMPLETING = "completing"
"""The bytes are whole and flushed on the target; source and target are being swapped."""
PHASE_SWAPPED = "swapped"
"""The volume's row names the new data; the old data is being removed."""
PHASE_CLEANING = "cleaning"
"""The move failed; what it made on the target is being removed."""
PHASE_ATTACHING = "attaching"
"""The data is settled, where it was to go or where it was; the server gets the volume back."""
PHASE_DONE = "done"
"""Nothing is left to do."""

# --- migration records: mode -----------------------------------------------------------------

MODE_DRIVER = "driver"
"""The driver's own move."""
MODE_HOST_COPY = "host_copy"
"""Created on the target, attached on the source node, copied, swapped."""
MODE_NOVA = "nova"
"""Attached: Nova copies, and calls when it is done."""
