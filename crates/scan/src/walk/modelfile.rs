//! Ollama's `Modelfile`: its templates, its texts, and what it is made from.

use formats::modelfile;

use super::{Node, Walker};
use crate::rules;
use crate::subject::Content;
use crate::templates::{self, Known};

impl Walker {
    pub(super) fn modelfile(&mut self, node: &Node, text: &str) {
        let file = modelfile::read(text);
        if file.incomplete {
            self.sink.could_not_look(&node.place, "the `Modelfile` holds text that does not end");
        }
        rules::apply(&node.place, &Content::Modelfile(&file), &mut self.sink);
        for one in &file.instructions {
            let text = one.text.raw();
            let place = node.place.member(one.command);
            match one.command {
                "template" => {
                    let judged = if templates::is_go(text) || !text.contains("{%") {
                        templates::judge_go(text)
                    } else {
                        templates::judge(text, Known::Chat)
                    };
                    self.tell_template(&place, &judged);
                }
                "system" | "message" => {
                    self.tell_template(&place, &templates::judge_text(text));
                }
                _ => {}
            }
        }
        self.note(|part| {
            for one in &file.instructions {
                part.fact(one.command, one.text.clone());
            }
        });
    }
}
