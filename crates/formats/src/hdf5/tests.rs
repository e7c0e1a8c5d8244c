mod oracle;
mod samples;

use artifact::{Blob, Budget};
use vocabulary::Limits;

use super::*;

/// What the reader tells of a file, in the lines of `tests/oracle.py`.
fn listing(file: &Hdf5) -> Vec<String> {
    let mut lines = Vec::new();
    for object in &file.objects {
        tell(file, object, object.path.raw(), &mut lines);
    }
    for link in &file.links {
        let path = link.path.raw();
        match &link.target {
            Target::Hard(to) => {
                let object = file.object(to.raw()).unwrap();
                tell(file, object, path, &mut lines);
            }
            Target::Soft(to) => lines.push(format!("{path} soft {}", to.raw())),
            Target::External { file, path: to } => {
                lines.push(format!("{path} external {} {}", file.raw(), to.raw()));
            }
            Target::User { kind, .. } => lines.push(format!("{path} user {kind}")),
        }
    }
    lines.sort();
    lines
}

fn tell(file: &Hdf5, object: &Object, path: &str, lines: &mut Vec<String>) {
    let kind = match object.kind {
        Kind::Group => "group",
        Kind::Dataset => "dataset",
        Kind::Datatype => "datatype",
        Kind::Unknown => "unknown",
    };
    lines.push(format!("{path} {kind}"));
    for attribute in &object.attributes {
        let told = value(file, &attribute.value);
        lines.push(format!("{path}@{} {told}", attribute.name.raw()));
    }
    if object.kind == Kind::Dataset {
        let shape = object.shape.as_ref().map_or("null".to_owned(), |shape| {
            let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("[{}]", shape.join(","))
        });
        lines.push(format!("{path} shape {shape}"));
        if !matches!(object.place, Where::External | Where::Virtual) {
            let (mut read, data) = file.value(object, 64 << 20, &budget()).unwrap();
            assert_eq!(data.trouble, None, "{path}");
            if object.place == Where::Nowhere {
                let len = usize::try_from(object.declared().unwrap()).unwrap();
                read.data = Blob::from_vec(vec![0; len]);
            }
            lines.push(format!("{path} = {}", value(file, &read)));
        }
    }
}

fn budget() -> Budget {
    Budget::new(Limits::default())
}

fn crc(bytes: &[u8]) -> String {
    format!("{}:{:08x}", bytes.len(), crc32fast::hash(bytes))
}

fn hex(bytes: &[u8]) -> String {
    if bytes.len() > 40 {
        return crc(bytes);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn value(file: &Hdf5, value: &Value) -> String {
    if value.shape.is_none() {
        return "null".to_owned();
    }
    let all = |blob: &Blob| blob.bytes_at(0, usize::MAX);
    match &value.datatype.class {
        Class::Text { .. } | Class::VariableText { .. } => {
            let texts: Vec<String> =
                file.texts(value, usize::MAX).iter().map(|text| hex(text)).collect();
            format!("text {}", texts.join(","))
        }
        Class::Sequence(_) => {
            let items: Vec<String> = file
                .elements(value)
                .iter()
                .map(|item| item.as_ref().map_or("?".to_owned(), |item| crc(&all(item))))
                .collect();
            format!("sequence {}", items.join(","))
        }
        Class::Reference => "objects".to_owned(),
        _ => format!("bytes {}", crc(&all(&value.data))),
    }
}

#[test]
fn takes_anything() {
    for bytes in [&b""[..], b"\x89HDF\r\n\x1a\n", &[0xff; 4096]] {
        let file = read(&Blob::from_vec(bytes.to_vec()));
        assert!(!file.oddities.is_empty() && file.objects.is_empty());
    }
}
