"""The characters with which Python-Markdown marks what it has set aside; it drops them from pages."""

STX, ETX = "\x02", "\x03"
