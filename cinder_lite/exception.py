# SPDX-License-Identifier: Apache-2.0
"""The errors of cinder_lite, each with a sentence for its reader and its HTTP status.

Names follow Cinder's so that operators recognise them in logs. The ``message`` template is filled
with the keyword arguments of the exception.
"""

from __future__ import annotations

from typing import Any


class CinderLiteException(Exception):
    """Base of every error that cinder_lite raises on purpose.

    :param message: the whole sentence; without it, the class's template filled with ``kwargs``
    :param kwargs: values for the template, kept in ``self.kwargs``
    """

    message = "An unknown error occurred."
    code = 500
    safe = False
    """True when the sentence may be shown to any tenant."""

    def __init__(self, message: str | None = None, **kwargs: Any) -> None:
        self.kwargs = kwargs
        self.msg = message if message is not None else self.message % kwargs
        super().__init__(self.msg)

    def __str__(self) -> str:
        return self.msg


def sentence_of(error: BaseException) -> str:
    """Return what an error says to a person, without the trace that a remote one carries.

    :param error: ours, from this process or another, or any other
    """
    sentence = getattr(error, "msg", None) or getattr(error, "value", None) or str(error)
    return str(sentence) or type(error).__name__


# --- not found -------------------------------------------------------------------------------


class NotFound(CinderLiteException):
    """Something that was named does not exist, or not for this caller."""

    message = "Resource could not be found."
    code = 404
    safe = True


class VolumeNotFound(NotFound):
    """No such volume in the caller's project."""

    message = "Volume %(volume_id)s could not be found."


class SnapshotNotFound(NotFound):
    """No such snapshot in the caller's project."""

    message = "Snapshot %(snapshot_id)s could not be found."


class ImageNotFound(NotFound):
    """No such image for this caller."""

    message = "Image %(image_id)s could not be found."


class GlanceMetadataNotFound(NotFound):
    """The volume was not made of an image, or the key is none of its metadata."""

    message = "Glance metadata for volume/snapshot %(id)s cannot be found."


class VolumeTypeNotFound(NotFound):
    """No such volume type, by id or by name."""

    message = "Volume type %(volume_type_id)s could not be found."


class VolumeTypeNotFoundByName(VolumeTypeNotFound):
    """No such volume type name."""

    message = "Volume type with name %(volume_type_name)s could not be found."


class VolumeTypeExtraSpecsNotFound(NotFound):
    """The type has no such extra spec."""

    message = "Volume Type %(volume_type_id)s has no extra specs with key %(extra_specs_key)s."


class VolumeTypeAccessNotFound(NotFound):
    """The project has no access of its own to the type."""

    message = "Volume type access not found for %(volume_type_id)s / %(project_id)s combination."


class VolumeTypeEncryptionNotFound(NotFound):
    """The type's volumes are not encrypted."""

    message = "Volume type encryption for type %(type_id)s does not exist."


class VolumeTypeProjectDefaultNotFound(NotFound):
    """The project has no default type of its own."""

    message = "Default type for project %(project_id)s not found."


class QoSSpecsNotFound(NotFound):
    """No such QoS specs."""

    message = "No such QoS spec %(specs_id)s."


class QoSSpecsKeyNotFound(NotFound):
    """The QoS specs have no such key."""

    message = "QoS spec %(specs_id)s has no spec with key %(specs_key)s."


class MessageNotFound(NotFound):
    """No such message in the caller's project."""

    message = "Message %(message_id)s could not be found."


class HostNotFound(NotFound):
    """No service runs on that host."""

    message = "Host %(host)s could not be found."


class ClusterNotFound(NotFound):
    """No such cluster: this service has none."""

    message = "Cluster %(id)s could not be found."


class BackupNotFound(NotFound):
    """No such backup: this service makes none."""

    message = "Backup %(backup_id)s could not be found."


class VolumeMetadataNotFound(NotFound):
    """The volume has no such metadata key."""

    message = "Volume %(volume_id)s has no metadata with key %(metadata_key)s."


class SnapshotMetadataNotFound(NotFound):
    """The snapshot has no such metadata key."""

    message = "Snapshot %(snapshot_id)s has no metadata with key %(metadata_key)s."


