"""Compiled loops on plain arrays: no checks, no defaults, no seeding. The rooms above check and name failures."""
