"""Simple in, standard out: a cooperative's records become EPCIS 2.0 events in its own repository."""
