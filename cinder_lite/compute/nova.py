# SPDX-License-Identifier: Apache-2.0
"""What is asked of Nova: to swap an attached volume for another, and to look at a server.

The wire is Nova's API reference: PUT /servers/{server}/os-volume_attachments/{volume}, GET of the
same (microversion 2.89 has ``attachment_id``), POST /os-server-external-events (2.51: a volume has
grown; 2.93: it has another image).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, service_auth
from cinder_lite.conf import nova as options
from cinder_lite.context import RequestContext

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

_SWAP, _EXTENDED, _ATTACHMENT_ID, _REIMAGED = "2.1", "2.51", "2.89", "2.93"
_NOT_FOUND, _SERVER_ERROR = 404, 500
_NOT_SENT = ("refused", "name or service not known", "no route to host", "unreachable")
"""Words of an error after which it is certain that the request did not reach Nova."""

SWAPPABLE = ("active", "paused", "resized")
"""vm_state of a server whose volumes Nova swaps."""
OFFLOADED = "shelved_offloaded"
"""vm_state of a server that is shelved, and on no compute host any more."""

_lock = threading.Lock()
_clients: dict[str, Any] = {}


class Server(NamedTuple):
    """What a move needs to know of a server."""

    id: str
    status: str
    """The word that users see, such as SHUTOFF."""
    vm_state: str
    task_state: str | None

    @property
    def swaps(self) -> bool:
        """True while Nova swaps a volume of this server."""
        return self.vm_state in SWAPPABLE and self.task_state is None


def configured() -> bool:
    """Tell whether there is a Nova to be asked."""
    return bool(CONF.nova.token_auth_url) or service_auth.has_user(options.GROUP)


def forget() -> None:
    """Forget the connections: after a reload of the options, and in tests."""
    with _lock:
        _clients.clear()
    service_auth.forget()


class API:
    """Calls Nova, as the user of ``[nova]`` where there is one."""

    def update_server_volume(
        self, context: RequestContext, server_id: str, volume_id: str, new_volume_id: str
    ) -> None:
        """Have Nova copy a server's volume onto another, and the server use that from then on.

        Nova answers when it has begun, and calls os-migrate_volume_completion when it has ended.

        :raises ServerNotFound: Nova knows no such server, or none with that volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        body = {"volumeAttachment": {"volumeId": new_volume_id}}
        url = f"/servers/{server_id}/os-volume_attachments/{volume_id}"
        with _explained(server_id):
            _checked(_compute(context).put(url, json=body, microversion=_SWAP))

    def attachment_of(self, context: RequestContext, server_id: str, volume_id: str) -> str | None:
        """Return the id of the attachment by which a server uses a volume.

        :raises ServerNotFound: Nova knows no such server, or it does not use the volume
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        url = f"/servers/{server_id}/os-volume_attachments/{volume_id}"
        with _explained(server_id):
            answer = _checked(_compute(context).get(url, microversion=_ATTACHMENT_ID)).json()
        found: str | None = answer["volumeAttachment"].get("attachment_id")
        return found

    def server(self, context: RequestContext, server_id: str) -> Server:
        """Return a server's states.

        :raises ServerNotFound: Nova knows no such server
        :raises ComputeFailed: Nova refuses, fails or does not answer
        """
        with _explained(server_id):
            found = _checked(_compute(context).get(f"/servers/{server_id}")).json()["server"]
        status = str(found.get("status") or "UNKNOWN")
        return Server(
            server_id,
            status,
            str(found.get("OS-EXT-STS:vm_state") or status.lower()),
            found.get("OS-EXT-STS:task_state"),
        )

    def extend_volume(
        self, context: RequestContext, server_ids: Sequence[str], volume_id: str
    ) -> bool:
        """Tell Nova that a volume which servers use has grown.

        :returns: False where Nova could not be told, or some server did not take it
        """
        event = {"name": "volume-extended", "tag": volume_id}
        return self._tell(context, server_ids, event, _EXTENDED)

    def reimage_volume(
        self,
        context: RequestContext,
        server_ids: Sequence[str],
        volume_id: str,
        *,
        succeeded: bool,
    ) -> bool:
        """Tell Nova that a volume has its new image, or will not have it: servers wait for that.

        :returns: False where Nova could not be told, or some server did not take it
        """
        status = "completed" if succeeded else "failed"
        event = {"name": "volume-reimaged", "tag": volume_id, "status": status}
        return self._tell(context, server_ids, event, _REIMAGED)

    @staticmethod
    def _tell(
        context: RequestContext, server_ids: Sequence[str], event: dict[str, str], version: str
    ) -> bool:
        """Send an event to servers; what goes wrong is logged."""
        volume_id, name = event["tag"], event["name"]
        events = [{**event, "server_uuid": server_id} for server_id in server_ids]
        try:
            with _explained(", ".join(server_ids)):
                answer = _checked(
                    _compute(context).post(
                        "/os-server-external-events",
                        json={"events": events},
                        microversion=version,
                    )
                ).json()
        except (exception.ServerNotFound, exception.ComputeFailed) as error:
            LOG.error("Volume %s: Nova was not told %s: %s", volume_id, name, error)
            return False
        failed = [one for one in answer.get("events", ()) if one.get("code") != 200]  # noqa: PLR2004
        for one in failed:
            LOG.warning("Volume %s: Nova did not take the event %s", volume_id, one)
        return not failed


def _compute(context: RequestContext) -> Any:
    """Return openstacksdk's compute proxy."""
    if not service_auth.has_user(options.GROUP):
        url = CONF.nova.token_auth_url
        if not url:
            raise exception.ComputeFailed(
                reason="can not be called: section [nova] has neither auth_type nor token_auth_url."
            )
        return _connect(service_auth.of_request(context, url))
    with _lock:
        if "own" not in _clients:
            _clients["own"] = _connect(service_auth.of_section(options.GROUP))
        return _clients["own"]


