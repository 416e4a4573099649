"""Completeness: what the law asks to be recorded of a product and its batch, and what of it is there.

    facts = facts_of_product(session, product, today)
    for checklist in check(facts).lists:
        checklist.done, checklist.counted, [item.title.vi for item in checklist.items]

`circular`, `passport` and `label` have the items, `stages` the rule for one stage, `item` the values they answer with,
`facts` what they look at, all of them pure; `repository` loads facts from the database.
"""
