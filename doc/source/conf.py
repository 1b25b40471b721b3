# SPDX-License-Identifier: Apache-2.0
"""Sphinx settings of the manual."""

from importlib.metadata import version as installed_version

project = "cinder_lite"
author = "The cinder_lite authors"
copyright = author
release = installed_version("cinder_lite")
version = release
extensions = ["oslo_config.sphinxext", "oslo_policy.sphinxext"]
html_theme = "alabaster"
html_theme_options = {"description": "Block storage that moves", "fixed_sidebar": True}
exclude_patterns: list[str] = []
