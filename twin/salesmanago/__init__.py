"""The twin's SALESmanago: the contact API over HTTP, on SQLite."""
