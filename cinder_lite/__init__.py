# SPDX-License-Identifier: Apache-2.0
"""cinder_lite: a block-storage control plane whose main job is moving volumes."""
