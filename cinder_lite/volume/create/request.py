# SPDX-License-Identifier: Apache-2.0
"""What a request for a new volume asks for, and the rules that settle what it leaves open."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, policy, states
from cinder_lite.context import RequestContext
from cinder_lite.db import services as db_services
from cinder_lite.db import volume_types
from cinder_lite.image import checks
from cinder_lite.image.glance import ImageService
from cinder_lite.objects import Group, Snapshot, Volume, VolumeType
from cinder_lite.policies import volumes as rules
from cinder_lite.volume import encryption

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

TYPE_ZONES = "RESKEY:availability_zones"
"""Extra spec: the availability zones that a type's volumes may be in, separated by commas."""
LARGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A request for a new volume, as the API has read it.

    :param size: GiB; None takes the source's
    :param volume_type: the type that was named
    :param snapshot: the snapshot whose data the volume gets
    :param source_volume: the volume whose data it gets
    :param source_of_snapshot: the volume that ``snapshot`` was taken of
    :param image_id: the image whose data it gets
    :param group: the group that it will be in
    """

    size: int | None = None
    name: str | None = None
    description: str | None = None
    volume_type: VolumeType | None = None
    availability_zone: str | None = None
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    scheduler_hints: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    snapshot: Snapshot | None = None
    source_of_snapshot: Volume | None = None
    source_volume: Volume | None = None
    image_id: str | None = None
    group: Group | None = None

    @property
    def source(self) -> Volume | None:
        """The volume that the data comes from, itself or by its snapshot."""
        return self.source_volume or self.source_of_snapshot


def check_sources(request: CreateRequest) -> None:
    """Check that there is one source at most, and that it can be read.

    :raises InvalidInput: there are several
    :raises InvalidVolume, InvalidSnapshot: its status forbids it
    """
    named = {
        "snapshot": request.snapshot,
        "imageRef": request.image_id,
        "source_volume": request.source_volume,
    }
    given = [name for name, value in named.items() if value]
    if len(given) > 1:
        raise exception.InvalidInput(
            reason=f"a volume is made from one source, but {' and '.join(given)} are given."
        )
    volume, snapshot = request.source_volume, request.snapshot
    if volume is not None and volume.status not in (states.AVAILABLE, states.IN_USE):
        raise exception.InvalidVolume(
            reason=f"source volume {volume.id} must be available or in-use, but is {volume.status}."
        )
    if volume is not None and volume.migration_status not in states.MIGRATION_IDLE:
        raise exception.InvalidVolume(
            reason=f"source volume {volume.id} is moving to another backend "
            f"(migration_status is {volume.migration_status})."
        )
    if snapshot is not None and snapshot.status != states.AVAILABLE:
        raise exception.InvalidSnapshot(
            reason=f"snapshot {snapshot.id} must be available, but is {snapshot.status}."
        )


def size_of(request: CreateRequest) -> int:
    """Return the volume's size in GiB: what was asked for, or the source's.

    :raises InvalidInput: there is none, or it is smaller than the source
    """
    least, whose = 0, ""
    if request.source_volume is not None:
        least, whose = request.source_volume.size, f"source volume {request.source_volume.id}"
    elif request.snapshot is not None:
        least, whose = request.snapshot.volume_size, f"snapshot {request.snapshot.id}"
    size = request.size or least
    if not 1 <= size <= LARGEST:
        raise exception.InvalidInput(
            reason=f"Volume size '{request.size}' must be an integer and greater than 0"
        )
    if size < least:
        raise exception.InvalidInput(
            reason=f"Volume size '{size}'GB cannot be smaller than the {least} GB of {whose}."
        )
    return size


def image_of(context: RequestContext, request: CreateRequest, size: int) -> dict[str, Any]:
    """Return the description of the image that the volume gets its data from; empty for none.

    :param size: the volume's, GiB
    :raises ImageNotFound: there is no such image for this caller
    :raises InvalidInput, ImageUnacceptable: it can not become a volume of that size
    """
    if request.image_id is None:
        return {}
    image = ImageService(context).show(request.image_id)
    checks.check_description(image, size)
    return image


def type_of(
    context: RequestContext, request: CreateRequest, image_type: str | None
) -> VolumeType | None:
    """Return the volume's type: the one named, else the source's, else the default one.

    :param image_type: what the image's property ``cinder_img_volume_type`` names
    :raises VolumeTypeNotFound: the source's type is gone, or not for this caller
    """
    if request.volume_type is not None:
        return request.volume_type
    if request.source is not None:
        kind = request.source.volume_type_id
        return volume_types.get(context.elevated(), kind) if kind else None
    if image_type:
        return volume_types.find(context, image_type)
    return default_type(context)


def default_type(context: RequestContext) -> VolumeType | None:
    """Return the type of volumes that name none, None where there is none.

    The project's own, or else the one of ``default_volume_type``.
    """
    return volume_types.default_of(context.project_id, CONF.default_volume_type)


def is_multiattach(context: RequestContext, volume_type: VolumeType | None) -> bool:
    """Tell whether a type makes its volumes multiattach.

    :raises PolicyNotAuthorized: it does, and the caller may not have such volumes
    """
    if not _wants_multiattach(volume_type):
        return False
    policy.authorize(context, rules.MULTIATTACH)
    return True


def _wants_multiattach(volume_type: VolumeType | None) -> bool:
    specs = volume_type.extra_specs if volume_type else {}
    return (specs.get("multiattach") or "").strip().lower() == "<is> true"


def encryption_of(request: CreateRequest, volume_type: VolumeType | None) -> dict[str, Any] | None:
    """Return how the volume will be encrypted, None where it will not be.

    :raises InvalidVolume: its type is multiattach besides
    :raises InvalidInput: its source is encrypted in another way
    """
    source, type_id = request.source, volume_type.id if volume_type else None
    found = encryption.of_type(type_id)
    if volume_type is not None and found and _wants_multiattach(volume_type):
        raise exception.InvalidVolume(
            reason=f"the type {volume_type.name} is encrypted and multiattach, which no volume "
            "can be."
        )
    if source is not None and encryption.differs(source.volume_type_id, type_id):
        raise exception.InvalidInput(
            reason=f"volume {source.id} and the type {volume_type.name if volume_type else None} "
            "are not encrypted in the same way, so that its data can not be copied: leave the "
            "type out."
        )
    return found


def zones_of(request: CreateRequest, volume_type: VolumeType | None) -> list[str]:
    """Return the availability zones that the volume may be in: one, or what its type allows.

    :raises InvalidAvailabilityZone: the zone does not exist, and there is no falling back
    :raises InvalidTypeAvailabilityZones: none of the type's zones exists
    """
    default = str(CONF.default_availability_zone or CONF.storage_availability_zone)
    of_type = _zones_of_type(volume_type)
    asked = request.availability_zone
    if request.group is not None and request.group.availability_zone:
        asked = request.group.availability_zone
    if asked is None and request.source is not None:
        asked = request.source.availability_zone
    if asked is None and not of_type:
        return [default]
    if asked == default and not of_type:
        return [default]
    known = {
        str(service.availability_zone)
        for service in db_services.listing(binary=db_services.VOLUME, disabled=False)
    } | {str(CONF.storage_availability_zone)}
    allowed = known.intersection(of_type) if of_type else known
    if not allowed:
        raise exception.InvalidTypeAvailabilityZones(az=", ".join(of_type))
    if asked is None:
        return sorted(allowed)
    if asked not in allowed:
        if not CONF.allow_availability_zone_fallback:
            raise exception.InvalidAvailabilityZone(az=asked)
        LOG.warning("There is no availability zone %s; %s is taken instead", asked, default)
        asked = default
    _check_zone_of_clone(request, asked)
    return [asked]


def _check_zone_of_clone(request: CreateRequest, zone: str) -> None:
    source = request.source
    if CONF.cloned_volume_same_az and source is not None and source.availability_zone != zone:
        raise exception.InvalidInput(
            reason=f"a copy must be in the availability zone of its source, "
            f"{source.availability_zone}, not in {zone}."
        )


def _zones_of_type(volume_type: VolumeType | None) -> list[str]:
    named = (volume_type.extra_specs if volume_type else {}).get(TYPE_ZONES) or ""
    return [zone.strip() for zone in named.split(",") if zone.strip()]
