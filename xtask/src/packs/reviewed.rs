//! The hand-written layer, as the analysis uses it: where it speaks, nothing else is asked.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use scan::effects::Effects;

/// What the layer says of one name.
#[derive(Debug, Clone)]
pub(super) enum Reviewed {
    Function { effects: Effects, returns: Option<String> },
    Class(ReviewedClass),
    Data { class: Option<String> },
}

#[derive(Debug, Clone, Default)]
pub(super) struct ReviewedClass {
    pub(super) call: Effects,
    pub(super) new: Effects,
    pub(super) state: Option<Effects>,
    pub(super) items: Effects,
    pub(super) methods: BTreeMap<String, Effects>,
}

impl ReviewedClass {
    /// A method, where a line tells of it.
    pub(super) fn method(&self, name: &str) -> Option<Effects> {
        match name {
            "__init__" => Some(self.call),
            "__new__" => Some(self.new),
            "__setstate__" => self.state,
            "append" | "extend" | "add" | "__setitem__" | "update" => Some(self.items),
            _ => self.methods.get(name).copied(),
        }
    }
}

/// The layer, by module and name.
#[derive(Default)]
pub(super) struct Layer {
    names: BTreeMap<String, BTreeMap<String, Reviewed>>,
    wildcards: BTreeMap<String, Vec<(String, Effects)>>,
    renamed: BTreeMap<String, String>,
}

impl Layer {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut layer = Self::default();
        let mut module = String::new();
        let mut class = String::new();
        for (at, line) in text.lines().enumerate().skip_while(|(_, line)| !line.is_empty()) {
            let line = line.split(" # ").next().unwrap_or_default().trim_end();
            let Some((kind, rest)) = line.split_once(' ') else { continue };
            let context = || format!("reviewed.txt:{}: {line}", at + 1);
            match kind {
                "#" => {}
                "m" => {
                    if let Some((name, real)) = rest.split_once(" = ") {
                        layer.renamed.insert(name.to_owned(), real.to_owned());
                    } else {
                        rest.clone_into(&mut module);
                        if layer.names.insert(module.clone(), BTreeMap::new()).is_some() {
                            bail!("{}: the module has a section already", context());
                        }
                    }
                }
                "f" => {
                    let mut parts = rest.split(' ');
                    let name = parts.next().unwrap_or_default();
                    let effects = parts.next().unwrap_or("-").parse().with_context(context)?;
                    let returns = match parts.next() {
                        Some("->") => parts.next().map(str::to_owned),
                        Some(_) => bail!("{}: more than a name and effects", context()),
                        None => None,
                    };
                    if let Some(start) = name.strip_suffix('*') {
                        let rules = layer.wildcards.entry(module.clone()).or_default();
                        rules.push((start.to_owned(), effects));
                    } else {
                        layer
                            .put(&module, name, Reviewed::Function { effects, returns })
                            .with_context(context)?;
                    }
                }
                "F" => {
                    let (letters, names) = rest.split_once(' ').with_context(context)?;
                    let effects = letters.parse().with_context(context)?;
                    for name in names.split(' ') {
                        if let Some(start) = name.strip_suffix('*') {
                            let rules = layer.wildcards.entry(module.clone()).or_default();
                            rules.push((start.to_owned(), effects));
                            continue;
                        }
                        let entry = Reviewed::Function { effects, returns: None };
                        layer.put(&module, name, entry).with_context(context)?;
                    }
                }
                "C" => {
                    for name in rest.split(' ') {
                        layer
                            .put(&module, name, Reviewed::Class(ReviewedClass::default()))
                            .with_context(context)?;
                    }
                }
                "c" => {
                    let rest = rest.split(" < ").next().unwrap_or(rest);
                    let mut parts = rest.split(' ');
                    parts.next().unwrap_or_default().clone_into(&mut class);
                    let mut entry = ReviewedClass::default();
                    for part in parts {
                        let (key, letters) = part.split_once('=').with_context(context)?;
                        let effects: Effects = letters.parse().with_context(context)?;
                        match key {
                            "call" => entry.call = effects,
                            "new" => entry.new = effects,
                            "state" => entry.state = Some(effects),
                            "items" => entry.items = effects,
                            _ => bail!("{}: no such key", context()),
                        }
                    }
                    layer.put(&module, &class, Reviewed::Class(entry)).with_context(context)?;
                }
                "." => {
                    let (name, letters) = rest.split_once(' ').unwrap_or((rest, "-"));
                    let effects = letters.parse().with_context(context)?;
                    match layer.names.get_mut(&module).and_then(|names| names.get_mut(&class)) {
                        Some(Reviewed::Class(entry)) => {
                            entry.methods.insert(name.to_owned(), effects)
                        }
                        _ => bail!("{}: a method without a class", context()),
                    };
                }
                "d" => {
                    for token in rest.split(' ') {
                        let (name, class) = token
                            .split_once('=')
                            .map_or((token, None), |(n, c)| (n, Some(c.to_owned())));
                        layer.put(&module, name, Reviewed::Data { class }).with_context(context)?;
                    }
                }
                _ => bail!("{}: no such kind of line", context()),
            }
        }
        Ok(layer)
    }

    fn put(&mut self, module: &str, name: &str, entry: Reviewed) -> Result<()> {
        let names = self.names.entry(module.to_owned()).or_default();
        if names.insert(name.to_owned(), entry).is_some() {
            bail!("`{name}` has an entry already");
        }
        Ok(())
    }

    /// The module's own name.
    pub(super) fn real(&self, module: &str) -> String {
        let mut real = module.to_owned();
        for _ in 0..8 {
            let found = self.renamed.iter().filter(|(from, _)| {
                real == **from
                    || real.strip_prefix(from.as_str()).is_some_and(|rest| rest.starts_with('.'))
            });
            match found.max_by_key(|(from, _)| from.len()) {
                Some((from, to)) => real = format!("{to}{}", &real[from.len()..]),
                None => break,
            }
        }
        real
    }

    pub(super) fn exact(&self, module: &str, name: &str) -> Option<&Reviewed> {
        self.names.get(module)?.get(name)
    }

    pub(super) fn wildcard(&self, module: &str, name: &str) -> Option<Effects> {
        let rules = self.wildcards.get(module)?;
        rules
            .iter()
            .find(|(start, _)| name.starts_with(start.as_str()))
            .map(|(_, effects)| *effects)
    }

    pub(super) fn has(&self, module: &str) -> bool {
        self.names.contains_key(module)
    }
}
