"""Mass balance: what went in against what came out, per step, batch, plot and household; what is over is named."""
