"""What shoppers may see while offices look: no refused paper, and only confirmed ones where an office asks first."""

from sqlalchemy.orm import Session

from temthat_trace import repository
from temthat_trace.approvals.paperlook import refusals
from temthat_trace.approvals.rule import changes_wait
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.vouching import Vouching


def public_papers_of(session: Session, product: Product) -> list[Paper]:
    """The papers that may be shown with a product, with their confirmations."""
    papers = repository.papers_of(session, product)
    if not papers:
        return []
    refused = refusals(session, papers)
    shown = [paper for paper in papers if paper.id not in refused]
    if changes_wait(session, session.get_one(Party, product.party_id)):
        shown = [paper for paper in shown if paper.vouching(product.id) is Vouching.CONFIRMED]
    return shown
