"""What others made to try such a service, run through it: `make conformance`."""
