use formats::jinja;

use super::{Growth, Notes, STEPS, growth};

/// Whether a template grows beyond measure; nothing where that could not be told.
fn grows(source: &str) -> Option<bool> {
    let template = jinja::read(source);
    let mut notes = Notes::default();
    let whole = growth(&template.body, &mut notes);
    whole.then_some(!notes.held.is_empty())
}

fn all_are(wanted: Option<bool>, templates: &[&str]) {
    let wrong: Vec<_> = templates.iter().filter(|template| grows(template) != wanted).collect();
    assert!(wrong.is_empty(), "not {wanted:?}: {wrong:#?}");
}

/// A loop over messages, and one that is longer than the evaluator unrolls.
fn in_loops(body: &str) -> [String; 2] {
    ["messages", "range(70)"].map(|over| {
        format!(
            "{{% set ns = namespace(x='aaaa', y='b') %}}{{% set k = 'x' %}}\
             {{% for m in {over} %}}{body}{{% endfor %}}{{{{ ns.x }}}}"
        )
    })
}

#[test]
fn whatever_doubles_in_a_loop_is_told() {
    for body in [
        "{% set ns.x = ns.x * 2 %}",
        "{% set ns.x = ns[k] ~ ns[k] %}",
        "{% set ns.x = (ns|attr('x')) ~ (ns|attr('x')) %}",
        "{% set ns.x = (ns|attr(k)) ~ (ns|attr(k)) %}",
        "{% set ns.x = ns.x[:] ~ ns.x[::-1] %}",
        "{% set ns.x = ns.x|list|string %}",
        "{% set ns.x = ns.x|pprint %}",
        "{% set ns.x = '%(a)s%(a)s' % {'a': ns.x} %}",
        "{% set ns.x = '{0}{0}'.format(ns.x) %}",
        "{% set ns.x = ns.x|replace('a', 'aa') %}",
        "{% set ns.x = ns.x|replace(k, ns.x) %}",
        "{% set ns.x = ns.x|wordwrap(1, wrapstring=ns.x) %}",
        "{% set ns.x = ns.x|map('replace', 'a', 'aa')|join %}",
        "{% set ns.x = [ns, ns]|map(attribute='x')|join %}",
        "{% set ns.x = [ns, ns]|join('', attribute='x') %}",
        "{% set ns.x = ns.x.split('a')|join('aa') %}",
        "{% set ns.x = ns.x.translate({97: 'aa'}) %}",
        "{% set ns.x = {}.fromkeys('abc', ns.x)|string %}",
        "{% set ns.y = '' %}{% for c in ns.x %}{% set ns.y = ns.y ~ 'aa' %}{% endfor %}{% set ns.x = ns.y %}",
        "{% with w = ns.x %}{% set ns.x = w ~ w %}{% endwith %}",
        "{% set o = namespace(z=ns.x) %}{% set ns.x = o.z ~ o.z %}",
        "{% set ns.z = ns %}{% set ns.x = ns.z.x ~ ns.z.x %}",
    ] {
        for template in in_loops(body) {
            assert_eq!(grows(&template), Some(true), "{template}");
        }
    }
}

#[test]
fn whatever_is_called_is_gone_through() {
    let ns = "{% set ns = namespace(x='aaaa', n=0) %}";
    let double = "{% set ns.x = ns.x ~ ns.x %}";
    for rest in [
        "{% macro m() %}DOUBLE1{% endmacro %}{% for m in messages if m() %}{% endfor %}",
        "{% macro m() %}{% for i in messages %}DOUBLE{% endfor %}{% endmacro %}{% set f = m %}{{ f() }}",
        "{% macro m() %}{% for i in messages %}DOUBLE{% endfor %}{% endmacro %}",
        "{% macro m() %}{% for i in messages %}DOUBLE{% endfor %}{% endmacro %}{{ m() }}{% macro m() %}{% endmacro %}",
        "{% macro m() %}{{ varargs[0] ~ varargs[0] }}{% endmacro %}{% for i in messages %}{% set ns.x = m(ns.x) %}{% endfor %}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% for i in messages %}{% call m() %}DOUBLE{% endcall %}{% endfor %}",
        "{% block b %}DOUBLE{% endblock %}{% for i in messages %}{{ self.b() }}{% endfor %}",
        "{% set o = namespace(x='b') %}{% set p = o if false else ns %}{% for m in messages %}{% set p.x = ns.x ~ ns.x %}{% endfor %}",
        "{% macro f(n) %}{% if n %}a{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(ns.n) }}",
        "{% macro f(n) %}{% if n %}{% set r = f(n - 1) %}{{ r }}a{{ r }}{% endif %}{% endmacro %}{{ f(ns.n) }}",
        "{% macro t(s) %}DOUBLE{% for p in s.items %}{{ t(p) }}{% endfor %}{% endmacro %}{{ t(messages[0]) }}",
    ] {
        let template = format!("{ns}{}", rest.replace("DOUBLE", double));
        assert_eq!(grows(&template), Some(true), "{template}");
    }
    // Where it goes on without end nobody can tell how far.
    let recursive = "{% for i in [1] recursive %}DOUBLE{% set ns.n = ns.n + 1 %}{% if ns.n < 40 %}{{ loop([1]) }}{% endif %}{% endfor %}";
    let template = format!("{ns}{}", recursive.replace("DOUBLE", double));
    assert_ne!(grows(&template), Some(false));
}

