"""Gateway processes, and how far all of them are known to have been."""

from sqlmodel import Field

from services.consent.models.base import ConsentTable


class GatewayRow(ConsentTable, table=True):
    """The newest process of each name."""

    __tablename__ = "gateway"
    name: str = Field(primary_key=True, max_length=80)
    incarnation: str = Field(max_length=42)
    registered_at: str = Field(max_length=27)


class ProcessRow(ConsentTable, table=True):
    """Every process that ever registered, the `number`-th of its name. Until `ended_at`, with its proof, it may be
    sending still. `proof` is `lock`, `leaving`, `process_ended` or `connections_closed`."""

    __tablename__ = "gateway_process"
    name: str = Field(primary_key=True, max_length=80)
    number: int = Field(primary_key=True)
    incarnation: str = Field(max_length=42)
    registered_at: str = Field(max_length=27)
    ended_at: str | None = Field(max_length=27)
    proof: str | None = Field(max_length=20)


class MarkRow(ConsentTable, table=True):
    """Every revision up to this one was effective at that moment."""

    __tablename__ = "effective_mark"
    revision: int = Field(primary_key=True)
    at: str = Field(max_length=27)
