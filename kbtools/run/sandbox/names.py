"""Names of sandbox modes and protections, for options, results and reports."""

from __future__ import annotations

MODES = ("default", "require", "strict", "off")
ESSENTIAL = ("network", "files")
"""The protections that ``--sandbox=require`` requires."""
CONTAINER = (*ESSENTIAL, "reading", "objects", "terminal", "capabilities", "calls")
"""The protections that ``--sandbox=strict`` requires."""
TOLD = {
    "network": "no network",
    "files": "writes only in its folder",
    "reading": "reads only what Python needs",
    "limits": "limits",
    "session": "its own session",
    "dies with its parent": "ends with kb",
    "processes": "sees no other processes",
    "objects": "own shared memory and semaphores",
    "terminal": "own terminals",
    "metadata": "changes no modes or times of files outside",
    "capabilities": "no rights of root",
    "calls": "filtered system calls",
    "group": "memory limited as a whole by the kernel",
    "watched": "memory, disk and processes watched",
}
"""Descriptions of the protections, in the order in which they are listed."""
