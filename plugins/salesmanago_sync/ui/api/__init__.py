"""JSON routes: what the commands do, for those who have no shell, with the rights of the pages."""
