"""The recall drill: what a suspicion reaches, whom to call, the list to take along, and the signed notices."""
