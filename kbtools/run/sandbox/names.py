"""Names of sandbox modes and protections, for options, results and reports."""

from __future__ import annotations

MODES = ("default", "require", "strict", "off")
ESSENTIAL = ("network", "files")
"""What ``--sandbox=require`` insists on; ``strict`` also on "reading"."""
TOLD = {
    "network": "no network",
    "files": "writes only in its folder",
    "reading": "reads only what Python needs",
    "limits": "limits",
    "session": "its own session",
    "dies with its parent": "ends with kb",
}
"""Protections in words for people, in the order in which they are told."""
