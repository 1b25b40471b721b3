# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-rtstool: makes and removes LIO's iSCSI targets, as root, through rtslib.

Run through cinder-lite-rootwrap by :mod:`cinder_lite.volume.targets.lio`::

    connect DEVICE IQN INITIATOR portals=ADDRESS:PORT[,…] discard=0|1 mode=rw|ro
                              let an initiator use a device; {"username", "password"} on stdin
    disconnect IQN INITIATOR  let it out; a target without initiators is removed
    delete IQN                remove a target
    restore PREFIX            make the saved targets that do not serve; print what there is

Every command may be repeated. One runs at a time on a node, and each saves what it changed to
rtslib's own file (``/etc/target/saveconfig.json``), which Debian's and Red Hat's boot scripts read.
Those make targets without units where a device is late, so what is saved of other targets stays
saved until it is there again. Secrets come by standard input, because command lines can be read by
everybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import sys
import uuid
from collections.abc import Iterator
from typing import Any

_LOCK = "/run/lock/cinder-lite-rtstool.lock"
_NAME = re.compile(r"(iqn|eui|naa)\.[A-Za-z0-9.:_-]+")
_PORTAL = re.compile(r"(\[[0-9A-Fa-f:]+\]|[0-9.]+):([0-9]+)")
_DEVICE = re.compile(r"/dev/mapper/[A-Za-z0-9_+.-]+")
_MODE = re.compile(r"mode=(rw|ro)")
_NAMESPACE = uuid.UUID("8d7c6f0e-5b0a-4c8e-9d11-1f6d0f1f7c52")
"""Of the serial numbers: a target that is made again has the one that it had."""


class Failed(Exception):
    """The command can not be done; the text says why."""


