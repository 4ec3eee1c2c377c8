"""What a site shows of the wiki: pages, names, results and mentions, loaded once."""
