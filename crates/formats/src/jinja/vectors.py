"""Writes vectors.json: templates, and what Jinja2 makes of them.

    python crates/formats/src/jinja/vectors.py [FOLDER OF TEMPLATES]

Each entry is a template and the normal form of its tree, or `null` where Jinja2 refuses it. With a
folder the result goes to standard output and is not kept: the templates in it may be anybody's.
Needs Jinja2 3.1.6.
"""

import itertools
import json
import pathlib
import sys

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension, do, loopcontrols


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        node = nodes.Scope(body, lineno=line)
        node.generation = True
        return node


ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True,
                          extensions=[Generation, loopcontrols, do])


def text(value):
    # Half of a surrogate pair cannot be kept as a character by everybody.
    value = "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in value)
    return json.dumps(value, ensure_ascii=False)


def const(value):
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 2**127 else "big"
    return f"float {value:.6e}"


def each(items):
    return "".join(" " + tree(item) for item in items)


def args(node):
    out = each(node.args)
    out += "".join(f" {k.key}={tree(k.value)}" for k in node.kwargs)
    if node.dyn_args:
        out += f" *{tree(node.dyn_args)}"
    if node.dyn_kwargs:
        out += f" **{tree(node.dyn_kwargs)}"
    return out


def macro(name, node):
    missing = len(node.args) - len(node.defaults)
    params = [a.name if i < missing else f"{a.name}={tree(node.defaults[i - missing])}"
              for i, a in enumerate(node.args)]
    return f"(macro {name} ({' '.join(params)}){each(node.body)})"


BINARY = {"Or": "or", "And": "and", "Add": "+", "Sub": "-", "Mul": "*", "Div": "/",
          "FloorDiv": "//", "Mod": "%", "Pow": "**"}


def tree(node):
    kind = type(node).__name__
    match kind:
        case "Output":
            return each(node.nodes)[1:]
        case "TemplateData":
            return f"(data {text(node.data)})"
        case "Const":
            return const(node.value)
        case "Name":
            return node.name
        case "NSRef":
            return f"(ns {node.name} {node.attr})"
        case "Tuple" | "List":
            return f"({kind.lower()}{each(node.items)})"
        case "Concat":
            return f"(~{each(node.nodes)})"
        case "Dict":
            return "(dict" + "".join(f" {tree(p.key)} {tree(p.value)}" for p in node.items) + ")"
        case "Getattr":
            return f"(. {tree(node.node)} {node.attr})"
        case "Getitem":
            return f"([] {tree(node.node)} {tree(node.arg)})"
        case "Slice":
            parts = (node.start, node.stop, node.step)
            return "(slice" + "".join(" " + (tree(p) if p else "_") for p in parts) + ")"
        case "Call":
            return f"(call {tree(node.node)}{args(node)})"
        case "Filter":
            return f"(| {tree(node.node) if node.node else '_'} {node.name}{args(node)})"
        case "Test":
            return f"(is {tree(node.node)} {node.name}{args(node)})"
        case "Not" | "Neg" | "Pos":
            return f"({kind.lower()} {tree(node.node)})"
        case "Compare":
            return f"(cmp {tree(node.expr)}" + "".join(f" {o.op} {tree(o.expr)}" for o in node.ops) + ")"
        case "CondExpr":
            other = tree(node.expr2) if node.expr2 else "_"
            return f"(cond {tree(node.test)} {tree(node.expr1)} {other})"
        case "For":
            test = tree(node.test) if node.test else "_"
            recursive = " recursive" if node.recursive else ""
            return (f"(for {tree(node.target)} {tree(node.iter)} {test}{recursive}"
                    f" ({each(node.body)} ) ({each(node.else_)} ))")
        case "If":
            branches = [node, *node.elif_]
            out = "".join(f" ({tree(b.test)}{each(b.body)})" for b in branches)
            return f"(if{out} ({each(node.else_)} ))"
        case "Assign":
            return f"(set {tree(node.target)} {tree(node.node)})"
        case "AssignBlock":
            return f"(set {tree(node.target)} {tree(node.filter) if node.filter else '_'}:{each(node.body)})"
        case "Macro":
            return macro(node.name, node)
        case "CallBlock":
            return f"(callblock {tree(node.call)} {macro('caller', node)})"
        case "FilterBlock":
            return f"(filter {tree(node.filter)}{each(node.body)})"
        case "With":
            names = "".join(f" {tree(t)} {tree(v)}" for t, v in zip(node.targets, node.values))
            return f"(with ({names} ){each(node.body)})"
        case "Scope" if hasattr(node, "generation"):
            return f"(generation{each(node.body)})"
        case "Scope":
            inner = node.body[0]
            return f"(autoescape {tree(inner.options[0].value)}{each(inner.body)})"
        case "Block":
            return f"(block {node.name}{each(node.body)})"
        case "Extends":
            return f"(extends {tree(node.template)})"
        case "Include":
            return f"(include {tree(node.template)})"
        case "Import":
            return f"(import {tree(node.template)} {node.target})"
        case "FromImport":
            names = [n if isinstance(n, str) else f"{n[0]} as {n[1]}" for n in node.names]
            return f"(from {tree(node.template)}{''.join(' ' + n + ',' for n in names)})"
        case "ExprStmt":
            return f"(do {tree(node.node)})"
        case "Break" | "Continue":
            return f"({kind.lower()})"
        case _ if kind in BINARY:
            return f"({BINARY[kind]} {tree(node.left)} {tree(node.right)})"
    raise ValueError(kind)