class TransferNotFound(NotFound):
    """No such offer of a volume in the caller's project."""

    message = "Transfer %(transfer_id)s could not be found."


class GroupTypeNotFound(NotFound):
    """No such group type, by id or by name."""

    message = "Group type %(group_type_id)s could not be found."


class GroupTypeNotFoundByName(GroupTypeNotFound):
    """No such group type name."""

    message = "Group type with name %(group_type_name)s could not be found."


class GroupTypeSpecsNotFound(NotFound):
    """The group type has no such spec."""

    message = "Group type %(group_type_id)s has no spec with key %(group_specs_key)s."


class GroupNotFound(NotFound):
    """No such group in the caller's project."""

    message = "Group %(group_id)s could not be found."


class GroupSnapshotNotFound(NotFound):
    """No such group snapshot in the caller's project."""

    message = "GroupSnapshot %(group_snapshot_id)s could not be found."


class VolumeAttachmentNotFound(NotFound):
    """No such attachment in the caller's project."""

    message = "Volume attachment could not be found with filter: %(filter)s."


class ServerNotFound(NotFound):
    """Nova has no such server, or the server no such volume."""

    message = "Instance %(uuid)s could not be found."


class ServiceNotFound(NotFound):
    """No such service on that host."""

    message = "Service %(service_id)s could not be found on host %(host)s."


class MigrationNotFound(NotFound):
    """No such migration record."""

    message = "Volume migration %(migration_id)s could not be found."


class ExtensionNotFound(NotFound):
    """No such API extension alias."""

    message = "Extension %(alias)s could not be found."


# --- bad requests ----------------------------------------------------------------------------


class Invalid(CinderLiteException):
    """The request can not be carried out as it stands."""

    message = "Unacceptable parameters."
    code = 400
    safe = True


class InvalidInput(Invalid):
    """A value in the request is wrong."""

    message = "Invalid input received: %(reason)s"


class InvalidParameterValue(Invalid):
    """A value in the request is wrong; ``err`` is the sentence."""

    message = "%(err)s"


class InvalidVolume(Invalid):
    """The volume's state forbids the request."""

    message = "Invalid volume: %(reason)s"


class InvalidSnapshot(Invalid):
    """The snapshot's state forbids the request."""

    message = "Invalid snapshot: %(reason)s"


class InvalidVolumeType(Invalid):
    """The volume type can not be used so."""

    message = "Invalid volume type: %(reason)s"


class ImageUnacceptable(Invalid):
    """An image can not become a volume: its format, its size, or what it refers to."""

    message = "Image %(image_id)s is unacceptable: %(reason)s"


class ImageTooBig(Invalid):
    """There is no room to check and convert an image."""

    message = "Image %(image_id)s size exceeded available disk space: %(reason)s"


class ImageCopyFailure(Invalid):
    """An image's bytes could not be brought into a volume, or a volume's into an image."""

    message = "Failed to copy image to volume: %(reason)s"


class ImageDownloadFailed(Invalid):
    """An image did not arrive whole."""

    message = "Failed to download image %(image_href)s, reason: %(reason)s"


class ImageSignatureVerificationException(Invalid):
    """An image is not what was signed, or nobody can tell."""

    message = "Failed to verify image signature, reason: %(reason)s"


class InvalidSignatureImage(Invalid):
    """An image's signature is incomplete."""

    message = "Signature metadata is incomplete for image: %(image_id)s: it has no %(missing)s."


class ImageConversionNotAllowed(Invalid):
    """The operator has conversions switched off."""

    message = "Image Conversion disallowed for image %(image_id)s: %(reason)s"


class InvalidAvailabilityZone(Invalid):
    """There is no such availability zone, or not for this volume type."""

    message = "Availability zone '%(az)s' is invalid."


class InvalidTypeAvailabilityZones(Invalid):
    """None of a volume type's availability zones exists."""

    message = "None of the availability zones of the volume type exists: %(az)s."


class InvalidHost(Invalid):
    """The host named can not be used."""

    message = "Invalid host: %(reason)s"


class InvalidAuthKey(Invalid):
    """The key does not open the offer of a volume."""

    message = "Invalid auth key: %(reason)s"


class InvalidGroup(Invalid):
    """The group's state forbids the request."""

    message = "Invalid Group: %(reason)s"


