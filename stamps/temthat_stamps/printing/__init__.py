"""From stamps to paper: symbols, labels, sheets, rolls, and reading them back before release."""
