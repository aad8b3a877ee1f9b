"""Tables of the consent service."""

from sqlalchemy import Column, MetaData, Table, Uuid

from services.consent.models.base import ConsentTable, table_of
from services.consent.models.gateways import GatewayRow, MarkRow, ProcessRow
from services.consent.models.ledger import HeadRow, JournalRow, LedgerRow, ReceiptRow, StandingRow
from services.consent.models.office import (
    CampaignRow,
    ContactRow,
    ImportRow,
    MemberRow,
    PolicyRow,
    ProposalRow,
    TrailRow,
)
from services.consent.models.people import ConsultantRow, EnrolmentRow, ErasedRow, EvidenceRow, SessionRow

METADATA: MetaData = ConsentTable.metadata
HEAD = table_of(HeadRow)
LEDGER = table_of(LedgerRow)
STANDING = table_of(StandingRow)
RECEIPT = table_of(ReceiptRow)
JOURNAL = table_of(JournalRow)
CONSULTANT = table_of(ConsultantRow)
ENROLMENT = table_of(EnrolmentRow)
EVIDENCE = table_of(EvidenceRow)
ERASED = table_of(ErasedRow)
IMPORT = table_of(ImportRow)
POLICY = table_of(PolicyRow)
PROPOSAL = table_of(ProposalRow)
TRAIL = table_of(TrailRow)
CAMPAIGN = table_of(CampaignRow)
MEMBER = table_of(MemberRow)
CONTACT = table_of(ContactRow)
GATEWAY = table_of(GatewayRow)
PROCESS = table_of(ProcessRow)
MARK = table_of(MarkRow)
SESSION = table_of(SessionRow)

# Random bytes that hold room back on the disk of a PostgreSQL server; empty on SQLite, where a file does. It has no
# index and no type that PostgreSQL would keep beside it: to give such a table up, nothing new has to be written.
BALLAST = Table("ballast", METADATA, *(Column(f"r{number}", Uuid, nullable=False) for number in range(8)))
