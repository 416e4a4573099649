"""From typed rows to a plan, or to all the problems in its way."""

from temthat_trace.importing.diary import Diary, diary_rules
from temthat_trace.importing.existing import Existing
from temthat_trace.importing.interpret import Interpreted, Row
from temthat_trace.importing.link import Link
from temthat_trace.importing.master import MASTER_RULES
from temthat_trace.importing.plan import Checked, Plan
from temthat_trace.importing.tracing import TRACING_RULES, check_sources


def check(interpreted: Interpreted, existing: Existing) -> Checked:
    """A plan for these rows; no plan but every problem when there is any."""
    link = Link(interpreted, existing)
    diary = Diary()
    by_sheet: dict[str, list[Row]] = {}
    for row in link.rows:
        by_sheet.setdefault(row.spec.key, []).append(row)
    # In the order in which records depend on each other.
    for sheet, rule in {**MASTER_RULES, **TRACING_RULES, **diary_rules(diary)}.items():
        for row in by_sheet.get(sheet, ()):
            rule(link, row)
    diary.finish(link)
    check_sources(link)
    if link.findings.problems:
        return Checked(None, link.findings)
    return Checked(Plan(list(link.entries.values()), existing), link.findings)
