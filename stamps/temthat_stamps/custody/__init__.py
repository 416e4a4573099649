"""Where private keys are kept and what they may sign: hosted by the service, or with the cooperative."""
