# SPDX-License-Identifier: Apache-2.0
"""Tests of cinder_lite.shell."""
