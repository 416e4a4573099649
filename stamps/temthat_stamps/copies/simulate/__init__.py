"""Made-up lives of packs and attacks, from one file of assumptions: what the copy model is calibrated and tested on."""
