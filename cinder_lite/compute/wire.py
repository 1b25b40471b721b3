# SPDX-License-Identifier: Apache-2.0
"""The connection to Nova, as the user of ``[nova]`` if there is one; what its errors mean."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from oslo_config import cfg

from cinder_lite import exception, service_auth
from cinder_lite.conf import nova as options
from cinder_lite.context import RequestContext

CONF = cfg.CONF

_NOT_FOUND, _SERVER_ERROR = 404, 500
_NOT_SENT = ("refused", "name or service not known", "no route to host", "unreachable")
"""Words of an error after which it is certain that the request did not reach Nova."""

_lock = threading.Lock()
_clients: dict[str, Any] = {}


def configured() -> bool:
    """Tell whether there is a Nova to be asked."""
    return bool(CONF.nova.token_auth_url) or service_auth.has_user(options.GROUP)


def forget() -> None:
    """Forget the connections: after a reload of the options, and in tests."""
    with _lock:
        _clients.clear()
    service_auth.forget()


def call(
    context: RequestContext,
    about: str,
    method: str,
    path: str,
    *,
    version: str | None = None,
    body: Any = None,
) -> Any:
    """Send a request to Nova and return the answer.

    :param about: id of the server or servers
    :param method: ``get``, ``put``, ``post`` or ``delete``
    :param version: the microversion
    :raises ServerNotFound: Nova answers 404
    :raises ComputeFailed: Nova refuses, fails or does not answer
    """
    from openstack import exceptions

    given = {} if body is None else {"json": body}
    with _explained(about):
        answer = getattr(_compute(context), method)(path, microversion=version, **given)
        exceptions.raise_from_response(answer)
    return answer


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