def entry(source):
    try:
        return each(ENVIRONMENT.parse(source).body)[1:]
    except (TemplateSyntaxError, RecursionError):
        return None


# ---- the templates ----

EXPRESSIONS = """
1|1_000|0x_fF|0b101|0o17|00|01|1.5|1e3|1.5E-2|1_0.2_5|.5|1.|1.e3|a.1.2|1.5.6|1_|0x|'a'|"b"|'a' "b" 'c'
true|True|none|None|not a|not not a|-a|--a|+a|-a.b|-a**b|a**b**c|a*b+c|a+b*c|a~b~c|a~b+c~d|a+b~c
a//b%c|a<b<=c|a==b!=c|a in b|a not in b|not a in b|a and b or c and not d|a or b and c|a if b|a if b else c
a if b else c if d else e|a if b if c|(a if b else c) if d|a.b.c|a['b'].c[0]|a[1:2]|a[:]|a[::2]|a[1:]|a[:1]
a[::-1]|a[1:2:3]|a[1:2, 3]|a[]|a[:,:]|a()|a(1,2)|a(1,)|a(b=1)|a(1,b=2,*c,**d)|a(*c,1)|a(**d,1)|a(b=1,2)
a(,)|a.b()|a.b(1).c|a(b)(c)|f(x)[0].y|a is b|a is not b|a is b(1)|a is b 1|a is divisibleby 3|a is b.c
a is defined and b is none|a is not defined or b|a is b is c|a is b else|a is eq 'x'|a is in [1,2]|a is b -1
(1,)|()|(1,2)|1,2|[1,2,]|[]|[,]|{}|{'a':1,}|{'a':1,'b':[1,{}]}|{a}|{a:}|a{|(a|a)|a]|a}|a b|a 'b'|a..b|a.|a.'b'
a ? b|a & b|$|a!|a\\b|'a|"a|'a\\'b'|'a\\nb\\x41\\u00e9\\101\\N{LOW LINE}'|'\\x4'|'\\q'|'\\u12'|'\\U00110000'
é|变量|a.é|１|a１|_a|__class__|a.__class__|not|in|is|if|and|or|for|a.if|a.for|if if if|else|a if else
a = b|a := b|a @ b|a ^ b|lambda x: x|[x for x in y]|f'x'|b'x'|a;b|a:b|a,|,a|a,b,|*a|**a|a if b else|a is
a is not|a in|a not b|a not|-|+|~|a~|a**|a**-b|a*-b|a--b|a- -b|2**-1|-2**2|(-2)**2|not a==b|a==not b|a+not b
""".replace("\n", "|").split("|")
# `|` is an operator too.
EXPRESSIONS += ["a|b", "a|b|c", "a|b(1)|c(2,d=3)", "-a|b", "(-a)|b", "a+b|c", "a~b|c", "a|b.c", "a|b is c",
                "a is b|c", "a|", "|a", "a|b c", "a|1", "a|b[0]", "(a|b)[0]", "a|b.c(1)", "a|b()()", "not a|b",
                "a if b|c else d|e", "a|b==c|d", "a|'b'", "a.b|c.d.e", "a is b(c)(d)", "a[b|c]", "{a|b:c|d}",
                "'x'|attr('__cl' ~ 'ass__')", "messages|map(attribute='content')|join(', ')",
                "a||b", "a |b| c", "a is b | c", "a\n|\nb", "'a\nb'", "'a\\\nb'", "'\r\n'"]

