"""The nightly work: what is counted, learned and deleted while nobody is in a hurry. Read `work` first."""
