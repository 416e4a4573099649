"""The REST bindings of EPCIS 2.0 under /epcis/v2: capture, events, queries, subscriptions."""
