"""Expected output: where a page states it, and how it is compared with what was printed."""
