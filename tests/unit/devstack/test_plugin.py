# SPDX-License-Identifier: Apache-2.0
"""The devstack plugin, sourced as devstack does it, with recorders for devstack's functions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[3]
ROOTWRAP_CONF = "etc/cinder_lite/rootwrap.conf"
RECORDED = (
    "_create_lvm_volume_group clean_lvm_volume_group install_package "
    "configure_keystone_authtoken_middleware create_service_user die get_or_create_endpoint "
    "get_or_create_service iniset iniset_rpc_backend openstack recreate_database run_process "
    "setup_develop setup_logging stop_process sudo cp rm cinder-lite-manage wait_for_service"
)
STUBS = """
set -eu
for name in $RECORDED; do eval "$name() { echo $name \\"\\$@\\" >>\\"$LOG\\"; }"; done
echo_summary() { echo "$*"; }
is_ubuntu() { true; }
is_service_enabled() { [[ ,$ENABLED_SERVICES, =~ ,$1, ]]; }
enable_service() { ENABLED_SERVICES=${ENABLED_SERVICES-$(IFS=,; echo "$*"),keystone}; }
database_connection_url() { echo "mysql+pymysql://root:pw@127.0.0.1/$1?charset=utf8"; }
get_python_exec_prefix() { echo "$BIN"; }
"""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "DEST": "/opt/stack",
    "DATA_DIR": "/opt/stack/data",
    "STACK_USER": "stack",
    "SERVICE_PROTOCOL": "http",
    "SERVICE_HOST": "192.0.2.1",
    "SERVICE_LISTEN_ADDRESS": "0.0.0.0",
    "SERVICE_TIMEOUT": "60",
    "HOST_IP": "192.0.2.1",
    "REGION_NAME": "RegionOne",
    "API_WORKERS": "2",
    "ENABLE_DEBUG_LOG_LEVEL": "True",
    "VOLUME_GROUP_NAME": "stack-volumes",
    "VOLUME_BACKING_FILE_SIZE": "30G",
}

Plugin = Callable[..., list[str]]


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """A function that sources settings and plugin for a phase and returns the calls made."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    manage = binaries / "cinder-lite-manage"
    manage.write_text('#!/bin/sh\necho cinder-lite-manage "$@" >>"$LOG"\n')
    manage.chmod(0o755)
    log = tmp_path / "calls"

    def run(*phase: str, **environment: str) -> list[str]:
        log.write_text("")
        script = f'{STUBS}\nsource devstack/settings\nsource devstack/plugin.sh "$@"\n'
        values = {"RECORDED": RECORDED, "LOG": str(log), "BIN": str(binaries)}
        result = subprocess.run(
            ["bash", "-c", script, "bash", *phase],
            cwd=TREE,
            env={**ENVIRONMENT, **values, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return log.read_text().splitlines()

    return run


def test_install_installs_the_package_and_its_system_packages(plugin: Plugin) -> None:
    calls = plugin("stack", "install")
    assert "setup_develop -bindep /opt/stack/cinder_lite memcached,mysql,postgresql" in calls
    assert not [call for call in calls if call.startswith("install_package")]


def test_install_puts_what_root_runs_where_sudo_and_rootwrap_look(plugin: Plugin) -> None:
    places = {call.split()[-1] for call in plugin("stack", "install") if "sudo ln" in call}
    assert "/usr/local/bin/cinder-lite-rootwrap" in places
    assert "/usr/local/bin/cinder-lite-copy" in places
    line = re.search("^exec_dirs=(.*)$", (TREE / ROOTWRAP_CONF).read_text(), re.MULTILINE)
    assert line and "/usr/local/bin" in line[1].split(",")


def test_post_config_writes_what_the_services_read(plugin: Plugin) -> None:
    calls = plugin("stack", "post-config")
    conf = "/etc/cinder_lite/cinder_lite.conf"
    for setting in (
        "DEFAULT auth_strategy keystone",
        "DEFAULT enabled_backends file-1,file-2",
        "DEFAULT osapi_volume_listen_port 8776",
        "database connection mysql+pymysql://root:pw@127.0.0.1/cinder_lite?charset=utf8",
        "file-1 volume_driver cinder_lite.volume.drivers.file.FileDriver",
        "file-2 file_data_dir /opt/stack/data/cinder_lite/file-2",
    ):
        assert f"iniset {conf} {setting}" in calls
    assert f"iniset_rpc_backend cinder_lite {conf}" in calls
    assert f"configure_keystone_authtoken_middleware {conf} cinder" in calls


def test_post_config_says_how_nova_is_called_and_known(plugin: Plugin) -> None:
    calls = plugin("stack", "post-config")
    conf = "/etc/cinder_lite/cinder_lite.conf"
    assert f"configure_keystone_authtoken_middleware {conf} cinder nova" in calls
    assert f"configure_keystone_authtoken_middleware {conf} cinder service_user" in calls
    assert f"iniset {conf} service_user send_service_user_token True" in calls
    assert f"iniset {conf} keystone_authtoken service_token_roles_required True" in calls


def test_lvm_backends_get_groups_that_are_there_before_the_services(plugin: Plugin) -> None:
    mixed = {"CINDER_LITE_BACKENDS": "plain,lvm:lvm-1,lvm:lvm-2"}
    packages = [call for call in plugin("stack", "install", **mixed) if "install_package" in call]
    assert "lvm2" in packages[0].split()
    calls = plugin("stack", "post-config", **mixed)
    conf = "/etc/cinder_lite/cinder_lite.conf"
    for setting in (
        "DEFAULT enabled_backends plain,lvm-1,lvm-2",
        "plain volume_driver cinder_lite.volume.drivers.file.FileDriver",
        "lvm-1 volume_driver cinder_lite.volume.drivers.lvm.LVMVolumeDriver",
        "lvm-2 volume_group stack-volumes-lvm-2",
    ):
        assert f"iniset {conf} {setting}" in calls
    calls = plugin("stack", "extra", **mixed)
    made = calls.index("_create_lvm_volume_group stack-volumes-lvm-2 30G")
    assert made < min(n for n, call in enumerate(calls) if call.startswith("run_process"))
    assert [call.split()[-1] for call in calls if call.startswith("openstack")] == [
        *("plain", "lvm-1", "lvm-2")
    ]
    calls = plugin("clean", **mixed)
    assert "clean_lvm_volume_group stack-volumes-lvm-1" in calls


def test_only_root_may_write_the_rootwrap_files(plugin: Plugin) -> None:
    copies = [call for call in plugin("stack", "post-config") if "rootwrap.conf" in call]
    assert any(call.startswith("sudo install -o root -g root -m 644") for call in copies)


def test_post_config_registers_both_catalogue_types(plugin: Plugin) -> None:
    calls = plugin("stack", "post-config")
    base = "http://192.0.2.1:8776/v3"
    assert f"get_or_create_endpoint block-storage RegionOne {base}" in calls
    assert f"get_or_create_endpoint volumev3 RegionOne {base}/$(project_id)s" in calls


def test_extra_starts_the_services_after_the_database(plugin: Plugin) -> None:
    calls = plugin("stack", "extra")
    kinds = [call.split()[0] for call in calls]
    assert kinds.index("recreate_database") < kinds.index("cinder-lite-manage")
    assert kinds.index("cinder-lite-manage") < kinds.index("run_process")
    started = [call.split()[1] for call in calls if call.startswith("run_process")]
    assert started == ["cl-api", "cl-sch", "cl-vol"]
    assert "wait_for_service 60 http://192.0.2.1:8776" in calls


def test_extra_makes_a_type_for_each_backend(plugin: Plugin) -> None:
    calls = plugin("stack", "extra", CINDER_LITE_BACKENDS="fast,slow")
    types = [call.split()[-1] for call in calls if call.startswith("openstack")]
    assert types == ["fast", "slow"]


def test_a_storage_node_leaves_database_and_catalogue_alone(plugin: Plugin) -> None:
    only = {"ENABLED_SERVICES": "cl-vol,keystone"}
    calls = plugin("stack", "post-config", **only) + plugin("stack", "extra", **only)
    forbidden = ("recreate_database", "cinder-lite-manage", "get_or_create", "openstack")
    assert not [call for call in calls if call.startswith(forbidden)]


def test_unstack_stops_and_clean_removes(plugin: Plugin) -> None:
    assert plugin("unstack") == [
        "stop_process cl-api",
        "stop_process cl-sch",
        "stop_process cl-vol",
    ]
    assert plugin("clean") == ["sudo rm -rf /etc/cinder_lite /opt/stack/data/cinder_lite"]


def test_nothing_happens_where_no_service_is_enabled(plugin: Plugin) -> None:
    for phase in (("stack", "install"), ("stack", "extra"), ("unstack",), ("clean",)):
        assert plugin(*phase, ENABLED_SERVICES="n-cpu") == []
