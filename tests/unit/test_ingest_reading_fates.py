"""Whatever a text file holds: each of its physical lines is one thing and no other, or the whole is refused."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.reading.read import Reading
from services.ingest.refusals import Refused
from tests.unit.test_ingest_forms import reading, source

LINE = st.text('ab",; \t\r0\u202e\x07é', max_size=20)
ANY = st.lists(LINE, max_size=8).map("\n".join)
FORMS = [
    {}, {"line_breaks": True}, {"header_lines": 0}, {"header_lines": 0, "line_breaks": True}, {"preamble": True},
    {"spare": ["", "a"]}, {"skipped_lines": ["a", '"']},
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(
    size=st.sampled_from([64, 8 << 20]), text=ANY, before=st.sampled_from(["", "a title\n\n"]), spare=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_physical_line_has_one_fate(  # noqa: PLR0917  # hypothesis gives them by name
    tmp_path: Path, form: dict[str, object], size: int, text: str, before: str, spare: bool, end: str
) -> None:
    header = "" if form.get("header_lines") == 0 else before * bool(form.get("preamble")) + "code,town,note"
    if header:
        header += (",,a" if spare and "spare" in form else "") + end
    raw = (header + text).encode()
    path = tmp_path / "sent"
    path.write_bytes(raw)
    given_source = source(form=form, totals={"from": "town", "texts": ["a"]}, footer={"starts_with": ["b0"]})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("services.ingest.reading.blocks.BLOCK", size)
        patched.setattr("services.ingest.reading.blocks.MOST_IN_LINE", 1000)
        code = ""
        try:
            found: Reading | None = reading(
                path, given_source
            )  # in memory, and piece by piece, each of which is asked for its sum
        except Refused as refused:
            code, found = refused.refusal.code, None
    if found is None:
        assert code in {"no-rows", "empty-file", "wrong-header"}
        return
    assert found.lines == raw.count(b"\n") + (not raw.endswith(b"\n"))
    taken = [line + more for line, _, *_, lines in found.rows.iter_rows() for more in range(lines)]
    known = taken + found.aside["line"].to_list()
    assert len(known) == len(set(known))
    assert found.header + found.blank + found.footer + found.aggregate + len(known) == found.lines
