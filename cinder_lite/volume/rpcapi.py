# SPDX-License-Identifier: Apache-2.0
"""What the other services may ask of cinder-lite-volume."""

from __future__ import annotations

from typing import Any

from cinder_lite import log_endpoints
from cinder_lite.context import RequestContext
from cinder_lite.objects import Group, Volume
from cinder_lite.volume.snapshot_rpcapi import SnapshotAPI


class VolumeAPI(SnapshotAPI):
    """Client side of the volume services' RPC interface.

    A service listens on ``<volume_topic>.<host@backend>``; what goes to all of them at once goes
    to ``<volume_topic>`` by fanout. Volumes are named by id: the reader looks them up.

    Version history::

        1.0 - create_volume, delete_volume, migrate_volume, migrate_volume_completion,
              abort_migration, migration_target_created, update_migrated_volume,
              initialize_connection,
              terminate_connection, remove_export, publish_service_capabilities,
              copy_volume_to_image, reimage,
              create_snapshot, delete_snapshot, revert_to_snapshot,
              initialize_connection_snapshot, terminate_connection_snapshot, extend_volume,
              manage_existing, manage_existing_snapshot, get_manageable_volumes,
              get_manageable_snapshots,
              attachment_update, attachment_delete, detach_volume, retype,
              create_group_from_src, delete_group, create_group_snapshot,
              delete_group_snapshot,
              get_capabilities, do_cleanup, set_log_levels, get_log_levels
    """

    def create_volume(
        self,
        ctxt: RequestContext,
        volume_id: str,
        host: str,
        request_spec: dict[str, Any] | None,
        filter_properties: dict[str, Any] | None,
        *,
        allow_reschedule: bool = True,
        snapshot_id: str | None = None,
        image_id: str | None = None,
        source_volid: str | None = None,
    ) -> None:
        """Cast to ``host``: create a volume whose row exists."""
        self._to(host).cast(
            ctxt,
            "create_volume",
            volume_id=volume_id,
            request_spec=request_spec,
            filter_properties=filter_properties,
            allow_reschedule=allow_reschedule,
            snapshot_id=snapshot_id,
            image_id=image_id,
            source_volid=source_volid,
        )

    def delete_volume(
        self, ctxt: RequestContext, volume: Volume, *, unmanage_only: bool = False
    ) -> None:
        """Cast to the volume's host: delete it, row and data."""
        self._to(volume.host).cast(
            ctxt, "delete_volume", volume_id=volume.id, unmanage_only=unmanage_only
        )

    def copy_volume_to_image(
        self, ctxt: RequestContext, volume: Volume, image_meta: dict[str, Any]
    ) -> None:
        """Cast to the volume's host: fill a registered image with the volume's data.

        :param image_meta: the image's description
        """
        self._to(volume.host).cast(
            ctxt, "copy_volume_to_image", volume_id=volume.id, image_meta=image_meta
        )

    def reimage(self, ctxt: RequestContext, volume: Volume, image_meta: dict[str, Any]) -> None:
        """Cast to the volume's host: write an image over the volume.

        :param image_meta: the image's description
        """
        self._to(volume.host).cast(ctxt, "reimage", volume_id=volume.id, image_meta=image_meta)

    def migrate_volume(
        self,
        ctxt: RequestContext,
        volume: Volume,
        host: dict[str, Any],
        force_host_copy: bool,
        *,
        migration_id: str,
        new_type_id: str | None = None,
    ) -> None:
        """Cast to the volume's host: move it.

        :param host: ``{'host': 'host@backend#pool', 'capabilities': {…}}`` of the destination
        """
        self._to(volume.host).cast(
            ctxt,
            "migrate_volume",
            volume_id=volume.id,
            host=host,
            force_host_copy=force_host_copy,
            new_type_id=new_type_id,
            migration_id=migration_id,
        )

    def retype(
        self,
        ctxt: RequestContext,
        volume: Volume,
        new_type_id: str,
        host: dict[str, Any],
        migration_policy: str,
        *,
        offline_servers: bool = False,
    ) -> None:
        """Cast to the volume's host: give it a new type, there or on another backend.

        :param host: ``{'host': 'host@backend#pool', 'capabilities': {…}}`` of where it goes
        :param migration_policy: ``never`` or ``on-demand``
        :param offline_servers: a server that is shut off may be made to let go of it meanwhile
        """
        self._to(volume.host).cast(
            ctxt,
            "retype",
            volume_id=volume.id,
            new_type_id=new_type_id,
            host=host,
            migration_policy=migration_policy,
            offline_servers=offline_servers,
        )

    def migrate_volume_completion(
        self, ctxt: RequestContext, volume: Volume, new_volume_id: str, *, error: bool
    ) -> str:
        """Call the volume's host: end a move whose bytes somebody else has copied.

        :returns: the id under which the volume goes on
        """
        saved: str = self._call(
            volume.host,
            ctxt,
            "migrate_volume_completion",
            volume_id=volume.id,
            new_volume_id=new_volume_id,
            error=error,
        )
        return saved

    def abort_migration(self, ctxt: RequestContext, host: str, migration_id: str) -> None:
        """Cast to a move's source: undo it, if its data is not whole yet."""
        self._to(host).cast(ctxt, "abort_migration", migration_id=migration_id)

    def migration_target_created(
        self, ctxt: RequestContext, host: str, migration_id: str, error: str | None
    ) -> None:
        """Cast to a move's source: the target is created, or why it could not be."""
        self._to(host).cast(
            ctxt, "migration_target_created", migration_id=migration_id, error=error
        )

    def update_migrated_volume(
        self, ctxt: RequestContext, volume: Volume, new_volume: Volume, original_status: str
    ) -> dict[str, Any]:
        """Call the destination: give the new data the volume's name, if the backend can.

        :returns: ``{'_name_id': …, 'provider_location': …}``
        """
        names: dict[str, Any] = self._call(
            new_volume.host,
            ctxt,
            "update_migrated_volume",
            volume_id=volume.id,
            new_volume_id=new_volume.id,
            original_status=original_status,
        )
        return names

    def initialize_connection(
        self, ctxt: RequestContext, volume: Volume, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Call the volume's host: let a connector use it; returns what os-brick and Nova need.

        :param connector: os-brick's connector properties; ``mode`` (``rw`` or ``ro``) says how
        """
        properties: dict[str, Any] = self._call(
            volume.host, ctxt, "initialize_connection", volume_id=volume.id, connector=connector
        )
        return properties

    def terminate_connection(
        self,
        ctxt: RequestContext,
        volume: Volume,
        connector: dict[str, Any] | None,
        *,
        force: bool,
        attachment_id: str | None = None,
    ) -> bool:
        """Call the volume's host: end a connector's access.

        :param connector: the node; None with ``force`` means all nodes
        :param attachment_id: the attachment that ends; without it, one attachment of that node
        :returns: True where the node goes on using the volume by another attachment
        """
        return bool(
            self._call(
                volume.host,
                ctxt,
                "terminate_connection",
                volume_id=volume.id,
                connector=connector,
                force=force,
                attachment_id=attachment_id,
            )
        )

    def attachment_update(
        self, ctxt: RequestContext, volume: Volume, connector: dict[str, Any], attachment_id: str
    ) -> dict[str, Any]:
        """Call the volume's host: let an attachment's node in; returns the connection's data."""
        info: dict[str, Any] = self._call(
            volume.host,
            ctxt,
            "attachment_update",
            volume_id=volume.id,
            connector=connector,
            attachment_id=attachment_id,
        )
        return info

    def attachment_delete(self, ctxt: RequestContext, volume: Volume, attachment_id: str) -> None:
        """Call the volume's host: let an attachment's node out."""
        self._call(
            volume.host,
            ctxt,
            "attachment_delete",
            volume_id=volume.id,
            attachment_id=attachment_id,
        )

    def detach_volume(
        self, ctxt: RequestContext, volume: Volume, attachment_id: str | None
    ) -> None:
        """Call the volume's host: end an old-style attachment.

        :param attachment_id: None where the volume has but one
        """
        self._call(
            volume.host,
            ctxt,
            "detach_volume",
            volume_id=volume.id,
            attachment_id=attachment_id,
        )

    def remove_export(self, ctxt: RequestContext, volume: Volume) -> None:
        """Cast to the volume's host: export it no more."""
        self._to(volume.host).cast(ctxt, "remove_export", volume_id=volume.id)

    # --- groups ------------------------------------------------------------------------------

    def create_group_from_src(self, ctxt: RequestContext, group: Group) -> None:
        """Cast to the group's host: make its volumes, whose rows say of what."""
        self._to(group.host).cast(ctxt, "create_group_from_src", group_id=group.id)

    def delete_group(self, ctxt: RequestContext, group: Group) -> None:
        """Cast to the group's host: delete it with its volumes."""
        self._to(group.host).cast(ctxt, "delete_group", group_id=group.id)

    def create_group_snapshot(
        self, ctxt: RequestContext, group: Group, group_snapshot_id: str
    ) -> None:
        """Cast to the group's host: make the snapshots of a group snapshot."""
        self._to(group.host).cast(
            ctxt, "create_group_snapshot", group_snapshot_id=group_snapshot_id
        )

    def delete_group_snapshot(
        self, ctxt: RequestContext, group: Group, group_snapshot_id: str
    ) -> None:
        """Cast to the group's host: delete a group snapshot with its snapshots."""
        self._to(group.host).cast(
            ctxt, "delete_group_snapshot", group_snapshot_id=group_snapshot_id
        )

    def publish_service_capabilities(self, ctxt: RequestContext) -> None:
        """Cast to every volume service: report to the schedulers now."""
        self._client.prepare(fanout=True).cast(ctxt, "publish_service_capabilities")

    # --- administration ----------------------------------------------------------------------

    def get_capabilities(self, ctxt: RequestContext, host: str) -> dict[str, Any]:
        """Call a backend: what it can do.

        :param host: ``host@backend``
        """
        found: dict[str, Any] = self._call(host, ctxt, "get_capabilities")
        return found

    def do_cleanup(self, ctxt: RequestContext, host: str) -> None:
        """Cast to a backend: settle what was left half done, without waiting for its time."""
        self._to(host).cast(ctxt, "do_cleanup")

    def set_log_levels(
        self, ctxt: RequestContext, host: str, prefix: str | None, level: str
    ) -> None:
        """Cast to a backend's service: set the levels of its loggers."""
        log_endpoints.set_log_levels(self._to(host), ctxt, prefix, level)

    def get_log_levels(self, ctxt: RequestContext, host: str, prefix: str | None) -> dict[str, str]:
        """Call a backend's service: the levels of its loggers."""
        who = f"The volume service {host}"
        return log_endpoints.get_log_levels(self._to(host), who, ctxt, prefix)
