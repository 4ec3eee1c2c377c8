"""Links that lead out of the wiki: found on pages, asked for over HTTP, with answers kept between checks."""
