"""What CPython makes of pickles: the oracle of `oracle.rs`. It loads nothing but what it wrote
itself, and what the test's vectors and random streams hold, with every import stubbed."""

import array, collections, datetime, decimal, enum, fractions, functools, io, pathlib, pickle
import pickletools, struct, sys, uuid


class Stub:
    """Stands for whatever a pickle imports; remembers how it was made and what was done to it."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.made = (cls, args, kwargs)
        self.states, self.items, self.pairs = [], [], []
        return self

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.states.append(state)

    def append(self, item):
        self.items.append(item)

    add = append

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.pairs.append((key, value))

    def __call__(self, *args, **kwargs):
        result = Stub(*args, **kwargs)
        result.made = (self, args, kwargs)
        return result


def unpickler(base):
    class Unpickler(base):
        def find_class(self, module, name):
            if self.proto_below_3:
                import _compat_pickle as compat

                if (module, name) in compat.NAME_MAPPING:
                    module, name = compat.NAME_MAPPING[module, name]
                elif module in compat.IMPORT_MAPPING:
                    module = compat.IMPORT_MAPPING[module]
            self.found.append(module + "." + name)
            return type("stub", (Stub,), {"path": module + "." + name})

        @property
        def proto_below_3(self):
            return getattr(self, "proto", 3) < 3

        def persistent_load(self, pid):
            stub = Stub()
            stub.made = ("P", (pid,), {})
            return stub

    return Unpickler


def load(base, data):
    it = unpickler(base)(io.BytesIO(data), buffers=[b"x"] * 99)
    it.found = []
    return it.load(), it.found


def canon(value, depth=0):
    """The value as `oracle.rs` writes it."""
    if depth > 12:
        return "~"
    each = lambda values: ",".join(canon(v, depth + 1) for v in values)
    entries = lambda d: ",".join(canon(k, depth + 1) + ":" + canon(v, depth + 1) for k, v in d)
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**63 else "big"
    if isinstance(value, float):
        return "f" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "t" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, bytearray):
        return "a" + value.hex()
    if isinstance(value, bytes):
        return "b" + value.hex()
    if isinstance(value, tuple):
        return "(" + each(value) + ")"
    if isinstance(value, list):
        return "[" + each(value) + "]"
    if isinstance(value, (set, frozenset)):
        kind = "s" if isinstance(value, set) else "z"
        return kind + "{" + ",".join(sorted(canon(v, depth + 1) for v in value)) + "}"
    if isinstance(value, dict):
        return "{" + entries(value.items()) + "}"
    if isinstance(value, type):
        return "G" + value.path
    made, args, kwargs = value.made
    if made == "P":
        return "P(" + each(args) + ")"
    parts = [canon(made, depth + 1), "(" + each(args) + ")", "{" + entries(kwargs.items()) + "}"]
    parts += ["[" + each(value.states) + "]", "[" + each(value.items) + "]"]
    return "C<" + ";".join(parts + ["{" + entries(value.pairs) + "}"]) + ">"


class Plain:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, [2]


class Keywords:
    def __new__(cls, *, a=0):
        return object.__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"a": 5}


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


def subjects():
    shared = ["shared", ("text", 1)]
    recursive = [1]
    recursive.append(recursive)
    knot = {}
    knot["self"] = [knot]
    yield "scalars", [None, True, False, 0, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 1.5, -0.0]
    yield "large ints", [2**62, -(2**62), 2**63 - 1, -(2**63), 2**63, 10**30, -(10**30), 2**4000]
    yield "floats", [float("inf"), float("-inf"), 1e300, 5e-324, 0.1]
    yield "text", ["", "a", "naïve", "日本語", "🤗", "\ud800", "a\nb\\u0041\\", "x" * 300, "x" * 70000]
    yield "bytes", [b"", b"a'\"\\\n\xff", bytes(range(256)), b"y" * 70000]
    yield "bytearrays", [bytearray(b"abc"), bytearray(b"z" * 70000)]
    yield "containers", {"l": [1, [2, [3]]], "t": ((), (1,), (1, 2), (1, 2, 3), tuple(range(9))), "d": {1: {2: {}}}}
    yield "sets", [set(), {1, 2, 3}, frozenset(), frozenset({("a", 1), 2})]
    yield "long containers", [list(range(900)), {i: str(i) for i in range(900)}, set(range(900))]
    yield "shared", [shared, shared, {"again": shared}, shared[1]]
    yield "recursive", [recursive, knot]
    yield "dates", [datetime.datetime(2026, 11, 21, 6, 41), datetime.date(2026, 1, 1), datetime.timedelta(3),
                    datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)]
    yield "collections", [collections.OrderedDict(a=1, b=[2]), collections.deque([1, 2]),
                          collections.defaultdict(list, a=[1]), collections.Counter("aab"), Point(1, "y")]
    yield "numbers", [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 2 + 3j, range(3, 9, 2)]
    yield "objects", [Plain(a=1, b=Plain(c="d")), Slots(), Colour.RED, pathlib.PurePosixPath("/a/b")]
    yield "callables", [functools.partial(print, 1, sep=""), len, Plain, str.upper, slice(1, 2)]
    yield "errors", [ValueError("a", 1), KeyError("k"), array.array("i", [1, 2]), uuid.UUID(int=7)]
    yield "keywords", [Keywords()]


def corpus():
    for protocol in range(6):
        for name, subject in subjects():
            try:
                yield f"{name} at protocol {protocol}", pickle.dumps(subject, protocol)
            except Exception:  # slots and keywords need protocol 2
                pass
            if protocol < 5:
                out = io.BytesIO()
                try:
                    pickle._Pickler(out, protocol).dump(subject)
                    yield f"{name} at protocol {protocol}, by pickle.py", out.getvalue()
                except Exception:
                    pass
    buffers = []
    data = [pickle.PickleBuffer(b"out of band" * 9), pickle.PickleBuffer(bytearray(b"w" * 99))]
    yield "buffers in band", pickle.dumps(data, 5)
    yield "buffers out of band", pickle.dumps(data, 5, buffer_callback=buffers.append)


def accepts(run):
    try:
        return run()
    except Exception:
        return None


if sys.argv[1] == "corpus":
    for name, data in corpus():
        value, found = load(pickle._Unpickler, data)
        count = sum(1 for _ in pickletools.genops(data))
        print(name, data.hex(), count, " ".join(found) or "-", canon(value), sep="\t")
elif sys.argv[1] == "judge":
    for line in sys.stdin:
        data = bytes.fromhex(line)
        c = accepts(lambda: load(pickle.Unpickler, data))
        python = accepts(lambda: load(pickle._Unpickler, data))
        ops = accepts(lambda: list(pickletools.genops(data)))
        print(int(c is not None), int(python is not None), int(ops is not None))
else:
    for line in sys.stdin:
        ops = list(pickletools.genops(bytes.fromhex(line)))
        print(len(ops), ops[-1][2] + 1)
