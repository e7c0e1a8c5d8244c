import dis, marshal, pathlib, sys, warnings
warnings.simplefilter("ignore")
print("%d.%d" % sys.version_info[:2])
lib = pathlib.Path(dis.__file__).parent
names = [*sorted(lib.glob("*.py")), *sorted(lib.glob("asyncio/*.py")), *sorted(lib.glob("test/test_[gp]*.py"))]
for n, path in enumerate(names[::9]):
    try:
        code = compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        continue
    with open("%04d.marshal" % n, "wb") as file:
        marshal.dump(code, file)
    print("file %04d" % n)
    todo = [code]
    while todo:
        code = todo.pop()
        todo += [const for const in code.co_consts if isinstance(const, type(code))]
        print("code", code.co_name, code.co_firstlineno, code.co_argcount, code.co_kwonlyargcount,
              code.co_flags, code.co_stacksize)
        for i in dis.get_instructions(code):
            if i.opname in ("EXTENDED_ARG", "CACHE"):
                continue
            target = i.argval if i.opcode in dis.hasjrel or i.opcode in dis.hasjabs else -1
            print(i.opname, i.arg or 0, target)
