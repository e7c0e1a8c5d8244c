"""Writes the opcode table of the CPython that runs it: `python3.11 opcodes.py > 3.11.txt`.

The numbers, names, kinds of argument and inline caches come from that interpreter's own `opcode`
module. How many values an instruction takes from the stack and puts on it is told here, by name,
and checked against the interpreter's `dis.stack_effect`; for Python 2.7, which has no such function,
it is not. Where neither is a linear function of the argument, the reader knows the instruction by
its name (`by name`).
"""

import opcode
import sys

VERSION = sys.version_info[:2]

# The numbers that a `.pyc` of the version may begin with: of its development and of its releases.
MAGICS = {
    (2, 7): (62171, 62299),
    (3, 6): (3360, 3389),
    (3, 7): (3390, 3399),
    (3, 8): (3400, 3419),
    (3, 9): (3420, 3429),
    (3, 10): (3430, 3449),
    (3, 11): (3450, 3499),
    (3, 12): (3500, 3549),
    (3, 13): (3550, 3599),
    (3, 14): (3600, 3649),
}

# Pops and pushes, each `(fixed, per argument)`. Names that are not here only pop or only push.
ONE_TO_ONE = ((1, 0), (1, 0))
TWO_TO_ONE = ((2, 0), (1, 0))
COLLECT = ((0, 1), (1, 0))
EFFECTS = {name: ONE_TO_ONE for name in """
    UNARY_POSITIVE UNARY_NEGATIVE UNARY_NOT UNARY_INVERT UNARY_CONVERT GET_ITER GET_AITER
    GET_AWAITABLE GET_YIELD_FROM_ITER TO_BOOL CONVERT_VALUE FORMAT_SIMPLE CALL_INTRINSIC_1
    LIST_TO_TUPLE YIELD_VALUE LOAD_FROM_DICT_OR_DEREF LOAD_FROM_DICT_OR_GLOBALS ASYNC_GEN_WRAP
    """.split()}
EFFECTS.update((name, TWO_TO_ONE) for name in """
    BINARY_ADD BINARY_AND BINARY_DIVIDE BINARY_FLOOR_DIVIDE BINARY_LSHIFT BINARY_MATRIX_MULTIPLY
    BINARY_MODULO BINARY_MULTIPLY BINARY_OP BINARY_OR BINARY_POWER BINARY_RSHIFT BINARY_SUBSCR
    BINARY_SUBTRACT BINARY_TRUE_DIVIDE BINARY_XOR INPLACE_ADD INPLACE_AND INPLACE_DIVIDE
    INPLACE_FLOOR_DIVIDE INPLACE_LSHIFT INPLACE_MATRIX_MULTIPLY INPLACE_MODULO INPLACE_MULTIPLY
    INPLACE_OR INPLACE_POWER INPLACE_RSHIFT INPLACE_SUBTRACT INPLACE_TRUE_DIVIDE INPLACE_XOR
    COMPARE_OP CONTAINS_OP IS_OP CALL_INTRINSIC_2 FORMAT_WITH_SPEC END_SEND IMPORT_NAME
    BUILD_TEMPLATE CHECK_EG_MATCH YIELD_FROM
    """.split())
EFFECTS["CHECK_EG_MATCH"] = ((2, 0), (2, 0))
EFFECTS.update((name, COLLECT) for name in """
    BUILD_LIST BUILD_SET BUILD_TUPLE BUILD_STRING BUILD_LIST_UNPACK BUILD_SET_UNPACK
    BUILD_TUPLE_UNPACK BUILD_TUPLE_UNPACK_WITH_CALL BUILD_MAP_UNPACK BUILD_MAP_UNPACK_WITH_CALL
    """.split())
