# SPDX-License-Identifier: Apache-2.0
"""What connectors are told, and what the volume's row keeps."""

from __future__ import annotations

import types
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.conf.backend import BackendConfiguration
from cinder_lite.objects import Volume
from cinder_lite.volume.targets.base import Chap, ISCSITarget
from tests.unit.volume.targets.conftest import DEVICE, IQN, ONE


class Target(ISCSITarget):
    """Notes who is let in and out."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: list[tuple[Any, ...]] = []

    def set_up(self) -> None:
        """Nothing to do."""

    def allow(self, iqn: str, device: str, initiator: str, chap: Chap, *, read_only: bool) -> str:
        """Take note."""
        self.calls.append(("allow", iqn, device, initiator, chap.password, read_only))
        return iqn

    def deny(self, iqn: str, initiator: str) -> None:
        """Take note."""
        self.calls.append(("deny", iqn, initiator))

    def remove(self, iqn: str) -> None:
        """Take note."""
        self.calls.append(("remove", iqn))


@pytest.fixture
def target(configuration: types.SimpleNamespace, executor: Any) -> Target:
    """A target that exports nothing."""
    return Target(configuration, executor)


def test_one_portal(target: Target, volume: Volume) -> None:
    """A connector without multipath gets one portal, and the credentials of the volume."""
    info = target.initialize_connection(
        volume, DEVICE, {"initiator": "iqn.2004-10.com.example:ONE"}
    )
    assert info == {
        "driver_volume_type": "iscsi",
        "data": {
            "target_discovered": False,
            "target_portal": "192.0.2.1:3260",
            "target_iqn": IQN,
            "target_lun": 0,
            "volume_id": volume.id,
            "auth_method": "CHAP",
            "auth_username": "user",
            "auth_password": "secret-secret-1",
            "access_mode": "rw",
            "encrypted": False,
            "qos_specs": None,
        },
    }
    assert target.calls == [("allow", IQN, DEVICE, ONE, "secret-secret-1", False)]


@pytest.mark.parametrize(("multipath", "secondary"), [(True, []), (False, ["2001:db8::2"])])
def test_several_portals(
    target: Target,
    configuration: types.SimpleNamespace,
    volume: Volume,
    multipath: bool,
    secondary: list[str],
) -> None:
    """Every portal is named where multipath asks for them, or where there are several."""
    configuration.target_secondary_ip_addresses = secondary
    connector = {"initiator": ONE, "multipath": multipath}
    data = target.initialize_connection(volume, DEVICE, connector)["data"]
    portals = ["192.0.2.1:3260", "[2001:db8::2]:3260"][: 1 + len(secondary)]
    assert data["target_portals"] == portals
    assert data["target_iqns"] == [IQN] * len(portals)
    assert data["target_luns"] == [0] * len(portals)
    assert data["target_portal"] == portals[0]


def test_read_only(target: Target, volume: Volume) -> None:
    """The mode reaches the target, not only the caller."""
    connector = {"initiator": ONE, "mode": "ro"}
    assert target.initialize_connection(volume, DEVICE, connector)["data"]["access_mode"] == "ro"
    assert target.calls[0][-1] is True


def test_discards_are_announced(
    target: Target, configuration: types.SimpleNamespace, volume: Volume
) -> None:
    """The option makes a node pass discards on."""
    configuration.report_discard_supported = True
    data = target.initialize_connection(volume, DEVICE, {"initiator": ONE})["data"]
    assert data["discard"] is True


@pytest.mark.parametrize("name", [None, "", "iqn.a\nInitiatorName=b", "fc:1234"])
def test_a_node_needs_an_initiator(target: Target, volume: Volume, name: str | None) -> None:
    """Without a proper name nobody is let in."""
    with pytest.raises(exception.InvalidInput, match="initiator name"):
        target.initialize_connection(volume, DEVICE, {"initiator": name, "host": "node"})
    assert target.calls == []


def test_no_secret_no_export(target: Target, volume: Volume) -> None:
    """A target without CHAP is never made."""
    with pytest.raises(exception.VolumeBackendAPIException, match="no CHAP secret"):
        target.initialize_connection(volume.replace(provider_auth=None), DEVICE, {"initiator": ONE})
    assert target.calls == []


def test_secrets_are_made_once(target: Target, volume: Volume) -> None:
    """A new volume gets a secret of its own, which it keeps."""
    bare = volume.replace(provider_auth=None)
    first, second = (target.create_export(bare) for _ in range(2))
    assert first["provider_auth"] != second["provider_auth"]
    chap = Chap.of(bare.replace(**first))
    assert chap is not None
    assert (len(chap.username), len(chap.password)) == (20, 16)
    assert chap.password not in repr(chap)
    again = target.create_export(bare.replace(**first))
    assert again == first
    assert first["provider_location"] == f"192.0.2.1:3260,1 {IQN} 0"


def test_random_credentials_are_no_numbers() -> None:
    """A kernel target refuses every user whose name begins like a number."""
    for _ in range(2000):
        chap = Chap.random()
        assert chap.username[0].isalpha()
        assert chap.password[0].isalpha()


def test_configured_secret(
    target: Target, configuration: types.SimpleNamespace, volume: Volume
) -> None:
    """With use_chap_auth all volumes have the configured credentials."""
    configuration.use_chap_auth = True
    configuration.chap_username, configuration.chap_password = "all", "the-same-secret"
    assert target.create_export(volume)["provider_auth"] == "CHAP all the-same-secret"


@pytest.mark.parametrize(
    ("connector", "call"),
    [
        (None, ("remove", IQN)),
        ({"initiator": ONE}, ("deny", IQN, ONE)),
    ],
)
def test_terminate(target: Target, volume: Volume, connector: Any, call: Any) -> None:
    """One node is let out, or everybody."""
    target.terminate_connection(volume, connector)
    assert target.calls == [call]


def test_a_node_without_initiator_was_never_in(target: Target, volume: Volume) -> None:
    """Ending what never was is success."""
    target.terminate_connection(volume, {"host": "node"})
    assert target.calls == []


@pytest.mark.parametrize("name", ["target_helper", "iscsi_helper"])
def test_the_old_name_of_the_helper(name: str, tmp_path: Any) -> None:
    """Configurations of long ago still choose LIO."""
    file = tmp_path / "old.conf"
    file.write_text(f"[lvm-1]\n{name} = lioadm\n[lvm-2]\n")
    conf = cfg.ConfigOpts()
    conf(["--config-file", str(file)], project="old")
    conf.register_opts([cfg.StrOpt("my_ip", default="127.0.0.1"), cfg.StrOpt("state_path")])
    assert BackendConfiguration("lvm-1", conf).target_helper == "lioadm"
    assert BackendConfiguration("lvm-2", conf).target_helper == "tgtadm"
