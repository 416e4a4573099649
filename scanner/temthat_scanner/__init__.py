"""At the counter: read stamps from pictures, judge them with or without a network."""
