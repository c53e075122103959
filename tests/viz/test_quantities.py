"""Numbers as texts."""

from viz.quantities import count_text, duration_text, size_text, whole_text


def test_numbers_have_three_digits_and_a_unit() -> None:
    assert [duration_text(x) for x in (12.345, 0.01234, 0.0009999, 5e-8)] == [
        "12.3 s",
        "12.3 ms",
        "1 ms",
        "0.05 µs",
    ]
    assert [size_text(x) for x in (999.4, 1500, 123_456_789, 2e9, 3e12)] == [
        "999 B",
        "1.5 kB",
        "123 MB",
        "2 GB",
        "3 TB",
    ]
    assert [count_text(x) for x in (0, 7, 999_999, 1.5e9, 3e12)] == [
        "0",
        "7",
        "1 M",
        "1.5 G",
        "3 T",
    ]
    assert whole_text(1_234_567) == "1\u202f234\u202f567"
