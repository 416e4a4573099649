"""The demo: sample cooperatives, a few thousand stamps, one stamp of every kind, in a folder of their own."""
