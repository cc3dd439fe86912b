"""Values and keys that somebody may write, or another system put, anywhere in pillar."""

import datetime


def nested(depth, kind=list):
    made = "end"
    for _ in range(depth):
        made = [made] if kind is list else {"deeper": made}
    return made


SHELL = [
    "$(reboot)",
    "`reboot`",
    "a; reboot",
    "a && reboot",
    "a | tee /etc/passwd",
    "-rf",
    "--help",
]
MARKUP = ["{{ 7 * 7 }}", "{% raw %}", "]]>", "<!--", "&lt;", "<x y='1'/>", "'\"", "!!python/none x"]
PATHS = ["../../etc/passwd", "/nfsdata/../etc", "~root", "/dev/../etc/shadow", "/", "//", "."]
SIGNS = [
    "", " ", "\n", "a\nb", "a\r\nERROR: all is well", "a\tb", "a\x00b", "\x1b[2J", "\x7f", "\x85",
    "\u2028", "\u2029", "\u202eabc", "\u2066x\u2069", "\ufeffx", "\u200b", "\xa0", "\ud800",
    "a\udfffb", "\U0010ffff", "nfs-s\u0435rver1", "\u0661", "\uff11\uff10.0.0.1", "e\u0301",
]  # fmt: skip
NUMBERS = [
    0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 10**400, 16**5000, 0.5, -0.0, 1e308, float("inf"),
    float("-inf"), float("nan"), True, False, None, "0x10", "1e3", "٣", "010", "1_000",
]  # fmt: skip
KINDS = [
    [], {}, [[]], [None], [{}], {"": ""}, {None: 1}, {1: 2}, {True: False}, {"a\nb": 1},
    {"\ud800": "\ud800"}, {(1, 2): 3}, b"bytes", b"\xff\x00", {"x": b"\xff"}, (1, 2), {1, 2},
    datetime.date(2026, 2, 29 - 1), datetime.datetime(2026, 1, 1, 12), "yes", "no", "on", "null",
    "a" * 2**20, "/" + "a" * 5000, "9" * 5000, "9" * 5000 + "s",
    ["x"] * 5000, nested(50), nested(50, dict),
]  # fmt: skip
# Deeper than what Salt itself can copy.
DEEP = [nested(500), nested(500, dict), nested(20000)]
FLAT = [*SHELL, *MARKUP, *PATHS, *SIGNS, *NUMBERS, *KINDS]
VALUES = [*FLAT, *DEEP]
KEYS = [
    "x\ny",
    16**5000,
    "\ud800",
    "\u2028",
    "\x1b[2J",
    "",
    "a" * 2**16,
    7,
    None,
    True,
    b"\xff",
    (1, 2),
    1.5,
]
