"""Thrift's compact protocol, as far as it is needed to write the footer of a Parquet file anew: a struct is its fields
by their numbers, each with the kind of its value. What is not known of a struct is kept as it is."""

from typing import Any, Final

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
LONG: Final = 15
"""Stands for the length of a list, or the step to the next field, that follows in bytes of its own."""
STOP: Final = 0

Value = Any
Struct = dict[int, tuple[int, Value]]
Items = tuple[int, list[Value]]
"""Of a list: the kind of its values, and these."""


def parsed(data: bytes) -> Struct:
    """Raises ValueError where the bytes are no struct, or have a map, which footers have not."""
    try:
        return _Reader(data).struct()
    except IndexError:
        raise ValueError("the struct does not end") from None


def spelled(struct: Struct) -> bytes:
    """Fields in the order of their numbers."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            fields[number] = (TRUE, kind == TRUE) if kind in {TRUE, FALSE} else (kind, self._value(kind))
        return fields

    def _value(self, kind: int) -> Value:
        if kind in {TRUE, FALSE, BYTE}:
            return self._byte()
        if kind in {I16, I32, I64}:
            return self._signed()
        if kind in {DOUBLE, BINARY}:
            return self._bytes(8 if kind == DOUBLE else self._number())
        if kind in {LIST, SET}:
            return self._items()
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"values of kind {kind} are not known")

    def _items(self) -> Items:
        head = self._byte()
        length, kind = head >> 4, head & 15
        return kind, [self._value(kind) for _ in range(self._number() if length == LONG else length)]

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.data):
            raise IndexError
        return self.data[self.at - length : self.at]

    def _number(self) -> int:
        value, shift = 0, 0
        while (byte := self._byte()) & 128:
            value, shift = value | (byte & 127) << shift, shift + 7
        return value | byte << shift

    def _signed(self) -> int:
        value = self._number()
        return value >> 1 ^ -(value & 1)


def _write_struct(out: bytearray, struct: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(struct.items()):
        known = kind if kind != TRUE else TRUE if value else FALSE
        if 0 < number - before < LONG + 1:
            out.append(number - before << 4 | known)
        else:
            out.append(known)
            _write_number(out, number << 1 if number >= 0 else ~(number << 1))
        if kind != TRUE:
            _write(out, kind, value)
        before = number
    out.append(STOP)


def _write(out: bytearray, kind: int, value: Value) -> None:
    if kind in {TRUE, FALSE, BYTE}:
        out.append(value)
    elif kind in {I16, I32, I64}:
        _write_number(out, value << 1 if value >= 0 else ~(value << 1))
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in {LIST, SET}:
        of, items = value
        out.append(min(len(items), LONG) << 4 | of)
        if len(items) >= LONG:
            _write_number(out, len(items))
        for item in items:
            _write(out, of, item)
    else:
        if kind == BINARY:
            _write_number(out, len(value))
        out += value


def _write_number(out: bytearray, value: int) -> None:
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
