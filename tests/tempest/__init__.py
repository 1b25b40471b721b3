# SPDX-License-Identifier: Apache-2.0
"""Tests of OpenStack's tempest against cinder_lite."""
