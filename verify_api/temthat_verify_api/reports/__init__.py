"""What people tell of packs that look wrong to them: filed anonymously from a stamp's page, looked after at the desk.

A report is a lead, never a proof: it changes no verdict.
"""