class InvalidGroupType(Invalid):
    """The group type can not be used so."""

    message = "Invalid group type: %(reason)s"


class InvalidGroupSnapshot(Invalid):
    """The group snapshot's state forbids the request."""

    message = "Invalid GroupSnapshot: %(reason)s"


class GroupTypeInUse(Invalid):
    """The group type still has groups."""

    message = "Group type %(group_type_id)s still has groups and can not be deleted."


class InvalidVolumeAttachMode(Invalid):
    """A volume that is read-only was to be attached for writing."""

    message = "Invalid attaching mode '%(mode)s' for volume %(volume_id)s."


class InvalidUUID(Invalid):
    """What should be an id is none."""

    message = "Expected a UUID but received %(uuid)s."


class VolumeTypeInUse(Invalid):
    """The type still has volumes."""

    message = (
        "Volume Type %(volume_type_id)s deletion is not allowed with volumes present with the type."
    )


class VolumeTypeEncryptionExists(Invalid):
    """The type's volumes are encrypted already."""

    message = "Volume type encryption for type %(type_id)s already exists."


class KeyManagerFailed(Invalid):
    """The key manager did not do what it was asked for; its own words are in the log only."""

    message = "The key manager did not %(what)s; the log of the service says why."


class InvalidQoSSpecs(Invalid):
    """A value of QoS specs is wrong."""

    message = "Invalid qos specs: %(reason)s"


class InvalidName(Invalid):
    """A name can not be used."""

    message = "An invalid 'name' value was provided. %(reason)s"


class QoSSpecsInUse(Invalid):
    """Types still refer to the QoS specs."""

    message = "QoS specs %(specs_id)s are still in use by volume types."


class CannotDeleteDefaultVolumeType(Invalid):
    """The type is the default one."""

    message = (
        "Volume type with id %(volume_type_id)s is the default volume type and cannot be deleted."
    )


class Duplicate(CinderLiteException):
    """Something of that name exists."""

    message = "Resource already exists."
    code = 409
    safe = True


class ResourceConflict(Duplicate):
    """The state of the thing forbids the request; in Cinder a 409 where InvalidVolume is a 400."""

    message = "Resource conflict: %(reason)s"


class ConflictNovaUsingAttachment(Duplicate):
    """A user wants to end an attachment that a server uses; only Nova may do that."""

    message = "Detach volume from instance %(instance_id)s using the Compute API"


class VolumeTypeExists(Duplicate):
    """A volume type of that name exists."""

    message = "Volume Type %(id)s already exists."


class GroupTypeExists(Duplicate):
    """A group type of that name exists."""

    message = "Group type %(id)s already exists."


class VolumeTypeAccessExists(Duplicate):
    """The project has access to the type already."""

    message = (
        "Volume type access for %(volume_type_id)s / %(project_id)s combination already exists."
    )


class QoSSpecsExists(Duplicate):
    """QoS specs of that name exist."""

    message = "QoS Specs %(specs_id)s already exists."


# --- refused ---------------------------------------------------------------------------------


class NotAuthorized(CinderLiteException):
    """The caller may not do this."""

    message = "Not authorized."
    code = 403
    safe = True


class AdminRequired(NotAuthorized):
    """Only an administrator may do this."""

    message = "User does not have admin privileges"


class PolicyNotAuthorized(NotAuthorized):
    """The policy rule named ``action`` refused."""

    message = "Policy doesn't allow %(action)s to be performed."


class ImageNotAuthorized(NotAuthorized):
    """Glance refuses the caller."""

    message = "Not authorized for image %(image_id)s."


class ImageRightsLost(ImageNotAuthorized):
    """A volume's creation was interrupted, and nobody is left who may read its image."""

    message = (
        "Image %(image_id)s can not be read for volume %(volume_id)s: the volume service was "
        "started again meanwhile, so the token of the request is gone, and section [glance] names "
        "no user to read images instead."
    )


class OverQuota(CinderLiteException):
    """A quota would be exceeded."""

    message = "Quota exceeded for resources: %(overs)s"
    code = 413
    safe = True


class VolumeLimitExceeded(OverQuota):
    """The quota of volumes is used up."""

    message = "Maximum number of volumes allowed (%(allowed)d) exceeded for quota '%(name)s'."


