# SPDX-License-Identifier: Apache-2.0
"""Tests of volumes in use by servers of a real Nova."""