def _checked(pattern: re.Pattern[str], word: str) -> str:
    if not pattern.fullmatch(word):
        raise Failed(f"{word!r} is not allowed here")
    return word


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other runs of this program waiting for the time of a ``with`` block."""
    fd = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class Tool:
    """The commands.

    :param rtslib: the library, :mod:`rtslib_fb`
    """

    def __init__(self, rtslib: Any) -> None:
        self._lib = rtslib
        self._root = rtslib.RTSRoot()

    # --- commands ----------------------------------------------------------------------------

    def connect(
        self, device: str, iqn: str, initiator: str, portals: str, discard: str, mode: str
    ) -> dict[str, Any]:
        """Let an initiator use a device."""
        _checked(_MODE, mode)
        _checked(_DEVICE, device)
        for name in (iqn, initiator):
            _checked(_NAME, name)
        where = [_checked(_PORTAL, word) for word in portals.removeprefix("portals=").split(",")]
        secret = json.load(sys.stdin)
        group = self._group(iqn)
        if group is not None and not self._serves(group, device):
            # Left over from a volume of this name in another place.
            self._remove(iqn)
            group = None
        try:
            if group is None:
                group = self._make(device, iqn, discard == "discard=1")
            self._listen(group, where)
            self._let_in(
                group,
                initiator,
                secret["username"],
                secret["password"],
                read_only=mode == "mode=ro",
            )
            group.enable = True
        except Exception:
            if not self._initiators(iqn):
                self._remove(iqn)
            raise
        self._save(iqn)
        return {}

    def disconnect(self, iqn: str, initiator: str) -> dict[str, Any]:
        """Let an initiator out; remove a target that nobody may use any more."""
        _checked(_NAME, initiator)
        group = self._group(_checked(_NAME, iqn))
        for acl in list(group.node_acls) if group is not None else []:
            if acl.node_wwn == initiator:
                acl.delete()
        if not self._initiators(iqn):
            self._remove(iqn)
        self._save(iqn)
        return {}

    def delete(self, iqn: str) -> dict[str, Any]:
        """Remove a target and what it exported."""
        self._remove(_checked(_NAME, iqn))
        self._save(iqn)
        return {}

    def restore(self, prefix: str) -> dict[str, Any]:
        """Make the saved targets that do not serve and whose names begin with ``prefix``."""
        _checked(_NAME, prefix)
        saved, errors = self._saved(), dict[str, str]()
        present = {target.wwn: next(iter(target.tpgs), None) for target in self._root.targets}
        exported = (each for each in saved.get("storage_objects", []) if each["plugin"] == "block")
        devices = {each["name"]: each for each in exported}
        for target in saved.get("targets", []):
            iqn = target["wwn"]
            if not iqn.startswith(prefix) or iqn not in devices:
                continue
            group = present.get(iqn)
            if group is not None and self._serves(group, devices[iqn]["dev"]):
                continue
            try:
                self._make_again(iqn, devices[iqn], target["tpgs"][0])
            except Exception as error:
                self._remove(iqn)
                errors[iqn] = str(error)
        return {
            "targets": sorted(target.wwn for target in self._root.targets),
            "errors": errors,
        }

    # --- details -----------------------------------------------------------------------------

    def _saved(self) -> dict[str, Any]:
        """Return what was saved last, in the shape of rtslib's dump."""
        try:
            with open(self._lib.root.default_save_file, encoding="utf-8") as file:
                saved: dict[str, Any] = json.load(file)
        except FileNotFoundError:
            return {}
        return saved

    def _save(self, iqn: str) -> None:
        """Save the tree after a change of the target ``iqn``.

        Of the others, those that are missing and those without what they exported stay as they
        were saved: a device is late, and a later start finds it.
        """
        saved, tree = self._saved(), self._root.dump()
        present = {_path(exported) for exported in tree["storage_objects"]}
        late = [
            exported
            for exported in saved.get("storage_objects", [])
            if exported["name"] != iqn and _path(exported) not in present
        ]
        missing = {_path(exported) for exported in late}
        targets = {(target["fabric"], target["wwn"]): target for target in tree["targets"]}
        for target in saved.get("targets", []):
            units = {unit["storage_object"] for group in target["tpgs"] for unit in group["luns"]}
            name = target["fabric"], target["wwn"]
            if target["wwn"] != iqn and (name not in targets or units & missing):
                targets[name] = target
        tree["storage_objects"] += late
        tree["targets"] = list(targets.values())
        self._write(tree)

    def _write(self, tree: dict[str, Any]) -> None:
        """Put a tree in the place of what was saved, in one step; it holds secrets."""
        path = self._lib.root.default_save_file
        part = f"{path}.cinder-lite"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            json.dump(tree, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(fd)
        os.replace(part, path)

    def _make_again(self, iqn: str, exported: dict[str, Any], saved: dict[str, Any]) -> None:
        """Make a target as it was saved."""
        discard = exported.get("attributes", {}).get("emulate_tpu") in (1, "1")
        group = self._make(_checked(_DEVICE, exported["dev"]), _checked(_NAME, iqn), discard)
        portals = (f"{portal['ip_address']}:{portal['port']}" for portal in saved["portals"])
        self._listen(group, [_checked(_PORTAL, portal) for portal in portals])
        for acl in saved["node_acls"]:
            name = _checked(_NAME, acl["node_wwn"])
            read_only = any(unit["write_protect"] for unit in acl["mapped_luns"])
            self._let_in(group, name, acl["chap_userid"], acl["chap_password"], read_only=read_only)
        group.enable = True

    def _group(self, iqn: str) -> Any | None:
        """Return the portal group of a target, None where there is none."""
        for target in self._root.targets:
            if target.wwn == iqn and target.fabric_module.name == "iscsi":
                return next(iter(target.tpgs), None)
        return None

    def _initiators(self, iqn: str) -> list[str]:
        group = self._group(iqn)
        return [] if group is None else [acl.node_wwn for acl in group.node_acls]

    @staticmethod
    def _serves(group: Any, device: str) -> bool:
        """Tell whether a target exports a device: it must be that one, not another of its name."""
        for lun in group.luns:
            exported = lun.storage_object
            try:
                return bool(
                    exported.udev_path == device
                    and (exported.major, exported.minor) == _numbers(device)
                )
            except OSError:
                return False
        return False

    def _make(self, device: str, iqn: str, discard: bool) -> Any:
        """Make a target for a device, closed to everybody."""
        self._remove(iqn)
        try:
            numbers = _numbers(device)
        except OSError as error:
            raise Failed(f"there is no device {device}") from error
        if not numbers:
            raise Failed(f"{device} is no block device")
        serial = str(uuid.uuid5(_NAMESPACE, iqn))
        exported = self._lib.BlockStorageObject(name=iqn, dev=device, wwn=serial)
        if discard:
            with contextlib.suppress(self._lib.RTSLibError):  # where the device has discards
                exported.set_attribute("emulate_tpu", "1")
        target = self._lib.Target(self._lib.FabricModule("iscsi"), iqn, "create")
        group = self._lib.TPG(target, 1, "create")
        for name, value in (
            ("authentication", "1"),
            ("generate_node_acls", "0"),
            ("cache_dynamic_acls", "0"),
        ):
            group.set_attribute(name, value)
        group.set_parameter("AuthMethod", "CHAP")
        self._lib.LUN(group, storage_object=exported, lun=0)
        return group

    def _listen(self, group: Any, portals: list[str]) -> None:
        """Have a target listen where it shall, and nowhere else."""
        present = {f"{portal.ip_address}:{portal.port}": portal for portal in group.network_portals}
        for name, portal in present.items():
            if name not in portals:
                portal.delete()
        for name in portals:
            if name not in present:
                address, _, port = name.rpartition(":")
                self._lib.NetworkPortal(group, address, int(port), "any")

    def _let_in(
        self, group: Any, initiator: str, username: str, password: str, *, read_only: bool
    ) -> None:
        acl = next((acl for acl in group.node_acls if acl.node_wwn == initiator), None)
        if acl is None:
            acl = self._lib.NodeACL(group, initiator, "create")
        acl.chap_userid = username
        acl.chap_password = password
        # The kernel tells an initiator the mode when it logs in: a mapping is never changed.
        for unit in list(acl.mapped_luns):
            if bool(unit.write_protect) != read_only:
                unit.delete()
        if not list(acl.mapped_luns):
            self._lib.MappedLUN(acl, 0, 0, write_protect=read_only)

    def _remove(self, iqn: str) -> None:
        """Remove a target and what it exported."""
        for target in list(self._root.targets):
            if target.wwn == iqn:
                target.delete()
        for exported in list(self._root.storage_objects):
            if exported.name == iqn:
                exported.delete()


def _path(exported: dict[str, Any]) -> str:
    """Return how a saved unit names what it exports."""
    return f"/backstores/{exported['plugin']}/{exported['name']}"


def _numbers(device: str) -> tuple[int, int] | tuple[()]:
    """Return a block device's major and minor number, nothing for anything else."""
    facts = os.stat(device)
    if not stat.S_ISBLK(facts.st_mode):
        return ()
    return os.major(facts.st_rdev), os.minor(facts.st_rdev)


_ARGUMENTS = {"connect": 6, "disconnect": 2, "delete": 1, "restore": 1}


def main() -> int:
    """Do what the command line says; returns the exit status."""
    command, *words = sys.argv[1:] or [""]
    if _ARGUMENTS.get(command) != len(words):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import rtslib_fb
        import rtslib_fb.root
    except ImportError:
        print("the Python library rtslib-fb is not installed", file=sys.stderr)
        return 1
    try:
        with _alone():
            answer = getattr(Tool(rtslib_fb), command)(*words)
    except (Failed, OSError, ValueError, KeyError, rtslib_fb.RTSLibError) as error:
        print(f"{command} {' '.join(words[:2])}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
