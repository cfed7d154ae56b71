"""Notebooks for readers who run the book elsewhere: set-up, comparison, rehearsal."""
