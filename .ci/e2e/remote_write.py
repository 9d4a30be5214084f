"""Writes remote write 1.0 requests by hand: floats, native histograms and exemplars as dictionaries."""

import struct

from programs import http

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def zigzag(value):
    return (value << 1) ^ (value >> 63)


def number(field, value):
    return varint(field << 3) + varint(value)


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def message(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def labels_of(labels):
    return b"".join(message(1, message(1, n.encode()) + message(2, v.encode())) for n, v in sorted(labels.items()))


def spans_of(field, spans):
    return b"".join(message(field, number(1, zigzag(offset)) + number(2, length)) for offset, length in spans)


def doubles(field, values):
    return message(field, b"".join(struct.pack("<d", value) for value in values)) if values else b""


def deltas(field, values):
    """Integer buckets, each as the difference to the one before."""
    steps = [b - a for a, b in zip([0, *values], values)]
    return message(field, b"".join(varint(zigzag(step)) for step in steps)) if values else b""


def histogram_of(h):
    """`count`, `sum`, `schema`, `zero`, `spans`, `buckets`, `negative_spans`, `negative_buckets`, `custom`, `hint`, `float`."""
    is_float = h.get("float", False)
    out = double(2, h["count"]) if is_float else number(1, h["count"])
    out += double(3, h["sum"]) + number(4, zigzag(h["schema"])) + double(5, h.get("zero_threshold", 0))
    out += double(7, h.get("zero", 0)) if is_float else number(6, h.get("zero", 0))
    lists = [(8, 9, 10, "negative_spans", "negative_buckets"), (11, 12, 13, "spans", "buckets")]
    for spans, integers, floats, spans_name, buckets_name in lists:
        buckets = h.get(buckets_name, [])
        out += spans_of(spans, h.get(spans_name, []))
        out += doubles(floats, buckets) if is_float else deltas(integers, buckets)
    return out + number(14, h.get("hint", 0)) + number(15, h["t"]) + doubles(16, h.get("custom", []))


def series_of(labels, samples=(), histograms=(), exemplars=()):
    """Samples are `(t, value)`, exemplars `(labels, value, t)`; times in milliseconds."""
    out = labels_of(labels)
    out += b"".join(message(2, double(1, value) + number(2, t)) for t, value in samples)
    out += b"".join(message(3, labels_of(of) + double(2, value) + number(3, t)) for of, value, t in exemplars)
    return message(1, out + b"".join(message(4, histogram_of(h)) for h in histograms))


def snappy(content):
    """A snappy block that only has literals."""
    out = varint(len(content))
    for at in range(0, len(content), 65536):
        piece = content[at : at + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return out


def send(url, series):
    """Sends encoded series, which must be accepted."""
    status, body = http(f"{url}/api/v1/write", data=snappy(b"".join(series)), headers=HEADERS)
    assert status in (200, 204), f"{status} {body[:400]}"
