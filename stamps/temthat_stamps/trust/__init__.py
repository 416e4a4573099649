"""Who may sign: keys delegated from the national alliance to provinces to issuers, by TUF."""
