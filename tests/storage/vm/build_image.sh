#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# build_image.sh WORK BASE SUITE MIRROR PACKAGES CONSTRAINTS REQUIREMENTS SETTINGS [PATH...]
#
# Makes WORK/{disk.img,vmlinuz,initrd.img}: a Debian with PACKAGES (comma separated) and, in /opt/venv, what the
# file REQUIREMENTS names at the versions of CONSTRAINTS; the script SETTINGS is run in it. Run as root by image.py in
# mount and process namespaces of its own, so that nothing stays mounted however it ends. The archive BASE keeps what debootstrap
# made for the next image. Each PATH (pip's configuration, certificates, directories with packages) is shown to
# pip while it runs and is not in the image.
set -euo pipefail
work=$1 base=$2 suite=$3 mirror=$4 packages=$5 constraints=$6 requirements=$7 settings=$8
shift 8
root=$work/root

step() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }

if [ ! -e "$base" ]; then
    step "debootstrap of $suite from $mirror"
    debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror"
    tar -cf "$base.part" --exclude './var/cache/apt/*' -C "$root" .
    mv "$base.part" "$base"
else
    step "unpacking $base"
    mkdir "$root"
    tar -xpf "$base" -C "$root"
fi

# Show a path of this machine at the same place inside; `added` remembers what was not there.
shown=() added=()
show() {
    local inside=$root$1
    [ -e "$1" ] || return 0
    if [ ! -e "$inside" ]; then
        mkdir -p "$(dirname "$inside")"
        if [ -d "$1" ]; then
            mkdir "$inside"
        else
            touch "$inside"
        fi
        added+=("$inside")
    fi
    mount --bind "$(readlink -f "$1")" "$inside"
    shown+=("$inside")
}
inside() { chroot "$root" "$@"; }

step "the virtual environment"
rm -f "$root/etc/resolv.conf" "$root/etc/hosts"
for path in /etc/resolv.conf /etc/hosts "$@"; do
    show "$path"
done
cp "$constraints" "$root/tmp/constraints.txt"
cp "$requirements" "$root/tmp/requirements.txt"
inside python3 -m venv /opt/venv
inside /opt/venv/bin/python -m pip install -q --no-cache-dir -c /tmp/constraints.txt -r /tmp/requirements.txt
# The last shown goes first.
printf '%s\n' "${shown[@]}" | tac | xargs -r -d '\n' -n 1 umount
printf '%s\n' "${added[@]}" | tac | xargs -r -d '\n' rm -d

step "the settings"
printf 'storage\n' >"$root/etc/hostname"
printf '127.0.0.1 localhost\n10.0.2.15 storage\n' >"$root/etc/hosts"
printf '/dev/vda / ext4 defaults 0 0\n/dev/vdb /opt/cinder_lite ext4 defaults 0 0\n/dev/vdc /srv ext4 defaults 0 0\n' \
    >"$root/etc/fstab"
inside sh -s <"$settings"
# Everything else of the tests' side comes with the disk mounted at /opt/cinder_lite.
cat >"$root/etc/systemd/system/guest.service" <<'UNIT'
[Unit]
RequiresMountsFor=/opt/cinder_lite /srv
[Service]
ExecStart=/bin/sh /opt/cinder_lite/guest/start.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
[Install]
WantedBy=multi-user.target
UNIT
inside systemctl -q enable guest.service
inside systemctl -q mask serial-getty@ttyS0.service getty@tty1.service tgt.service systemd-timesyncd.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer systemd-random-seed.service rtslib-fb-targetctl.service
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/tmp/* "$root"/usr/share/doc "$root"/usr/share/man

step "the initial RAM disk"
printf 'MODULES=list\nCOMPRESS=lz4\nRESUME=none\n' >"$root/etc/initramfs-tools/conf.d/small"
printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
inside update-initramfs -u -k all
cp -L "$root/vmlinuz" "$work/vmlinuz"
cp -L "$root/initrd.img" "$work/initrd.img"

step "the disk"
truncate -s 6G "$work/disk.img"
mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 -d "$root" "$work/disk.img"
rm -rf "$root"
step "done"
