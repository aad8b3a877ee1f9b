"""The base of every shape, and the spelling of the identifiers in them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer


class Contract(BaseModel):
    """Frozen; refuses fields it does not know; leaves absent optional fields out instead of sending null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _leave_out_what_is_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}


# One line of text that every engine can keep: no character that has no form of its own, NUL above all.
Printable = Annotated[str, Field(pattern=r"^[^\p{C}\p{Zl}\p{Zp}]*$")]
# Sentences that somebody has written, in lines, and not blank; the same characters besides line ends and tabs.
Prose = Annotated[str, Field(pattern=r"^(?:[^\p{C}]|[\n\t])*[^\p{C}\p{Z}](?:[^\p{C}]|[\n\t])*$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
ReleaseId = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(\.[2-9]|\.[1-9]\d)?$")]
SubjectId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Gmc = Annotated[str, Field(pattern=r"^[0-9]{7}$")]
SubjectKey = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ResultId = Annotated[str, Field(pattern=r"^r-[0-9a-z]{12}$")]
Count = Annotated[int, Field(ge=0)]