STATEMENTS = [
    "{% for a in b %}x{% endfor %}", "{% for a in b %}x{% else %}y{% endfor %}",
    "{% for a, b in c %}{% endfor %}", "{% for (a, b), c in d %}{% endfor %}",
    "{% for a in b if c %}{{ loop(a) }}{% endfor %}", "{% for a in b recursive %}{{ loop(a) }}{% endfor %}",
    "{% for a in b if c recursive %}{% endfor %}", "{% for a in b, c %}{% endfor %}",
    "{% for a in b if c else d %}{% endfor %}", "{% for a.b in c %}{% endfor %}", "{% for a %}{% endfor %}",
    "{% for a in %}{% endfor %}", "{% for 1 in b %}{% endfor %}", "{% for in b %}{% endfor %}",
    "{% for a in b %}{% break %}{% continue %}{% endfor %}", "{% for a in b: %}x{% endfor %}",
    "{% if a %}b{% endif %}", "{% if a %}b{% elif c %}d{% elif e %}f{% else %}g{% endif %}",
    "{% if a, b %}{% endif %}", "{% if a if b else c %}{% endif %}", "{% if a: %}b{% else: %}c{% endif %}",
    "{% if %}{% endif %}", "{% if a %}", "{% endif %}", "{% if a %}{% endfor %}", "{% if a %}{% else %}{% elif b %}{% endif %}",
    "{% if a %}{% else %}{% else %}{% endif %}", "{% for a in b %}{% if c %}{% endfor %}{% endif %}",
    "{% if a %}{% endif x %}", "{% set a = 1 %}", "{% set a = 1, 2 %}", "{% set a, b = c %}", "{% set a.b = c %}",
    "{% set a.b, c = d %}", "{% set a['b'] = c %}", "{% set a %}x{% endset %}", "{% set a | upper | trim %}x{% endset %}",
    "{% set a.b %}x{% endset %}", "{% set true = 1 %}", "{% set 1 = 1 %}", "{% set a == 1 %}", "{% set %}", "{% set a = %}",
    "{% set a = b if c else d %}", "{% set a = b = c %}", "{% set a += 1 %}", "{% set (a) = 1 %}",
    "{% macro a() %}x{% endmacro %}", "{% macro a(b, c=1) %}{{ b }}{% endmacro %}", "{% macro a(b=1, c) %}{% endmacro %}",
    "{% macro a(b,) %}{% endmacro %}", "{% macro a %}{% endmacro %}", "{% macro a.b() %}{% endmacro %}",
    "{% macro a(*b) %}{% endmacro %}", "{% call a() %}x{% endcall %}", "{% call(b, c=1) a(1) %}x{% endcall %}",
    "{% call a %}x{% endcall %}", "{% call a()|b %}x{% endcall %}", "{% filter upper %}x{% endfilter %}",
    "{% filter replace('a', 'b')|upper %}x{% endfilter %}", "{% filter %}x{% endfilter %}",
    "{% with a = 1, b = a %}x{% endwith %}", "{% with %}x{% endwith %}", "{% with a %}x{% endwith %}",
    "{% with a.b = 1 %}{% endwith %}", "{% with a, b = c %}{% endwith %}",
    "{% autoescape true %}x{% endautoescape %}", "{% autoescape %}x{% endautoescape %}",
    "{% block a %}x{% endblock %}", "{% block a scoped required %} {% endblock a %}", "{% block a %}x{% endblock b %}",
    "{% block a required %}x{% endblock %}", "{% block a-b %}{% endblock %}", "{% block %}{% endblock %}",
    "{% extends 'a' %}", "{% extends a if b else c %}", "{% extends %}", "{% include 'a' %}", "{% include ['a', b] %}",
    "{% include 'a' ignore missing %}", "{% include 'a' ignore missing without context %}", "{% include 'a' with context %}",
    "{% include 'a' ignore %}", "{% import 'a' as b %}", "{% import 'a' as b with context %}", "{% import 'a' %}",
    "{% import 'a' as b.c %}", "{% from 'a' import b %}", "{% from 'a' import b as c, d with context %}",
    "{% from 'a' import b, %}", "{% from 'a' import _b %}", "{% from 'a' import %}", "{% from 'a' import with context %}",
    "{% from 'a' import b c %}", "{% print a %}", "{% print a, b|c %}", "{% print %}", "{% print a b %}",
    "{% do a.append(1) %}", "{% do a, b %}", "{% do %}", "{% generation %}x{% endgeneration %}", "{% generation x %}{% endgeneration %}",
    "{% unknown %}", "{% unknown a.b %}x{% endunknown %}", "{% 1 %}", "{% 'a' %}", "{% %}", "{%%}", "{{}}", "{{ }}", "{% a",
    "{{ a", "{{ a }", "{{ a %}", "{% if a }}", "{# a", "{#}", "{#-#}", "{##}", "{# a #}b", "{#- a -#} b", "a {#- b #}", "{#+ a +#}\nb",
    "{% raw %}{{ a }}{% endraw %}", "{% raw -%} {{ a }} {%- endraw %} b", "{%- raw %} x {% endraw -%} y", "{%raw%}{%endraw%}",
    "{% raw %}x", "{% raw x %}{% endraw %}", "{% raw %}{% raw %}{% endraw %}", "{% raw %}{% endraw x %}{% endraw %}",
    "{% raw %}\n  {%+ endraw +%}\nx", " {% raw %}\nx\n {% endraw %}\ny", "{% endraw %}", "{{ '}}' }}", "{{ '%}' }}", "{% if '%}' %}x{% endif %}",
    "{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}}}}", "{{ {} }}", "{{{}}}", "{{ (1 }}", "{{ [1 }} x {{ 2 ] }}", "{{ a ) }}", "{{ a } }}",
    "{{- a -}} b", "a {{- b }} c", "a {{+ b }} c", "a {{ b +}} c", "{{ a -}}\n\n b", "{{--1}}", "{{ a --}}", "{{-1-}}", "{{ - }}",
    "{{ a }}{% raw %}{% endraw %}{{ b }}", "a\r\nb\rc\n", "a\n\n", "a\r\n", "\n", "", "{{ a }}\n", "{% if a %}\nb\n{% endif %}\n\n",
    "  {% if a %}\n  b\n  {% endif %}\nc", "x  {% if a %}  y{% endif %}", "  {%+ if a %}y{% endif %}", "{% if a +%}\ny{% endif %}",
    "{% if a %}\r\ny\r\n  {% endif %}", "  {{ a }}\n  {{ b }}", "\t{# x #}\ty", "  {# x #}\ny", " \u00a0{% if a %}x{% endif %}", "a{% if b %} {% endif %}",
    "{{ a }}  {% if b %}x{% endif %}", "{{ a -}}  {% if b %}x{% endif %}", "{{ a -}}\n  {% if b %}x{% endif %}", "{% if a %}\n  {% if b %}x{% endif %}{% endif %}",
    "{% if a -%}\n  {% if b %}x{% endif %}{% endif %}", "{% if a -%} {% if b %}x{% endif %}{% endif %}", "{# a #}\n  {% if b %}x{% endif %}",
    "{ { a } }", "{a}", "{ %", "}}", "%}", "#}", "{{'a'}}{{'b'}}", "{{ a }}}", "{{{ a }}", "{ {{ a }}", "{%- if a -%}\n\n x \n\n{%- endif -%} y",
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m.content + '<|im_end|>' + '\\n' }}{% endfor %}",
]

