"""Spaces around a field are seen in the bytes of its line wherever it stands, and only there."""

from itertools import product

import pytest

from services.ingest.reading.plain import is_tidy


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_tidy_where_no_field_has_spaces_around_it(end: str) -> None:
    for fields in product(["a", " a", "a ", " ", "a b", ""], repeat=3):
        data = f"x,y,z{end}{','.join(fields)}{end}".encode()
        assert is_tidy(data) == all(field == field.strip(" ") for field in fields)
        assert is_tidy(data[len("x,y,z" + end) :]) == is_tidy(data)
