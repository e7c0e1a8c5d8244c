//! Statements, and what the parser does after a fault.

use std::collections::VecDeque;

use vocabulary::{Span, Untrusted};

use super::lexer::{Kind, Lexer, Token};
use super::tree::{Body, Expr, ExprKind, Import, Macro, Param, Stmt, StmtKind};
use super::{MAX_CHAIN, MAX_DEPTH, MAX_FAULTS, MAX_NODES, OddityKind};
use crate::bounded::Oddities;

/// Why the reading of a tag stopped.
pub(super) struct Fault {
    kind: OddityKind,
    at: u64,
    because: String,
}

/// Puts tokens together.
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    current: Token,
    ahead: VecDeque<Token>,
    last_end: u64,
    depth: u16,
    nodes: usize,
    faults: u16,
    /// Names of the tags that end what is open, innermost last.
    ends: Vec<&'static [&'static str]>,
    pub(super) oddities: Oddities<OddityKind>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(mut lexer: Lexer<'a>, oddities: Oddities<OddityKind>) -> Self {
        let current = lexer.next_token();
        Self {
            lexer,
            current,
            ahead: VecDeque::new(),
            last_end: 0,
            depth: 0,
            nodes: 0,
            faults: 0,
            ends: Vec::new(),
            oddities,
        }
    }

    /// The whole template.
    pub(super) fn template(&mut self) -> Body {
        self.body(&[])
    }

    // ---- tokens ----

    pub(super) fn kind(&self) -> &Kind {
        &self.current.kind
    }

    pub(super) fn start(&self) -> u64 {
        self.current.span.start
    }

    pub(super) fn last_end(&self) -> u64 {
        self.last_end
    }

    pub(super) fn next(&mut self) {
        self.last_end = self.current.span.end;
        self.current = match self.ahead.pop_front() {
            Some(token) => token,
            None => self.lexer.next_token(),
        };
    }

    fn look(&mut self) -> &Kind {
        if self.ahead.is_empty() {
            let token = self.lexer.next_token();
            self.ahead.push_back(token);
        }
        self.ahead.front().map_or(&Kind::End, |token| &token.kind)
    }

    pub(super) fn at_op(&self, op: &str) -> bool {
        matches!(self.kind(), Kind::Op(it) if *it == op)
    }

    pub(super) fn at_name(&self, name: &str) -> bool {
        matches!(self.kind(), Kind::Name(it) if it == name)
    }

    pub(super) fn ahead_op(&mut self, op: &str) -> bool {
        matches!(self.look(), Kind::Op(it) if *it == op)
    }

    pub(super) fn ahead_name(&mut self, name: &str) -> bool {
        matches!(self.look(), Kind::Name(it) if it == name)
    }

    pub(super) fn skip_op(&mut self, op: &str) -> bool {
        let is = self.at_op(op);
        if is {
            self.next();
        }
        is
    }

    pub(super) fn skip_name(&mut self, name: &str) -> bool {
        let is = self.at_name(name);
        if is {
            self.next();
        }
        is
    }

    pub(super) fn expect_op(&mut self, op: &str) -> Result<(), Fault> {
        if self.skip_op(op) { Ok(()) } else { Err(self.fault(format!("`{op}` is missing"))) }
    }

    pub(super) fn expect_name(&mut self) -> Result<Untrusted, Fault> {
        let Kind::Name(name) = self.kind() else { return Err(self.unexpected()) };
        let name = name.clone().into();
        self.next();
        Ok(name)
    }

    fn expect_keyword(&mut self, name: &str) -> Result<(), Fault> {
        if self.skip_name(name) { Ok(()) } else { Err(self.fault(format!("`{name}` is missing"))) }
    }

    // ---- faults and bounds ----

    pub(super) fn fault(&self, because: String) -> Fault {
        Fault { kind: OddityKind::Syntax, at: self.start(), because }
    }

    pub(super) fn unexpected(&self) -> Fault {
        self.fault(match self.kind() {
            Kind::Bad(because) => because.clone(),
            Kind::End => "it ends within a tag".into(),
            Kind::OutputEnd | Kind::BlockEnd => "a tag ends too early".into(),
            _ => "something else is expected".into(),
        })
    }

    pub(super) fn told_character(&mut self, name: Option<String>) {
        if let Some(name) = name {
            let at = self.start();
            let shown = Untrusted::new(name).shortened(60);
            self.oddities.add(OddityKind::NamedCharacter, at, || shown);
        }
    }

    /// Counts an expression or statement of so many levels.
    pub(super) fn count(&mut self, depth: u16) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(1);
        let at = self.start();
        if depth > MAX_CHAIN {
            return Err(self.too_deep());
        }
        if self.nodes > MAX_NODES {
            let because = format!("more than {MAX_NODES} expressions and statements");
            return Err(Fault { kind: OddityKind::NotRetained, at, because });
        }
        Ok(())
    }

    fn too_deep(&self) -> Fault {
        let because = "it nests deeper than is read".into();
        Fault { kind: OddityKind::Deep, at: self.start(), because }
    }

    /// Goes one level down.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth = self.depth.saturating_add(1);
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        read
    }

    /// Notes a fault and goes on behind the tag that it stands in.
    fn recover(&mut self, fault: Fault) {
        let at = fault.at;
        self.oddities.add(fault.kind, at, || fault.because);
        self.faults = self.faults.saturating_add(1);
        if self.faults > MAX_FAULTS {
            // Each of them may take a look at all of what follows.
            self.oddities.add(OddityKind::NotRetained, at, || "too many faults to go on".into());
            self.ahead.clear();
            self.lexer.stop();
            self.next();
            return;
        }
        // What is ahead was read in the same tag, or is its end.
        let ended = |kind: &Kind| matches!(kind, Kind::OutputEnd | Kind::BlockEnd);
        let mut ahead = std::mem::take(&mut self.ahead);
        if ended(&self.current.kind) {
            self.ahead = ahead;
            self.next();
            return;
        }
        while let Some(token) = ahead.pop_front() {
            if ended(&token.kind) {
                self.current = token;
                self.ahead = ahead;
                self.next();
                return;
            }
        }
        self.lexer.leave_tag();
        self.next();
    }

    fn end_tag(&mut self) -> Result<(), Fault> {
        if matches!(self.kind(), Kind::BlockEnd) {
            self.next();
            return Ok(());
        }
        Err(self.unexpected())
    }

    // ---- bodies ----

    /// Statements up to a tag with one of these names, whose name is then the current token.
    fn body(&mut self, ends: &'static [&'static str]) -> Body {
        let mut body = Body::new();
        self.ends.push(ends);
        loop {
            let start = self.start();
            match self.kind().clone() {
                Kind::End => {
                    if let Some(end) = ends.first() {
                        self.oddities.add(OddityKind::Syntax, start, || format!("no `{end}`"));
                    }
                    break;
                }
                Kind::Data(text) => {
                    self.next();
                    if !text.is_empty() {
                        let span = Span::new(start, self.last_end);
                        body.push(Stmt { kind: StmtKind::Data(text.into()), span });
                    }
                }
                Kind::OutputBegin => {
                    self.next();
                    match self.output() {
                        Ok(expr) => {
                            let span = Span::new(start, self.last_end);
                            body.push(Stmt { kind: StmtKind::Output(expr), span });
                        }
                        Err(fault) => self.recover(fault),
                    }
                }
                Kind::BlockBegin => {
                    let ended = |name: &Kind, ends: &[&str]| matches!(name, Kind::Name(name) if ends.contains(&name.as_str()));
                    let name = self.look().clone();
                    if ended(&name, ends) {
                        self.next();
                        break;
                    }
                    if self.ends.iter().any(|outer| ended(&name, outer)) {
                        // The tag belongs to what is around: this one has no end.
                        self.oddities.add(OddityKind::Syntax, start, || "tags overlap".into());
                        break;
                    }
                    self.next();
                    match self.deeper(Self::statement) {
                        Ok(kinds) => {
                            let span = Span::new(start, self.last_end);
                            body.extend(kinds.into_iter().map(|kind| Stmt { kind, span }));
                        }
                        Err(fault) => self.recover(fault),
                    }
                }
                _ => {
                    let fault = self.unexpected();
                    self.recover(fault);
                }
            }
        }
        self.ends.pop();
        body
    }

    fn output(&mut self) -> Result<Expr, Fault> {
        let expr = self.tuple(true, &[], false)?;
        if !matches!(self.kind(), Kind::OutputEnd) {
            return Err(self.unexpected());
        }
        self.next();
        Ok(expr)
    }

    /// The rest of a tag and the body behind it.
    fn block(&mut self, ends: &'static [&'static str]) -> Result<Body, Fault> {
        self.skip_op(":");
        self.end_tag()?;
        Ok(self.body(ends))
    }

    /// Passes the end tag of a body, where one is there.
    fn closed(&mut self, end: &str) -> Result<(), Fault> {
        if self.skip_name(end) {
            return self.end_tag();
        }
        Ok(())
    }

    fn block_to(&mut self, ends: &'static [&'static str]) -> Result<Body, Fault> {
        let body = self.block(ends)?;
        self.closed(ends.first().copied().unwrap_or_default())?;
        Ok(body)
    }

    // ---- statements; the name of the tag is the current token ----

    fn statement(&mut self) -> Result<Vec<StmtKind>, Fault> {
        let Kind::Name(tag) = self.kind().clone() else { return Err(self.unexpected()) };
        self.count(0)?;
        let kind = match tag.as_str() {
            "for" => self.for_loop()?,
            "if" => self.condition()?,
            "set" => self.set()?,
            "macro" => self.macro_definition()?,
            "call" => self.call_block()?,
            "filter" => {
                self.next();
                let filter = self.filters(None, true)?;
                StmtKind::Filter { filter, body: self.block_to(&["endfilter"])? }
            }
            "with" => self.with()?,
            "autoescape" => {
                self.next();
                let option = self.expression(true)?;
                StmtKind::Autoescape { option, body: self.block_to(&["endautoescape"])? }
            }
            "block" => self.named_block()?,
            "generation" => {
                self.next();
                if !matches!(self.kind(), Kind::BlockEnd | Kind::Op(":")) {
                    return Err(self.unexpected());
                }
                StmtKind::Generation(self.block_to(&["endgeneration"])?)
            }
            "trans" => self.trans()?,
            "include" | "import" | "from" | "extends" => {
                let import = self.import()?;
                self.end_tag()?;
                StmtKind::Import(import)
            }
            "print" => {
                self.next();
                let mut outputs = Vec::new();
                while !matches!(self.kind(), Kind::BlockEnd) {
                    if !outputs.is_empty() {
                        self.expect_op(",")?;
                    }
                    outputs.push(StmtKind::Output(self.expression(true)?));
                }
                self.end_tag()?;
                return Ok(outputs);
            }
            "do" => {
                self.next();
                let expr = self.tuple(true, &[], false)?;
                self.end_tag()?;
                StmtKind::Do(expr)
            }
            "break" | "continue" => {
                self.next();
                self.end_tag()?;
                if tag == "break" { StmtKind::Break } else { StmtKind::Continue }
            }
            _ => {
                let shown = Untrusted::new(tag).shortened(40);
                return Err(self.fault(format!("no tag `{shown}` can stand here")));
            }
        };
        Ok(vec![kind])
    }

    fn for_loop(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let target = self.tuple_of(&["in"], false, |parser| parser.primary(false))?;
        self.assignable(&target, false)?;
        self.expect_keyword("in")?;
        let over = self.tuple(false, &["recursive"], false)?;
        let filter = if self.skip_name("if") { Some(self.expression(true)?) } else { None };
        let recursive = self.skip_name("recursive");
        let body = self.block(&["endfor", "else"])?;
        let mut otherwise = Body::new();
        if self.skip_name("else") {
            otherwise = self.block_to(&["endfor"])?;
        } else {
            self.closed("endfor")?;
        }
        Ok(StmtKind::For { target, over, filter, recursive, body, otherwise })
    }

    fn condition(&mut self) -> Result<StmtKind, Fault> {
        let mut branches = Vec::new();
        let mut otherwise = Body::new();
        self.next();
        loop {
            let test = self.tuple(false, &[], false)?;
            let body = self.block(&["endif", "elif", "else"])?;
            branches.push((test, body));
            if self.skip_name("elif") {
                continue;
            }
            if self.skip_name("else") {
                otherwise = self.block_to(&["endif"])?;
            } else {
                self.closed("endif")?;
            }
            break;
        }
        Ok(StmtKind::If { branches, otherwise })
    }

    fn set(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let target = self.tuple_of(&[], false, |parser| parser.primary(true))?;
        self.assignable(&target, true)?;
        if self.skip_op("=") {
            let value = self.tuple(true, &[], false)?;
            self.end_tag()?;
            return Ok(StmtKind::Set { target, value });
        }
        let filter = if self.at_op("|") { Some(self.filters(None, false)?) } else { None };
        Ok(StmtKind::SetBlock { target, filter, body: self.block_to(&["endset"])? })
    }

    fn assignable(&self, target: &Expr, attributes: bool) -> Result<(), Fault> {
        let right = match &target.kind {
            ExprKind::Name(name) => !matches!(name.raw(), "true" | "false" | "none"),
            ExprKind::Attribute(..) => attributes,
            ExprKind::Tuple(items) => {
                for item in items {
                    self.assignable(item, attributes)?;
                }
                true
            }
            _ => false,
        };
        if right { Ok(()) } else { Err(self.fault("nothing can be assigned to that".into())) }
    }

    fn macro_definition(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let name = self.expect_name()?;
        let params = self.params()?;
        let body = self.block_to(&["endmacro"])?;
        Ok(StmtKind::Macro(Macro { name, params, body }))
    }

    fn params(&mut self) -> Result<Vec<Param>, Fault> {
        let mut params: Vec<Param> = Vec::new();
        self.expect_op("(")?;
        while !self.at_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            let name = self.expect_name()?;
            let default = if self.skip_op("=") { Some(self.expression(true)?) } else { None };
            if default.is_none() && params.iter().any(|param| param.default.is_some()) {
                return Err(self.fault("a parameter without a default behind one with".into()));
            }
            params.push(Param { name, default });
        }
        self.expect_op(")")?;
        Ok(params)
    }

    fn call_block(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let params = if self.at_op("(") { self.params()? } else { Vec::new() };
        let call = self.expression(true)?;
        if !matches!(call.kind, ExprKind::Call(..)) {
            return Err(self.fault("a call is expected".into()));
        }
        let body = self.block_to(&["endcall"])?;
        Ok(StmtKind::Call { call, caller: Macro { name: "caller".into(), params, body } })
    }

    fn with(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let mut names = Vec::new();
        while !matches!(self.kind(), Kind::BlockEnd) {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.tuple_of(&[], false, |parser| parser.primary(false))?;
            self.assignable(&target, false)?;
            self.expect_op("=")?;
            names.push((target, self.expression(true)?));
        }
        Ok(StmtKind::With { names, body: self.block_to(&["endwith"])? })
    }

    fn named_block(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let name = self.expect_name()?;
        self.skip_name("scoped");
        let required = self.skip_name("required");
        let body = self.block(&["endblock"])?;
        let blank = |stmt: &Stmt| matches!(&stmt.kind, StmtKind::Data(text) if text.raw().trim().is_empty());
        if required && !body.iter().all(blank) {
            return Err(self.fault("a required block that holds something".into()));
        }
        if self.skip_name("endblock") {
            self.skip_name(name.raw());
            self.end_tag()?;
        }
        Ok(StmtKind::Block { name, body })
    }

    fn trans(&mut self) -> Result<StmtKind, Fault> {
        self.next();
        let mut names = Vec::new();
        while !matches!(self.kind(), Kind::BlockEnd) && !self.at_op(":") {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            let name = self.expect_name()?;
            let value = if self.skip_op("=") { Some(self.expression(true)?) } else { None };
            if value.is_none() && matches!(self.kind(), Kind::Name(_)) {
                continue;
            }
            names.push((name, value));
        }
        let mut bodies = vec![self.block(&["endtrans", "pluralize"])?];
        if self.skip_name("pluralize") {
            if matches!(self.kind(), Kind::Name(_)) {
                self.next();
            }
            bodies.push(self.block(&["endtrans"])?);
        }
        self.closed("endtrans")?;
        Ok(StmtKind::Trans { names, bodies })
    }

    fn import(&mut self) -> Result<Import, Fault> {
        let tag = match self.kind() {
            Kind::Name(name) if name == "include" => "include",
            Kind::Name(name) if name == "import" => "import",
            Kind::Name(name) if name == "from" => "from",
            _ => "extends",
        };
        self.next();
        let template = self.expression(true)?;
        let mut names = Vec::new();
        match tag {
            "import" => {
                self.expect_keyword("as")?;
                names.push(self.expect_name()?);
            }
            "from" => self.imported(&mut names)?,
            "include" => {
                if self.at_name("ignore") && self.ahead_name("missing") {
                    self.next();
                    self.next();
                }
            }
            _ => return Ok(Import { tag, template, names }),
        }
        self.context();
        Ok(Import { tag, template, names })
    }

    /// `with context`, `without context`.
    fn context(&mut self) -> bool {
        let is = (self.at_name("with") || self.at_name("without")) && self.ahead_name("context");
        if is {
            self.next();
            self.next();
        }
        is
    }

    fn imported(&mut self, names: &mut Vec<Untrusted>) -> Result<(), Fault> {
        self.expect_keyword("import")?;
        loop {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            if self.context() {
                return Ok(());
            }
            let name = self.expect_name()?;
            if name.raw().starts_with('_') {
                return Err(self.fault("a name with an underscore is imported".into()));
            }
            if self.skip_name("as") {
                let alias = self.expect_name()?;
                names.push(format!("{} as {}", name.raw(), alias.raw()).into());
            } else {
                names.push(name);
            }
            if !self.at_op(",") {
                return Ok(());
            }
        }
    }
}
