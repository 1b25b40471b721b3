# SPDX-License-Identifier: Apache-2.0
"""Typed records that cross the borders between rooms: built by db/, read by everyone."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from oslo_config import cfg

from cinder_lite import states

CONF = cfg.CONF


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One row of ``volumes``; field names are the columns', sizes are GiB, times are UTC."""

    id: str
    name_id_override: str | None = None
    """Column ``_name_id``: the id that the backend's name carries where it is not ``id``."""
    ec2_id: str | None = None
    user_id: str | None = None
    project_id: str | None = None
    host: str | None = None
    cluster_name: str | None = None
    size: int = 0
    availability_zone: str | None = None
    status: str | None = None
    attach_status: str | None = None
    migration_status: str | None = None
    previous_status: str | None = None
    display_name: str | None = None
    display_description: str | None = None
    volume_type_id: str | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    group_id: str | None = None
    consistencygroup_id: str | None = None
    service_uuid: str | None = None
    bootable: bool = False
    multiattach: bool = False
    shared_targets: bool | None = None
    use_quota: bool = True
    encryption_key_id: str | None = None
    replication_status: str | None = None
    replication_driver_data: str | None = None
    replication_extended_status: str | None = None
    provider_id: str | None = None
    provider_location: str | None = None
    provider_auth: str | None = None
    provider_geometry: str | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    scheduled_at: datetime.datetime | None = None
    launched_at: datetime.datetime | None = None
    terminated_at: datetime.datetime | None = None
    deleted_at: datetime.datetime | None = None
    deleted: bool = False

    @property
    def name_id(self) -> str:
        """The id that the volume's name on its backend carries."""
        return self.name_id_override or self.id

    @property
    def name(self) -> str:
        """The volume's name on its backend."""
        return str(CONF.volume_name_template % self.name_id)

    @property
    def service_host(self) -> str:
        """``host@backend``: the volume service that looks after the volume; '' before one does."""
        return (self.host or "").partition("#")[0]

    def replace(self, **values: Any) -> Volume:
        """Return a copy with these fields changed."""
        return dataclasses.replace(self, **values)


VOLUME_COLUMNS = tuple(
    "_name_id" if field.name == "name_id_override" else field.name
    for field in dataclasses.fields(Volume)
)
"""The columns of ``volumes`` in the order of :class:`Volume`'s fields."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One row of ``snapshots``, and the name of its volume; sizes are GiB, times are UTC."""

    id: str
    volume_id: str
    user_id: str | None = None
    project_id: str | None = None
    status: str | None = None
    progress: str | None = None
    volume_size: int = 0
    """The volume's size when the snapshot was made."""
    volume_type_id: str | None = None
    display_name: str | None = None
    display_description: str | None = None
    encryption_key_id: str | None = None
    cgsnapshot_id: str | None = None
    group_snapshot_id: str | None = None
    provider_id: str | None = None
    provider_location: str | None = None
    provider_auth: str | None = None
    use_quota: bool = True
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    scheduled_at: datetime.datetime | None = None
    """When the work on it was asked for; None while there is none."""
    deleted_at: datetime.datetime | None = None
    deleted: bool = False
    volume_name: str = ""
    """The volume's name on the backend."""

    @property
    def name(self) -> str:
        """The snapshot's name on its backend."""
        return str(CONF.snapshot_name_template % self.id)

    def replace(self, **values: Any) -> Snapshot:
        """Return a copy with these fields changed."""
        return dataclasses.replace(self, **values)


