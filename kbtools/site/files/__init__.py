"""Files of a site besides pages: feed, redirects, graph, attachments, machine-readable files."""
