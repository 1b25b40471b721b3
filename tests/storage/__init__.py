# SPDX-License-Identifier: Apache-2.0
"""Tests on real block devices: LVM, LIO and iSCSI inside a small virtual machine."""