def _connect(plugin: Any) -> Any:
    from keystoneauth1 import loading
    from openstack import connection  # half a second of imports

    session = loading.load_session_from_conf_options(
        CONF, options.GROUP, auth=service_auth.with_service_token(plugin)
    )
    return connection.Connection(
        session=session,
        region_name=CONF.nova.region_name,
        compute_interface=CONF.nova.interface,
        compute_api_version="2",
    ).compute


def _checked(response: Any) -> Any:
    from openstack import exceptions

    exceptions.raise_from_response(response)
    return response


@contextlib.contextmanager
def _explained(server_id: str) -> Iterator[None]:
    """Turn what a call of Nova may raise into our errors, each with its sentence."""
    from keystoneauth1 import exceptions as ks_exc
    from openstack import exceptions

    try:
        yield
    except exceptions.HttpException as error:
        code = int(error.status_code or _SERVER_ERROR)
        if code == _NOT_FOUND:
            raise exception.ServerNotFound(uuid=server_id) from error
        said = error.details or error.message or error
        raise _failed(f"answered {code}: {said}", begun=code >= _SERVER_ERROR) from error
    except ks_exc.ConnectTimeout as error:
        raise _failed(f"did not answer within {CONF.nova.timeout} seconds", begun=True) from error
    except ks_exc.ConnectFailure as error:
        sent = not any(words in str(error).lower() for words in _NOT_SENT)
        raise _failed(f"does not answer: {error}", begun=sent) from error
    except (ks_exc.ClientException, exceptions.SDKException) as error:
        raise _failed(f"can not be called: {error}", begun=False) from error


def _failed(what: str, *, begun: bool) -> exception.ComputeFailed:
    failure = exception.ComputeFailed(reason=what.rstrip(".") + ".")
    failure.begun = begun
    return failure
