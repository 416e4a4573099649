"""The history of a stamp, and the judge that tells a copied code from a busy one."""
