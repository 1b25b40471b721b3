# SPDX-License-Identifier: Apache-2.0
"""What goes to Nova over the wire, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cinder_lite import context as request_context
from cinder_lite import exception
from cinder_lite.compute import nova
from cinder_lite.conf import nova as options
from tests.functional.harness.nova import Nova
from tests.unit.conftest import SetOption

SERVER, VOLUME, TARGET = "server-1", "volume-1", "volume-2"
CONTEXT = request_context.admin_context()


@pytest.fixture
def peer(option: SetOption) -> Iterator[Nova]:
    """A Nova without Keystone."""
    made = Nova()
    options.register_auth(options.GROUP)
    option("auth_type", "none", options.GROUP)
    nova.forget()
    from keystoneauth1 import loading
    from oslo_config import cfg

    cfg.CONF.register_opts(loading.get_auth_plugin_conf_options("none"), group=options.GROUP)
    option("endpoint", made.url, options.GROUP)
    option("timeout", 5, options.GROUP)
    yield made
    nova.forget()
    made.stop()


def calls(peer: Nova) -> list[tuple[str, str, str | None, object]]:
    """Return what was asked beside the version document."""
    return [call for call in peer.calls if call[1] not in ("/v2.1", "/v2.1/")]


def test_it_is_configured_by_its_section(peer: Nova, option: SetOption) -> None:
    assert nova.configured()
    option("auth_type", None, options.GROUP)
    assert not nova.configured()
    with pytest.raises(exception.ComputeFailed, match="neither auth_type nor token_auth_url"):
        nova.API().server(CONTEXT, SERVER)


def test_a_swap_that_nova_refuses(peer: Nova) -> None:
    peer.answer = (409, {"conflictingRequest": {"code": 409, "message": "It is not migrating."}})
    with pytest.raises(exception.ComputeFailed, match="409: .*not migrating") as failed:
        nova.API().update_server_volume(CONTEXT, SERVER, VOLUME, TARGET)
    assert failed.value.begun is False
    [(method, path, version, body)] = calls(peer)
    assert (method, path) == ("PUT", f"/v2.1/servers/{SERVER}/os-volume_attachments/{VOLUME}")
    assert version == "compute 2.1"
    assert body == {"volumeAttachment": {"volumeId": TARGET}}


@pytest.mark.parametrize(("status", "begun"), [(400, False), (403, False), (500, True)])
def test_other_failures(peer: Nova, status: int, begun: bool) -> None:
    peer.answer = (status, {"fault": {"code": status, "message": "No."}})
    with pytest.raises(exception.ComputeFailed, match=str(status)) as failed:
        nova.API().update_server_volume(CONTEXT, SERVER, VOLUME, TARGET)
    assert failed.value.begun is begun


def test_a_server_that_is_not_there(peer: Nova) -> None:
    peer.answer = (404, {"itemNotFound": {"code": 404, "message": "Instance not found."}})
    with pytest.raises(exception.ServerNotFound, match=SERVER):
        nova.API().update_server_volume(CONTEXT, SERVER, VOLUME, TARGET)
    with pytest.raises(exception.ServerNotFound):
        nova.API().attachment_of(CONTEXT, SERVER, VOLUME)
    assert calls(peer)[-1][2] == "compute 2.89"


@pytest.mark.parametrize(
    ("vm_state", "swaps"), [("active", True), ("paused", True), ("stopped", False)]
)
def test_the_states_of_a_server(peer: Nova, vm_state: str, swaps: bool) -> None:
    peer.vm_state = vm_state
    server = nova.API().server(CONTEXT, SERVER)
    assert (server.vm_state, server.status, server.swaps) == (vm_state, vm_state.upper(), swaps)


def test_a_volume_that_has_grown(peer: Nova) -> None:
    assert nova.API().extend_volume(CONTEXT, [SERVER, "server-2"], VOLUME)
    [(method, path, version, body)] = calls(peer)
    assert (method, path, version) == (
        "POST",
        "/v2.1/os-server-external-events",
        "compute 2.51",
    )
    assert body == {
        "events": [
            {"name": "volume-extended", "server_uuid": server, "tag": VOLUME}
            for server in (SERVER, "server-2")
        ]
    }


@pytest.mark.parametrize(("succeeded", "status"), [(True, "completed"), (False, "failed")])
def test_a_volume_that_has_a_new_image(peer: Nova, succeeded: bool, status: str) -> None:
    assert nova.API().reimage_volume(CONTEXT, [SERVER], VOLUME, succeeded=succeeded)
    [(method, path, version, body)] = calls(peer)
    assert (method, path, version) == (
        "POST",
        "/v2.1/os-server-external-events",
        "compute 2.93",
    )
    event = {"name": "volume-reimaged", "server_uuid": SERVER, "tag": VOLUME, "status": status}
    assert body == {"events": [event]}


def test_a_nova_that_is_down(peer: Nova) -> None:
    peer.stop()
    with pytest.raises(exception.ComputeFailed, match="does not answer") as failed:
        nova.API().update_server_volume(CONTEXT, SERVER, VOLUME, TARGET)
    assert failed.value.begun is False
    assert not nova.API().extend_volume(CONTEXT, [SERVER], VOLUME)


def test_how_a_server_uses_a_volume(peer: Nova) -> None:
    peer.use(SERVER, VOLUME, "attachment-1", device="/dev/vdc", tag="logs")
    used = nova.API().attached(CONTEXT, SERVER, VOLUME)
    assert used == ("attachment-1", "/dev/vdc", "logs", False)
    [(method, path, version, _)] = calls(peer)
    assert (method, version) == ("GET", "compute 2.89")
    assert path == f"/v2.1/servers/{SERVER}/os-volume_attachments/{VOLUME}"


def test_a_server_is_locked_and_unlocked(peer: Nova) -> None:
    peer.vm_state = "stopped"
    nova.API().lock(CONTEXT, SERVER, "Its volume is being moved.")
    details = nova.API().details(CONTEXT, SERVER)
    assert (details.off, details.locked, details.root_device) == (True, True, "/dev/sda")
    assert details.locked_reason == "Its volume is being moved."
    nova.API().unlock(CONTEXT, SERVER)
    assert not nova.API().details(CONTEXT, SERVER).locked
    sent = [(method, version, body) for method, _, version, body in calls(peer)]
    assert sent[0] == (
        "POST",
        "compute 2.73",
        {"lock": {"locked_reason": "Its volume is being moved."}},
    )
    assert sent[1][:2] == ("GET", "compute 2.73")
    assert sent[2] == ("POST", "compute 2.73", {"unlock": None})


@pytest.mark.parametrize("name", ["lock", "detach", "attach", "unlock"])
def test_what_nova_refuses(peer: Nova, name: str) -> None:
    peer.refuses[name] = 409
    peer.use(SERVER, VOLUME, "attachment-1")
    how = nova.Attached(None, "/dev/vdc", None, True)
    ask = {
        "lock": lambda: nova.API().lock(CONTEXT, SERVER, "why"),
        "unlock": lambda: nova.API().unlock(CONTEXT, SERVER),
        "detach": lambda: nova.API().detach(CONTEXT, SERVER, VOLUME),
        "attach": lambda: nova.API().attach(CONTEXT, SERVER, VOLUME, how),
    }[name]
    with pytest.raises(exception.ComputeFailed, match=f"409: No {name} for you") as failed:
        ask()
    assert failed.value.begun is False


def test_a_volume_is_attached_as_it_was(peer: Nova) -> None:
    peer.refuses["attach"] = 409
    for how in (("/dev/vdc", "logs", True), (None, None, False)):
        with pytest.raises(exception.ComputeFailed):
            nova.API().attach(CONTEXT, SERVER, VOLUME, nova.Attached("a", *how))
    full, bare = calls(peer)
    assert full[:3] == ("POST", f"/v2.1/servers/{SERVER}/os-volume_attachments", "compute 2.79")
    wanted = {"volumeId": VOLUME, "device": "/dev/vdc", "tag": "logs"}
    assert full[3] == {"volumeAttachment": {**wanted, "delete_on_termination": True}}
    assert bare[3] == {"volumeAttachment": {"volumeId": VOLUME, "delete_on_termination": False}}
