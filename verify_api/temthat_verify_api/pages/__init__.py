"""The people's side of the service: the page a stamp opens, the front page, products without stamps. No script."""