#[test]
fn what_grows_with_the_conversation_is_calm() {
    let escaped = "replace('&','&amp;')|replace('<','&lt;')|replace('>','&gt;')|replace('\"','&quot;')|replace(\"'\",'&#39;')";
    all_are(
        Some(false),
        &[
            &format!(
                "{{% set ns = namespace(t='') %}}{{% for x in tools %}}{{% set ns.t = ns.t ~ x|tojson(indent=4) %}}{{% endfor %}}{{% for m in messages %}}{{{{ ns.t|{escaped} }}}}{{{{ m.content|{escaped} }}}}{{% endfor %}}"
            ),
            "{% macro t(s) %}{% for p in s.properties %}{{ p.name ~ ': ' ~ t(p) }}{% endfor %}{% if s.items %}{{ t(s.items) }}[]{% endif %}{% endmacro %}{% for x in tools %}{{ t(x) }}{% endfor %}",
            "{% macro t(s, indent) %}{% if s is mapping %}{% for k, v in s.items() %}{{ indent ~ k|tojson ~ t(v, indent ~ '  ') }}{% endfor %}{% else %}{% for v in s %}{{ t(v, indent ~ '  ') }}{% endfor %}{% endif %}{% endmacro %}{% for x in tools %}{{ t(x, '') }}{% endfor %}",
            "{% macro t(s) %}{% if s.type is string %}{{ s.type }}{% else %}{% for k in s.type %}{{ t({'type': k}) }}{% endfor %}{% endif %}{% endmacro %}{% for x in tools %}{{ t(x) }}{% endfor %}",
            "{% set ns = namespace(s='', n=0) %}{% for m in messages %}{% for c in m.tool_calls %}{% for k, v in c.function.arguments|items %}{% set ns.n = ns.n + 1 %}{% set ns.s = ns.s ~ '<' ~ k ~ '>' ~ v|tojson %}{% endfor %}{% endfor %}{% endfor %}{{ ns.s }}",
            "{% for m in messages %}{% set ns = namespace(c=m.content) %}{% set ns.c = ns.c ~ ns.c %}{{ ns.c }}{% endfor %}",
        ],
    );
}

#[test]
fn what_is_not_gone_through_to_its_end_is_said() {
    let bomb = "{% set ns = namespace(x='aaaa') %}{% for m in messages %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
    let padding = "{% for a in messages %}".repeat(4)
        + &"{% if a %}{% endif %}".repeat(120)
        + &"{% endfor %}".repeat(4);
    assert_ne!(grows(&(padding + bomb)), Some(false));
    // Each of many loops has to look at each of many attributes.
    let many: String = (0..20_000).map(|n| format!("{{% set n.a{n} = 1 %}}")).collect();
    let slow = format!("{{% set n = namespace() %}}{many}")
        + &"{% for i in messages %}{% endfor %}".repeat(50);
    let template = jinja::read(&slow);
    let growth = Growth::through(&template.body);
    assert!(!growth.whole && growth.steps < 2 * STEPS, "{} steps", growth.steps);
}

/// In a thread with as little room as those that judge have.
#[test]
fn macros_in_each_other_take_bounded_room() {
    let look = || {
        for (open, close) in [
            ("{% if n %}", "{% endif %}"),
            ("{% with a = n %}", "{% endwith %}"),
            ("{% for a in n %}", "{% endfor %}"),
            ("{% filter trim %}", "{% endfilter %}"),
            ("{% set a %}", "{% endset %}"),
            ("{% call m(n) %}", "{% endcall %}"),
        ] {
            for call in ["m(n)", "m(n ~ n)", "loop(n)", "[[[[m(n)]]]]", "(m(n)|trim)|trim"] {
                let body = open.repeat(60) + "{{ " + call + " }}" + &close.repeat(60);
                let template = format!(
                    "{{% macro m(n) %}}{body}{{% endmacro %}}{{{{ m(1) }}}}\
                     {{% for x in messages recursive %}}{body}{{% endfor %}}"
                );
                grows(&template);
                super::super::judge(&template, super::super::Known::Chat);
            }
        }
        let deep = "{% macro m(n) %}".to_owned()
            + &"{% if n %}".repeat(60)
            + "{{ m(n) }}"
            + &"{% endif %}".repeat(60)
            + "{% endmacro %}{{ m(1) }}";
        assert_eq!(grows(&deep), None);
        let judged = super::super::judge(&deep, super::super::Known::Chat);
        assert!(!judged.gaps.is_empty());
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(look).expect("a thread").join().expect("no overflow");
}

/// In a folder of templates that `WEIGHBRIDGE_TEMPLATES` names: how each is judged, by how many steps.
#[test]
#[allow(clippy::disallowed_methods, reason = "templates that are not kept here")]
fn other_templates() {
    let Ok(folder) = std::env::var("WEIGHBRIDGE_TEMPLATES") else { return };
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let source = std::fs::read_to_string(&path).expect("a template");
        let template = jinja::read(&source);
        let growth = Growth::through(&template.body);
        let told = match (growth.found, growth.whole) {
            (Some(_), _) => "told",
            (None, false) => "gap",
            (None, true) => "calm",
        };
        println!("GROWTH {} {} {told}", path.file_name().expect("a name").display(), growth.steps);
    }
}