DEEP = [2, 20, 30]


def sources():
    for expression in EXPRESSIONS:
        yield "{{ " + expression + " }}x"
    yield from STATEMENTS
    for a, b in itertools.product(["{{ a }}", "{{- a -}}", "{% set a = 1 %}", "{%- set a = 1 -%}", "{%+ set a = 1 +%}", "{# a #}", "{#- a -#}",
                                   "{% raw %} r {% endraw %}", "{%- raw -%} r {%- endraw -%}"], repeat=2):
        for between in ("", " ", "\n", " \n ", "x\n  ", " \r\n\t"):
            yield " \n " + a + between + b + " \n z"
    for depth in DEEP:
        yield "{{ " + "(" * depth + "a" + ")" * depth + " }}"
        yield "{{ " + "a+" * depth + "a }}"
        yield "{{ " + "-" * depth + "a }}"
        yield "{{ a" + ".b" * depth + "|c" * depth + " }}"
        yield "{% if a %}" * depth + "x" + "{% endif %}" * depth


def main():
    if len(sys.argv) > 1:
        found = [p.read_text() for p in sorted(pathlib.Path(sys.argv[1]).rglob("*.jinja"))]
        print(json.dumps([[s, entry(s)] for s in found], ensure_ascii=False))
        return
    seen = dict.fromkeys(sources())
    lines = ",\n".join(json.dumps([s, entry(s)], ensure_ascii=True) for s in seen)
    target = pathlib.Path(__file__).with_name("vectors.json")
    target.write_text(f"[\n{lines}\n]\n")
    print(len(seen), sum(entry(s) is None for s in seen))


if __name__ == "__main__":
    main()
