# SPDX-License-Identifier: Apache-2.0
"""The executables, one small module each. Only these choose the concurrency backend."""
