# SPDX-License-Identifier: Apache-2.0
"""Measurements of cinder_lite, and of a peer beside it: ``python -m benchmarks --help``."""
