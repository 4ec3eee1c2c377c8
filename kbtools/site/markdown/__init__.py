"""Markdown of a site: wikilinks, embeds, callouts, file links and fences as Python-Markdown processors."""
