"""What the site's renderer makes of a page's Markdown: `scanner.scan` is the door, the others are its parts."""
