"""Origin records: who made what, where, when, from what, and who vouches for it."""
