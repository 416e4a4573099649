"""The stamp: its format, its keys and statements, its runs, its printing, and the one verdict."""
