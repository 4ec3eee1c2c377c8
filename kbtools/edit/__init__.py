"""Plans changes of pages as values: fixes, respelled links and renames, verified on the whole vault."""
