"""Files of a site besides its pages: feed, redirects, graph, attachments, and what other programs read."""
