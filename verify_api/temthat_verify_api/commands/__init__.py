"""Sub-commands of `temthat` that need the service's packages."""
