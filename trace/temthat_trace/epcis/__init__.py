"""EPCIS 2.0: events read and written without loss, their CBV hash, and the rules they must keep."""
