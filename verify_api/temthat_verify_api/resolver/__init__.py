"""The GS1 Digital Link resolver at the stamps' own host: from an identifier to the pages and data that exist of it."""
