"""Parts of a page on the site: infobox, result panels, lessons, exercises, previews."""
