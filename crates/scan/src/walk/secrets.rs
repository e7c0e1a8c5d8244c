use artifact::Blob;
use formats::text;
use vocabulary::secret;

use super::{Node, Walker};
use crate::rules;
use crate::subject::Content;

/// Bytes of one node that are searched for credentials.
const SEARCHED: u64 = 64 << 20;
/// Bytes that are searched in one go, and how far a credential may reach beyond them.
const PIECE: u64 = 4 << 20;
const BEYOND: u64 = 16 << 10;
/// Bytes of a text in another encoding than UTF-8 that are decoded.
const DECODED: usize = 16 << 20;

impl Walker {
    /// Tells the credentials in text.
    pub(super) fn secrets_of_text(&mut self, node: &Node) {
        let encoding = text::encoding(&node.blob.bytes_at(0, 4096), true);
        if matches!(encoding, text::Encoding::Utf16Le | text::Encoding::Utf16Be) {
            let decoded = text::decode(&node.blob, DECODED);
            for found in secret::find(decoded.as_bytes()) {
                self.tell(node, decoded.as_bytes(), &found, None);
            }
            return;
        }
        self.secrets(node, 0, node.blob.len());
    }

    /// Tells the credentials in a part of a node, text or not.
    pub(super) fn secrets(&mut self, node: &Node, from: u64, upto: u64) {
        let len = upto.saturating_sub(from).min(SEARCHED).min(self.to_search_for_secrets);
        self.to_search_for_secrets = self.to_search_for_secrets.saturating_sub(len);
        let part = node.blob.slice(from, len);
        let mut at = 0u64;
        while at < part.len() {
            let bytes = piece(&part, at);
            for found in secret::find(&bytes) {
                if (found.start as u64) < PIECE {
                    let offset = from.saturating_add(at).saturating_add(found.start as u64);
                    self.tell(node, &bytes, &found, Some(offset));
                }
            }
            at = at.saturating_add(PIECE);
        }
    }

    fn tell(&mut self, node: &Node, bytes: &[u8], found: &secret::Secret, at: Option<u64>) {
        let whole = bytes.get(found.start..found.end).unwrap_or_default();
        let head = String::from_utf8_lossy(whole.get(..4).unwrap_or_default()).into_owned();
        let place = at.map_or_else(|| node.place.clone(), |at| node.place.at(at));
        rules::apply(&place, &Content::Secret(found, &head), &mut self.sink);
    }
}

fn piece(part: &Blob, at: u64) -> Vec<u8> {
    let len = usize::try_from(PIECE.saturating_add(BEYOND)).unwrap_or(usize::MAX);
    part.bytes_at(at, len)
}