EFFECTS.update({
    "BINARY_SLICE": ((3, 0), (1, 0)),
    "BUILD_MAP": ((0, 2), (1, 0)),
    "BUILD_CONST_KEY_MAP": ((1, 1), (1, 0)),
    "CALL": ((2, 1), (1, 0)),
    "CALL_FUNCTION": ((1, 1), (1, 0)),
    "CALL_FUNCTION_KW": ((2, 1), (1, 0)),
    "CALL_KW": ((3, 1), (1, 0)),
    "CALL_METHOD": ((2, 1), (1, 0)),
    "LOAD_METHOD": ((1, 0), (2, 0)),
    "LOAD_SPECIAL": ((1, 0), (2, 0)),
    "MATCH_CLASS": ((3, 0), (1, 0)),
    "SEND": ((2, 0), (2, 0)),
    "SETUP_WITH": ((1, 0), (2, 0)),
    "BEFORE_WITH": ((1, 0), (2, 0)),
    "BEFORE_ASYNC_WITH": ((1, 0), (2, 0)),
    "UNPACK_SEQUENCE": ((1, 0), (0, 1)),
})
# What an interpreter counts otherwise than what happens on the way straight ahead.
STRAIGHT = {name: ((0, 0), (0, 0)) for name in """
    SETUP_LOOP SETUP_EXCEPT SETUP_FINALLY SETUP_ASYNC_WITH PRECALL NOP EXTENDED_ARG
    """.split()}
STRAIGHT.update({
    "BEGIN_FINALLY": ((0, 0), (1, 0)),
    "GEN_START": ((0, 0), (0, 0)),
    "RETURN_GENERATOR": ((0, 0), (1, 0)),
    "CALL": ((2, 1), (1, 0)),
    "END_FINALLY": ((1, 0), (0, 0)),
    "JUMP_IF_FALSE_OR_POP": ((1, 0), (0, 0)),
    "JUMP_IF_TRUE_OR_POP": ((1, 0), (0, 0)),
    "POP_FINALLY": ((1, 0), (0, 0)),
    "RETURN_VALUE": ((1, 0), (0, 0)),
    "SETUP_WITH": ((1, 0), (2, 0)),
    "WITH_CLEANUP_START": ((2, 0), (3, 0)),
    "WITH_CLEANUP_FINISH": ((2, 0), (0, 0)),
})
BY_NAME = set("""
    LOAD_GLOBAL LOAD_ATTR LOAD_SUPER_ATTR MAKE_FUNCTION MAKE_CLOSURE BUILD_SLICE CALL_FUNCTION_EX
    FORMAT_VALUE UNPACK_EX COPY SWAP DUP_TOP DUP_TOP_TWO DUP_TOPX ROT_TWO ROT_THREE ROT_FOUR ROT_N
    LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW STORE_FAST_LOAD_FAST
    STORE_FAST_STORE_FAST BUILD_INTERPOLATION CALL_FUNCTION_VAR CALL_FUNCTION_VAR_KW
    """.split())
if VERSION == (3, 10):
    EFFECTS["MATCH_CLASS"] = ((3, 0), (2, 0))
if VERSION == (2, 7):
    BY_NAME |= {"CALL_FUNCTION", "CALL_FUNCTION_KW"}
    EFFECTS["BUILD_MAP"] = ((0, 0), (1, 0))
# Python 2.7 cannot be asked.
NET_2_7 = {
    "DELETE_SLICE+0": -1, "DELETE_SLICE+1": -2, "DELETE_SLICE+2": -2, "DELETE_SLICE+3": -3,
    "STORE_SLICE+0": -2, "STORE_SLICE+1": -3, "STORE_SLICE+2": -3, "STORE_SLICE+3": -4,
    "SLICE+0": ((1, 0), (1, 0)), "SLICE+1": ((2, 0), (1, 0)), "SLICE+2": ((2, 0), (1, 0)),
    "SLICE+3": ((3, 0), (1, 0)), "DELETE_ATTR": -1, "DELETE_SUBSCR": -2, "EXEC_STMT": -3,
    "FOR_ITER": 1, "IMPORT_FROM": 1, "IMPORT_STAR": -1, "LIST_APPEND": -1, "LOAD_CLOSURE": 1,
    "LOAD_CONST": 1, "LOAD_DEREF": 1, "LOAD_FAST": 1, "LOAD_LOCALS": 1, "LOAD_NAME": 1,
    "MAP_ADD": -2, "POP_JUMP_IF_FALSE": -1, "POP_JUMP_IF_TRUE": -1, "POP_TOP": -1,
    "PRINT_EXPR": -1, "PRINT_ITEM": -1, "PRINT_ITEM_TO": -2, "PRINT_NEWLINE_TO": -1,
    "BUILD_CLASS": ((3, 0), (1, 0)), "RAISE_VARARGS": ((0, 1), (0, 0)), "SET_ADD": -1,
    "STORE_ATTR": -2, "STORE_DEREF": -1, "STORE_FAST": -1, "STORE_GLOBAL": -1, "STORE_MAP": -2,
    "STORE_NAME": -1, "STORE_SUBSCR": -3, "WITH_CLEANUP": 0,
}


