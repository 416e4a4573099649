"""What leaves the system: the neutral facts, sheets for other systems, dossiers, listing packs. Read `facts` first."""
