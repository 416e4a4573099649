"""Approvals: what a cooperative changes about its products and papers, and the office above that looks at it.

`records` has the tables, `rule` says whether changes wait, `values` and `showing` turn records into JSON and words,
`deciding` approves and refuses, `queue` asks the database what waits. `importing.holding` keeps a workbook back.
"""
