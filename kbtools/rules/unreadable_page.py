"""A file that cannot be read as a page.

Its encoding is not UTF-8, it holds a NUL byte, its permissions forbid reading, it is larger than `max_page_size`, or
it is a symbolic link out of the vault or in a loop. The other pages are checked all the same. A link to a folder
is not followed; it is a warning where no site is made, because MkDocs shows its pages.
"""

from __future__ import annotations

from kbtools.text.diagnostics import Severity

SEVERITY = Severity.ERROR
GROUP = "vault"