SNAPSHOT_COLUMNS = tuple(
    field.name for field in dataclasses.fields(Snapshot) if field.name != "volume_name"
)
"""The columns of ``snapshots`` in the order of :class:`Snapshot`'s fields."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One row of ``volume_attachment``: a server's or host's use of a volume."""

    id: str
    volume_id: str
    instance_uuid: str | None = None
    """The server, None where a host uses the volume by itself."""
    attached_host: str | None = None
    mountpoint: str | None = None
    attach_time: datetime.datetime | None = None
    detach_time: datetime.datetime | None = None
    attach_status: str | None = None
    attach_mode: str | None = None
    """``rw``, ``ro``, or ``null`` where the request left it to the connector."""
    connector: dict[str, Any] | None = None
    """Who connects, in os-brick's words; None for one that was recorded by ``os-attach``."""
    connection_info: dict[str, Any] | None = None
    """How to connect, flat as in the API's answers."""
    created_at: datetime.datetime | None = None
    project_id: str | None = None
    """The volume's project."""

    @property
    def is_promised(self) -> bool:
        """Whether the volume is only kept for a server, which does not connect yet."""
        return self.attach_status == states.ATTACHMENT_RESERVED and not self.connector


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One row of ``services``: a scheduler or a volume service, with its heartbeat."""

    id: int
    uuid: str | None = None
    host: str
    binary: str
    topic: str
    report_count: int = 0
    disabled: bool = False
    disabled_reason: str | None = None
    availability_zone: str | None = None
    rpc_current_version: str | None = None
    cluster_name: str | None = None
    replication_status: str | None = None
    active_backend_id: str | None = None
    frozen: bool = False
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    modified_at: datetime.datetime | None = None

    @property
    def is_up(self) -> bool:
        """True while the last heartbeat is younger than ``service_down_time`` seconds."""
        last = self.updated_at or self.created_at
        if last is None:
            return False
        age = (utcnow() - last).total_seconds()
        return abs(age) <= CONF.service_down_time


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VolumeType:
    """One row of ``volume_types`` with its extra specs."""

    id: str
    name: str
    description: str | None = None
    is_public: bool = True
    qos_specs_id: str | None = None
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One row of ``transfers``: the offer of a volume to whoever has its key."""

    id: str
    volume_id: str
    display_name: str | None = None
    salt: str = ""
    crypt_hash: str = ""
    """The key, hashed with the salt: the key itself is kept nowhere."""
    no_snapshots: bool = False
    source_project_id: str | None = None
    destination_project_id: str | None = None
    accepted: bool = False
    created_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QosSpecs:
    """One row of ``qos_specs`` with its items: limits that types give to their volumes."""

    id: str
    name: str
    consumer: str
    """Who keeps to them: ``front-end`` (the compute node), ``back-end`` (the storage), ``both``."""
    specs: dict[str, str] = dataclasses.field(default_factory=dict)
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupType:
    """One row of ``group_types`` with its specs."""

    id: str
    name: str
    description: str | None = None
    is_public: bool = True
    group_specs: dict[str, str | None] = dataclasses.field(default_factory=dict)
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None

    @property
    def is_consistent(self) -> bool:
        """True where the snapshots of a group's volumes must be of one moment."""
        value = self.group_specs.get("consistent_group_snapshot_enabled")
        return (value or "").strip().lower() == "<is> true"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row of ``groups``: volumes of one backend that are looked after together."""

    id: str
    user_id: str | None = None
    project_id: str | None = None
    host: str | None = None
    availability_zone: str | None = None
    name: str | None = None
    description: str | None = None
    status: str | None = None
    group_type_id: str | None = None
    group_snapshot_id: str | None = None
    source_group_id: str | None = None
    replication_status: str | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    volume_types: tuple[str, ...] = ()
    """Ids of the types that the group's volumes may have."""

    @property
    def service_host(self) -> str:
        """``host@backend``: the volume service that looks after the group; '' before one does."""
        return (self.host or "").partition("#")[0]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupSnapshot:
    """One row of ``group_snapshots``: a snapshot of every volume of a group."""

    id: str
    group_id: str
    user_id: str | None = None
    project_id: str | None = None
    name: str | None = None
    description: str | None = None
    status: str | None = None
    group_type_id: str | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of ``messages``: what became of a request that was answered before it was done."""

    id: str
    project_id: str
    request_id: str | None = None
    resource_type: str | None = None
    resource_uuid: str | None = None
    event_id: str
    action_id: str
    detail_id: str
    message_level: str
    created_at: datetime.datetime | None = None
    expires_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One row of ``volume_migrations``: a move of a volume, from request to end.

    Bytes are counted from the start of the copy; ``bytes_per_second`` is the current rate.
    """

    id: str
    volume_id: str
    new_volume_id: str | None = None
    source_host: str
    dest_host: str
    mode: str | None = None
    status: str
    phase: str
    owner: str | None = None
    """The process that works on it: a service's instance id; None while nobody does."""
    attempts: int = 0
    """How often a service took it up: more than once after a crash."""
    capabilities: str | None = None
    """JSON: what the scheduler knew of the destination when it chose it."""
    new_type_id: str | None = None
    force_host_copy: bool = False
    lock_volume: bool = False
    offline_servers: bool = False
    """A server that is shut off may be made to let go of the volume meanwhile."""
    server_id: str | None = None
    """The server that has let go of the volume, or is to."""
    server_use: str | None = None
    """JSON: how that server used the volume, and what has been done about it."""
    abort_requested: bool = False
    """It was asked that the move be undone."""
    bytes_total: int = 0
    bytes_copied: int = 0
    bytes_skipped: int = 0
    bytes_per_second: int = 0
    error: str | None = None
    user_id: str | None = None
    project_id: str | None = None
    request_id: str | None = None
    created_at: datetime.datetime | None = None
    started_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None


def utcnow() -> datetime.datetime:
    """Return the time now as the database keeps it: UTC without a zone."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
