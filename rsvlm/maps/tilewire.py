"""The wire format of Mapbox vector tiles, version 1 and 2, read with protobuf's own parser.

The message is declared here as the published specification (vector_tile.proto 2.1) has it; fields that it does not know
are skipped, as protobuf does.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from rsvlm.errors import DataError

_Field = descriptor_pb2.FieldDescriptorProto
# message: fields as (name, number, type, repeated)
_MESSAGES: dict[str, tuple[tuple[str, int, int, bool], ...]] = {
    "Value": (
        ("string_value", 1, _Field.TYPE_STRING, False),
        ("float_value", 2, _Field.TYPE_FLOAT, False),
        ("double_value", 3, _Field.TYPE_DOUBLE, False),
        ("int_value", 4, _Field.TYPE_INT64, False),
        ("uint_value", 5, _Field.TYPE_UINT64, False),
        ("sint_value", 6, _Field.TYPE_SINT64, False),
        ("bool_value", 7, _Field.TYPE_BOOL, False),
    ),
    "Feature": (
        ("id", 1, _Field.TYPE_UINT64, False),
        ("tags", 2, _Field.TYPE_UINT32, True),
        ("type", 3, _Field.TYPE_UINT32, False),
        ("geometry", 4, _Field.TYPE_UINT32, True),
    ),
    "Layer": (
        ("name", 1, _Field.TYPE_STRING, False),
        ("features", 2, _Field.TYPE_MESSAGE, True),
        ("keys", 3, _Field.TYPE_STRING, True),
        ("values", 4, _Field.TYPE_MESSAGE, True),
        ("extent", 5, _Field.TYPE_UINT32, False),
        ("version", 15, _Field.TYPE_UINT32, False),
    ),
    "Tile": (("layers", 3, _Field.TYPE_MESSAGE, True),),
}
_INNER = {"features": "Feature", "values": "Value", "layers": "Layer"}
_PACKAGE = "rsvlm.vector_tile"


def _declare() -> Any:
    """Return the Tile message class."""
    file = descriptor_pb2.FileDescriptorProto(name="rsvlm/vector_tile.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        declared = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            added = declared.field.add(name=field, number=number, type=kind, label=label)
            if kind == _Field.TYPE_MESSAGE:
                added.type_name = f".{_PACKAGE}.{_INNER[field]}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Tile"))


Tile = _declare()


def parse_tile(data: bytes, where: str) -> Any:
    """Parse a tile's bytes.

    Raises:
        DataError: not a vector tile, damaged, or of a version that is not 1 or 2.
    """
    tile = Tile()
    try:
        tile.ParseFromString(data)
    except (message.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{where}: not a vector tile: {str(error)[:100]}") from None
    for layer in tile.layers:
        version, extent = layer.version if layer.HasField("version") else 1, layer.extent if layer.HasField("extent") else 4096
        if version not in (1, 2) or not 1 <= extent <= 1 << 20:
            raise DataError(f"{where}: layer {layer.name[:40]!r} has version {version} and extent {extent}; readable: version 1 and 2")
    return tile


def value_of(value: Any) -> Any:
    """Return a tag's value: text, number, true or false; None where it has none."""
    for field, _, _, _ in _MESSAGES["Value"]:
        if value.HasField(field):
            return getattr(value, field)
    return None


def paths_of(commands: Any) -> list[tuple[list[tuple[int, int]], bool]]:
    """Return the paths of a feature's geometry in tile units (y down): each its points, and whether it closes.

    A command is id + 8 * count: MoveTo (1) and LineTo (2) are followed by count pairs of zigzag steps from the place before,
    ClosePath (7) by none.

    Raises:
        ValueError: the commands break the specification.
    """
    found: list[tuple[list[tuple[int, int]], bool]] = []
    x = y = position = 0
    while position < len(commands):
        command, count = commands[position] & 7, commands[position] >> 3
        position += 1
        if command == 7:
            if not found or found[-1][1]:
                raise ValueError("a path closes that was not opened")
            found[-1] = (found[-1][0], True)
            continue
        if command not in (1, 2) or count == 0 or position + 2 * count > len(commands):
            raise ValueError(f"command {command} of {count} steps at {position - 1} of {len(commands)}")
        for _ in range(count):
            x, y = x + _signed(commands[position]), y + _signed(commands[position + 1])
            position += 2
            if command == 1:
                found.append(([(x, y)], False))
            elif not found or found[-1][1]:
                raise ValueError("a line starts nowhere")
            else:
                found[-1][0].append((x, y))
    return found


def _signed(zigzag: int) -> int:
    return (zigzag >> 1) ^ -(zigzag & 1)
