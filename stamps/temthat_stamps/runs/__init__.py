"""Runs (đợt in tem): what may be printed, the signed manifest, and the job that makes the file."""
