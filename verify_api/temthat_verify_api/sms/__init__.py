"""The SMS gateway's hook: a printed number, perhaps with its PIN, in; one short Vietnamese message out."""