def net(number, argument):
    import dis
    argument = argument if number >= opcode.HAVE_ARGUMENT else None
    more = {"jump": False} if VERSION >= (3, 8) else {}
    return dis.stack_effect(number, argument, **more)


def effect(name, number):
    """Pops and pushes, or None for what the reader knows by name."""
    if name in BY_NAME:
        return None
    if name in STRAIGHT:
        return STRAIGHT[name]
    if VERSION == (2, 7):
        told = EFFECTS.get(name) or NET_2_7.get(name, 0)
        return told if isinstance(told, tuple) else pure((told, 0))
    seen = [net(number, argument) for argument in range(8)]
    slope = seen[1] - seen[0]
    if any(value != seen[0] + slope * n for n, value in enumerate(seen)):
        sys.exit("%s: %s is not linear" % (name, seen))
    told = EFFECTS.get(name)
    if told is None:
        return pure((seen[0], slope))
    pops, pushes = told
    if (pushes[0] - pops[0], pushes[1] - pops[1]) != (seen[0], slope):
        sys.exit("%s: %s, and the interpreter says %s" % (name, told, seen))
    return told


def pure(change):
    fixed, slope = change
    if fixed >= 0 and slope >= 0:
        return (0, 0), (fixed, slope)
    if fixed <= 0 and slope <= 0:
        return (-fixed, -slope), (0, 0)
    sys.exit("pops and pushes: %s" % (change,))


def amount(pair):
    fixed, slope = pair
    if not slope:
        return str(fixed)
    argument = "a" if slope == 1 else "%da" % slope
    return "%d+%s" % (fixed, argument) if fixed else argument


def kind(number):
    if number < opcode.HAVE_ARGUMENT and number not in getattr(opcode, "hasarg", ()):
        return "none"
    for name in ("const", "name", "local", "free", "compare", "jrel", "jabs"):
        if number in getattr(opcode, "has" + name):
            return name
    return "number"


def caches(name):
    held = getattr(opcode, "_inline_cache_entries", None)
    if held is None:
        return 0
    return held.get(name, 0) if isinstance(held, dict) else held[opcode.opmap[name]]


def main():
    first, last = MAGICS[VERSION]
    if VERSION > (3,):
        from importlib.util import MAGIC_NUMBER
        own = MAGIC_NUMBER[0] | MAGIC_NUMBER[1] << 8
        assert first <= own <= last, own
    print("# CPython %d.%d, by `opcodes.py` run with its %s release.\n#" % (
        VERSION + (".".join(map(str, sys.version_info[:3])),)))
    print("# number name argument caches pops pushes; `a` is the argument. Specialized forms of an")
    print("# instruction stand under its name.")
    print("magic %d %d" % (first, last))
    rows = {}
    for name, number in opcode.opmap.items():
        # Instrumented forms exist while a debugger runs, and in no file.
        if number > 255 or name.startswith("INSTRUMENTED_") or name == "CACHE" and number:
            continue
        told = effect(name, number)
        shown = "%s %s" % (amount(told[0]), amount(told[1])) if told else "by name"
        rows[number] = "%s %s %d %s" % (name, kind(number), caches(name), shown)
    if VERSION >= (3, 11):
        import dis
        for name, number in dis._all_opmap.items():
            base = dis.deoptmap.get(name) if hasattr(dis, "deoptmap") else None
            if base and number not in rows and number < 256:
                rows[number] = rows[opcode.opmap[base]]
    for number in sorted(rows):
        print("%d %s" % (number, rows[number]))


main()
