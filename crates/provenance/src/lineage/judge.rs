//! What is to be held of a chain: circles, what verified edges lead to, results, requirements.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vocabulary::escape;

use super::chain::{Claim, Lineage, Node, Problem, ProblemKind, Question, State, Verdict};
use super::facts::{Facts, What};
use super::requirements;
use crate::attest::TestResult;

impl Lineage {
    /// The edges of each node, by its index.
    pub fn edges_by_child(&self) -> Vec<Vec<usize>> {
        let mut by_child = vec![Vec::new(); self.nodes.len()];
        for (number, edge) in self.edges.iter().enumerate() {
            if let Some(list) = by_child.get_mut(edge.child) {
                list.push(number);
            }
        }
        by_child
    }

    /// Finds the edges that lead back, without recursion: a chain may be deep.
    pub(super) fn mark_cycles(&mut self) {
        let by_child = self.edges_by_child();
        let mut state = vec![0u8; self.nodes.len()];
        let mut back = Vec::new();
        let mut stack: Vec<(usize, usize)> = Vec::new();
        if let Some(first) = state.first_mut() {
            *first = 1;
            stack.push((0, 0));
        }
        while let Some((node, next)) = stack.pop() {
            let edge = by_child.get(node).and_then(|edges| edges.get(next)).copied();
            let Some(edge) = edge else {
                if let Some(state) = state.get_mut(node) {
                    *state = 2;
                }
                continue;
            };
            stack.push((node, next.saturating_add(1)));
            let Some(parent) = self.edges.get(edge).and_then(|edge| edge.parent) else { continue };
            match state.get(parent) {
                Some(0) => {
                    if let Some(state) = state.get_mut(parent) {
                        *state = 1;
                    }
                    stack.push((parent, 0));
                }
                Some(1) => back.push(edge),
                _ => {}
            }
        }
        for number in back {
            let Some(edge) = self.edges.get_mut(number) else { continue };
            edge.state = State::Cyclic;
            edge.said = String::from("it leads back to what was made of it");
            let said = format!("`{}`: {}", escape(edge.input.label()), edge.said);
            let kind = ProblemKind::Edge(State::Cyclic);
            self.problems.push(Problem { kind, said, edge: Some(number) });
        }
    }

    /// Finds what verified edges alone lead to.
    pub(super) fn mark_sound(&mut self) {
        let by_child = self.edges_by_child();
        let speaks = |node: &Node| {
            node.claims.iter().filter_map(|claim| self.claims.get(*claim)).any(|claim| {
                claim.signed.is_ok()
                    && claim.facts.as_ref().is_some_and(|facts| facts.what.is_build())
            })
        };
        let mut sound = vec![false; self.nodes.len()];
        let mut stack: Vec<usize> = Vec::new();
        if let (Some(first), Some(node)) = (sound.first_mut(), self.nodes.first())
            && speaks(node)
        {
            *first = true;
            stack.push(0);
        }
        while let Some(node) = stack.pop() {
            for number in by_child.get(node).into_iter().flatten() {
                let Some(edge) = self.edges.get(*number).filter(|edge| edge.state.is_sound())
                else {
                    continue;
                };
                if let Some(parent) = edge.parent
                    && let Some(known) = sound.get_mut(parent)
                    && !*known
                {
                    *known = true;
                    stack.push(parent);
                }
            }
        }
        for (node, sound) in self.nodes.iter_mut().zip(sound) {
            node.sound = sound;
        }
    }

    pub(super) fn judge(&mut self, question: &Question<'_>) {
        self.failed_results();
        for requirement in question.requirements {
            let (answer, problem) = requirements::answer(self, requirement, question.at);
            self.answers.push(answer);
            self.problems.extend(problem);
        }
        let spoken_of = self.nodes.first().is_some_and(|root| !root.claims.is_empty());
        self.verdict = if !self.problems.is_empty() {
            Verdict::Refused
        } else if spoken_of {
            Verdict::Verified
        } else {
            Verdict::Undecided
        };
    }

    /// The verified claims about the artifact itself.
    pub fn about_the_artifact(&self) -> impl Iterator<Item = (usize, &Claim, &Facts)> {
        let claims = self.nodes.first().map(|root| root.claims.as_slice()).unwrap_or_default();
        claims.iter().filter_map(|number| {
            let claim = self.claims.get(*number)?;
            Some((*number, claim, claim.facts.as_ref()?))
        })
    }

    /// The newest verified result of each step about the artifact; of two of the same time, the worse.
    fn failed_results(&mut self) {
        let mut newest: BTreeMap<&What, (Option<Timestamp>, bool, String)> = BTreeMap::new();
        for (_, claim, facts) in self.about_the_artifact() {
            let (true, Some(result)) = (claim.signed.is_ok(), facts.result) else { continue };
            let failed = result == TestResult::Failed;
            let this = (facts.time, failed, claim.place.to_string());
            let entry = newest.entry(&facts.what).or_insert_with(|| this.clone());
            if (this.0, this.1) > (entry.0, entry.1) {
                *entry = this;
            }
        }
        let failed: Vec<Problem> = newest
            .into_iter()
            .filter(|(_, (_, failed, _))| *failed)
            .map(|(what, (_, _, place))| Problem {
                kind: ProblemKind::FailedResult,
                said: format!("the newest `{what}` of the artifact is `FAILED` ({place})"),
                edge: None,
            })
            .collect();
        self.problems.extend(failed);
    }
}
