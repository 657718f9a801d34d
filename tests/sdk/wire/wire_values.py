"""Random values for shapes of the service model, from a seed, and the one form in which they are compared."""

import datetime
import string

import dateutil.parser

# Text that breaks a careless codec: markup, form syntax, white space at the ends, several scripts, astral characters.
AWKWARD_TEXT = [
    "<a href=\"x\">&amp;'</a>",
    "]]>",
    "a&b=c%20d+e;f#g?h/i",
    "100% + 1",
    " leading and trailing ",
    "tab\there, line\nfeed, carriage\r return",
    "Zürich, Ελλάδα, 東京, عربى",
    "\u0301combining, \u200bzero width, \ufffd",
    "😀🏳️‍🌈",
    "true",
    "0",
    "a.b.1.c",
]
# A form carries these, XML 1.0 cannot.
CONTROL_TEXT = ["nul\0here", "escape \x1b[0m", "\x7f\x80", "\ufffe\uffff"]

# How many members of a structure are present.
FULL, SUBSET, MINIMAL, EMPTY_LISTS = "full", "subset", "minimal", "empty_lists"
MODES = (FULL, SUBSET, MINIMAL, EMPTY_LISTS)


class Values:
    """Makes values for one direction.

    A request cannot say "a structure without members" (botocore's serializer writes nothing for it), so there every
    structure has one; nor can a required string be empty.
    """

    def __init__(self, random, mode, request):
        self.random = random
        self.mode = mode
        self.request = request
        self.members_seen = set()

    def value(self, shape, required=False):
        return getattr(self, shape.type_name)(shape, required)

    def structure(self, shape, required=False):
        value = {name: self.member(shape, name) for name in shape.members if self.present(shape, name)}
        if not value and self.request and shape.members:
            name = self.random.choice(list(shape.members))
            value = {name: self.member(shape, name)}
        return value

    def member(self, shape, name):
        self.members_seen.add((shape.name, name))
        return self.value(shape.members[name], name in shape.required_members)

    def present(self, shape, name):
        if name in shape.required_members or self.mode == FULL:
            return True
        if self.mode == MINIMAL:
            return False
        if self.mode == EMPTY_LISTS and shape.members[name].type_name == "list":
            return True
        return self.random.random() < 0.5

    def list(self, shape, required):
        if self.mode == EMPTY_LISTS:
            return []
        least = 1 if self.mode == FULL else 0
        # Now and then past nine, where the order of numbers is not that of their text; seldom, as lists nest.
        most = 12 if self.random.random() < 0.1 else 3
        return [self.value(shape.member, True) for _ in range(self.random.randint(least, most))]

    def string(self, shape, required):
        if shape.enum:
            return self.random.choice(shape.enum)
        pool = AWKWARD_TEXT + (CONTROL_TEXT if self.request else [])
        kind = self.random.randrange(4)
        if kind == 0 and not required:
            return ""
        if kind == 1:
            return self.random.choice(pool)
        if kind == 2:
            return "".join(self.random.choice(pool) for _ in range(self.random.randint(1, 5)))
        return "".join(self.random.choice(string.printable[:62]) for _ in range(self.random.randint(1, 40)))

    def boolean(self, shape, required):
        return self.random.random() < 0.5

    def integer(self, shape, required):
        return self.random.choice([0, 1, -1, 6379, 2**31 - 1, -(2**31), self.random.randint(-10**6, 10**6)])

    def double(self, shape, required):
        return self.random.choice([0.0, 1.0, 0.095, -2.5, 1e21, round(self.random.uniform(0, 1000), 3)])

    def timestamp(self, shape, required):
        seconds = self.random.choice([0, -1, 951782400, 4102444799, self.random.randint(-10**9, 4 * 10**9)])
        # A reply keeps milliseconds, a request may say microseconds.
        fraction = self.random.choice([0, 7000, 120000, 999000] + ([1, 999999] if self.request else []))
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return epoch + datetime.timedelta(seconds=seconds, microseconds=fraction)


def as_json(value):
    """A value as the peer takes it: timestamps as ISO 8601."""
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_json(entry) for entry in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


def from_json(value, shape):
    """The peer's value as botocore would hold it: absent members left out, timestamps as datetimes."""
    if shape.type_name == "structure":
        assert set(value) == set(shape.members), f"{shape.name}: members differ from the model's"
        return {name: from_json(member, shape.members[name]) for name, member in value.items() if member is not None}
    if shape.type_name == "list":
        return [from_json(entry, shape.member) for entry in value]
    if shape.type_name == "timestamp":
        return dateutil.parser.isoparse(value)
    return value


def difference(expected, actual, path=""):
    """Where two values first part, in one line; None where they are equal."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in sorted(set(expected) | set(actual)):
            if name not in expected or name not in actual:
                return f"{path}.{name}: only {'expected' if name in expected else 'actual'}"
            found = difference(expected[name], actual[name], f"{path}.{name}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{path}: {len(expected)} entries expected, not {len(actual)}"
        pairs = enumerate(zip(expected, actual))
        return next(filter(None, (difference(*pair, f"{path}[{index}]") for index, pair in pairs)), None)
    if type(expected) is type(actual) and expected == actual:
        return None
    return f"{path}: {expected!r} expected, not {actual!r}"
