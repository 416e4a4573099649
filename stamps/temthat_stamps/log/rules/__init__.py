"""The rules of the log, one noun each: signers, stamp keys, batches, runs, notices. `log.replay` puts them in order."""
