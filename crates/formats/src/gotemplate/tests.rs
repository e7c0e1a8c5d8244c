use crate::harness;
use crate::jinja::{ExprKind, OddityKind, StmtKind};

use super::{is, read};

const CHAT: &str = r#"{{- if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if or (eq .Role "assistant" "tool") .ToolCalls }}{{ printf "%s" .Content | json }}{{ else }}{{/* no }} */}}x{{ end }}
{{- with .Tools }}{{ index . 0 }}{{ `raw "}}` }}{{ end }}{{ end }}"#;

#[test]
fn tells_go_from_jinja() {
    for go in [
        "{{ .System }}",
        "{{- if .Prompt }}",
        "{{ range $m := $.Messages }}",
        "{{ (len .Messages) }}",
    ] {
        assert!(is(go), "{go}");
    }
    for other in
        ["{{ message.Content }}", "{{ a }}.System", "{{ 1.5 }}", "{% if .X %}", "{{ '.' }}"]
    {
        assert!(!is(other), "{other}");
    }
}

#[test]
fn reads_blocks_and_pipelines() {
    let template = read(CHAT);
    assert_eq!(template.oddities, []);
    let StmtKind::For { over, body, .. } = &template.body[1].kind else { panic!("no loop") };
    assert!(matches!(&over.kind, ExprKind::Getattr(_, name) if name.raw() == "Messages"));
    let StmtKind::If { branches, otherwise } = &body[3].kind else { panic!("{:?}", body[3]) };
    assert!(matches!(branches[0].0.kind, ExprKind::Compare(..)));
    assert_eq!((branches.len(), otherwise.len()), (2, 1));
}

#[test]
fn tells_what_is_wrong_and_goes_on() {
    for source in [
        "{{ if .X }}a",
        "{{ end }}{{ .X }}",
        "{{ .X",
        "{{ (.X }}",
        "{{ \"a }}",
        "{{ range }}{{ end }}",
        "{{ .X ] }}",
    ] {
        assert!(read(source).has(OddityKind::Syntax), "{source}");
    }
    let many = "{{ if .X }}".repeat(10_000);
    assert!(read(&many).has(OddityKind::Deep));
    let many = format!("{{{{ {}.X{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(read(&many).has(OddityKind::Syntax));
}

#[test]
fn survives_any_text() {
    harness::survive(CHAT.as_bytes(), |blob| {
        read(&String::from_utf8_lossy(&blob.bytes_at(0, 1 << 20)));
    });
}
