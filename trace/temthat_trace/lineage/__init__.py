"""Lineage (nguồn gốc và hướng đi): what a thing was made from, and what was made from it. See docs/lineage.md."""
