"""The service: the page a stamp opens, the API, the desk, and the wiring of all parts."""
