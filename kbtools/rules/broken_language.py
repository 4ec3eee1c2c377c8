"""A fence of a language whose package cannot be loaded.

The package cannot be imported, its entry point names no language, or its language fails on this fence.
[Languages](../guide/languages.md) says how one is made.
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "snippets"