class SnapshotLimitExceeded(OverQuota):
    """The quota of snapshots is used up."""

    message = "Maximum number of snapshots allowed (%(allowed)d) exceeded"


class VolumeSizeExceedsAvailableQuota(OverQuota):
    """The quota of gigabytes is used up."""

    message = (
        "Requested volume or snapshot exceeds allowed %(name)s quota. Requested %(requested)sG, "
        "quota is %(quota)sG and %(consumed)sG has been consumed."
    )


class VolumeSizeExceedsLimit(OverQuota):
    """One volume is larger than the project's per-volume limit."""

    message = "Requested volume size %(size)dG is larger than maximum allowed limit %(limit)dG."


class GroupLimitExceeded(OverQuota):
    """The quota of groups is used up."""

    message = "Maximum number of groups allowed (%(allowed)d) exceeded"


# --- scheduling ------------------------------------------------------------------------------


class NoValidHost(CinderLiteException):
    """No backend passes the filters; ``reason`` says which filter refused and why."""

    message = "No valid host was found. %(reason)s"
    safe = True


class ServiceUnavailable(CinderLiteException):
    """A service that is needed is down or does not answer."""

    message = "Service is unavailable at this time."
    code = 503
    safe = True


class ComputeFailed(CinderLiteException):
    """Nova refused, failed or could not be asked; ``reason`` says which.

    :ivar begun: Nova may have begun what it was asked for, as its answer was lost
    """

    message = "The compute service %(reason)s"
    begun = False


# --- backends --------------------------------------------------------------------------------


class VolumeDriverException(CinderLiteException):
    """A driver failed."""

    message = "Volume driver reported an error: %(message)s"

    def __init__(self, message: str | None = None, **kwargs: Any) -> None:
        text = f"Volume driver reported an error: {message}" if message else self.__class__.__name__
        super().__init__(text, **kwargs)
        # A copy in another process is made of these; the text must not be put before it again.
        self.args = (message,)


class DriverNotInitialized(CinderLiteException):
    """The backend's driver is not ready."""

    message = "Volume driver %(driver)s is not initialized."


class VolumeBackendAPIException(CinderLiteException):
    """The storage behind a driver refused or failed."""

    message = "Bad or unexpected response from the storage volume backend API: %(data)s"


class SnapshotIsBusy(CinderLiteException):
    """Something still needs the snapshot, so that it can not be deleted."""

    message = "deleting snapshot %(snapshot_name)s that has dependent volumes"


class ManageExistingInvalidReference(CinderLiteException):
    """What shall be managed does not exist on the backend, or can not be named so."""

    message = (
        "Manage existing volume failed due to invalid backend reference %(existing_ref)s: "
        "%(reason)s"
    )
    code = 400
    safe = True


class ManageExistingAlreadyManaged(CinderLiteException):
    """What shall be managed is a volume or snapshot of this service already."""

    message = "Unable to manage existing volume. Volume %(volume_ref)s already managed."
    code = 400
    safe = True


class ManageExistingVolumeTypeMismatch(CinderLiteException):
    """What shall be managed does not fit the volume type."""

    message = "Manage existing volume failed due to volume type mismatch: %(reason)s"
    code = 400
    safe = True


class InvalidConfigurationValue(CinderLiteException):
    """An option's value can not be used."""

    message = 'Value "%(value)s" is not valid for configuration option "%(option)s": %(reason)s'


# --- moving ----------------------------------------------------------------------------------


class GlanceConnectionFailed(CinderLiteException):
    """Glance does not answer."""

    message = "Connection to glance failed: %(reason)s"
    code = 503
    safe = True


class VolumeMigrationFailed(CinderLiteException):
    """A move failed; the volume is where it was."""

    message = "Volume migration failed: %(reason)s"


class EncryptorFailed(CinderLiteException):
    """An encrypted volume could not be opened on a node, or its header not be made."""

    message = "Volume %(volume_id)s can not be opened on this node: %(reason)s"


class VolumeCopyFailed(CinderLiteException):
    """The bytes could not be copied."""

    message = "Copying the volume's data failed: %(reason)s"


class CopyStopped(CinderLiteException):
    """The copy was stopped on purpose, by a request or by the service's end."""

    message = "Copying the volume's data was stopped: %(reason)s"
