"""The one command, `temthat`: finds its sub-commands by entry points."""
