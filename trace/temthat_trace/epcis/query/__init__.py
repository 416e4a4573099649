"""The EPCIS query language (EPCIS 2.0, section 8.2.7): parameters into typed conditions, and what holds of an event."""
