//! The forms of credentials that their providers give out, by prefix.
//!
//! Sources: GitHub, "Behind GitHub's new authentication token formats" (2021: CRC-32 in base 62);
//! AWS IAM, "Unique identifiers"; PyPI, token format of `pypitoken` (macaroons); the secret-scanning
//! partner programme of GitHub and the default rules of gitleaks for prefixes and lengths.

use std::ops::RangeInclusive;

use super::Worth::{self, Possible, Usable};
use super::body::{self, base62, digits_and_upper, hex, key, word};

/// The form of what follows a prefix.
pub(super) struct Form {
    /// How many bytes belong to it.
    pub(super) run: fn(&[u8]) -> usize,
    /// How long it is.
    pub(super) lengths: RangeInclusive<usize>,
    /// What else must hold of all of it, and of what follows the prefix.
    pub(super) check: fn(&[u8], &[u8]) -> bool,
}

/// A kind of credential.
pub(super) struct Kind {
    pub(super) prefix: &'static [u8],
    pub(super) name: &'static str,
    pub(super) worth: Worth,
    pub(super) form: Form,
}

impl Kind {
    /// Whether the prefix means something in the middle of a word as well.
    pub(super) fn is_distinct(&self) -> bool {
        self.prefix.len() >= 4 && matches!(self.prefix.last(), Some(b'_' | b'-' | b' '))
    }
}

const fn kind(
    prefix: &'static [u8],
    name: &'static str,
    worth: Worth,
    run: fn(&[u8]) -> usize,
    lengths: RangeInclusive<usize>,
    check: fn(&[u8], &[u8]) -> bool,
) -> Kind {
    Kind { prefix, name, worth, form: Form { run, lengths, check } }
}

fn any(_: &[u8], body: &[u8]) -> bool {
    body::is_mixed(body)
}

fn upper(_: &[u8], body: &[u8]) -> bool {
    !body.ends_with(b"EXAMPLE")
}

/// The last six characters are the CRC-32 of the others before them.
fn github(_: &[u8], body: &[u8]) -> bool {
    body::has_checksum(body)
}

fn openai(_: &[u8], body: &[u8]) -> bool {
    // "OpenAI" in base 64 stands in the middle of each.
    body.windows(8).any(|part| part == b"T3BlbkFJ") && body::is_mixed(body)
}

fn key_with_digits(_: &[u8], body: &[u8]) -> bool {
    body::is_mixed(body) && body.iter().any(u8::is_ascii_digit)
}

fn jwt(whole: &[u8], _: &[u8]) -> bool {
    body::is_jwt(whole)
}

fn private_key(whole: &[u8], _: &[u8]) -> bool {
    body::is_private_key(whole)
}

/// Every kind; of two prefixes that both fit, the first.
const KINDS: &[Kind] = &[
    kind(b"ghp_", "personal access token of GitHub", Usable, base62, 36..=36, github),
    kind(b"gho_", "OAuth token of GitHub", Usable, base62, 36..=36, github),
    kind(b"ghu_", "user token of a GitHub app", Usable, base62, 36..=36, github),
    kind(b"ghs_", "server token of a GitHub app", Usable, base62, 36..=36, github),
    kind(b"ghr_", "refresh token of GitHub", Usable, base62, 36..=76, github),
    kind(b"github_pat_", "fine-grained token of GitHub", Usable, word, 82..=82, any),
    kind(b"glpat-", "personal access token of GitLab", Usable, key, 20..=64, any),
    kind(b"gsk_", "API key of Groq", Usable, base62, 52..=52, any),
    kind(b"hf_", "token of Hugging Face", Usable, base62, 34..=37, any),
    kind(b"api_org_", "organisation token of Hugging Face", Usable, base62, 34..=37, any),
    kind(b"AKIA", "access key id of AWS", Possible, digits_and_upper, 16..=16, upper),
    kind(b"ASIA", "access key id of AWS, temporary", Possible, digits_and_upper, 16..=16, upper),
    kind(b"AIza", "API key of Google", Usable, key, 35..=35, any),
    kind(b"GOCSPX-", "client secret of Google", Usable, key, 28..=28, any),
    kind(b"xoxb-", "bot token of Slack", Usable, key, 24..=120, key_with_digits),
    kind(b"xoxp-", "user token of Slack", Usable, key, 24..=120, key_with_digits),
    kind(b"xoxa-", "app token of Slack", Usable, key, 24..=120, key_with_digits),
    kind(b"xoxr-", "refresh token of Slack", Usable, key, 24..=120, key_with_digits),
    kind(b"xapp-", "app token of Slack", Usable, key, 40..=200, key_with_digits),
    kind(b"sk-ant-", "API key of Anthropic", Usable, key, 80..=120, key_with_digits),
    kind(b"sk-or-v1-", "API key of OpenRouter", Usable, hex, 64..=64, any),
    kind(b"sk-proj-", "project key of OpenAI", Usable, key, 40..=200, openai),
    kind(b"sk-svcacct-", "service key of OpenAI", Usable, key, 40..=200, openai),
    kind(b"sk-admin-", "administrator's key of OpenAI", Usable, key, 40..=200, openai),
    kind(b"sk_live_", "secret key of Stripe", Usable, base62, 24..=128, any),
    kind(b"rk_live_", "restricted key of Stripe", Usable, base62, 24..=128, any),
    kind(b"sk_test_", "test key of Stripe", Possible, base62, 24..=128, any),
    kind(b"sk-", "API key of OpenAI", Usable, base62, 48..=48, openai),
    kind(b"npm_", "token of npm", Usable, base62, 36..=36, github),
    kind(b"pypi-AgE", "token of PyPI", Usable, key, 85..=400, any),
    kind(b"nvapi-", "API key of NVIDIA", Usable, key, 60..=80, key_with_digits),
    kind(b"r8_", "token of Replicate", Usable, base62, 37..=37, any),
    kind(b"dckr_pat_", "token of Docker Hub", Usable, key, 27..=27, any),
    kind(b"dop_v1_", "token of DigitalOcean", Usable, hex, 64..=64, any),
    kind(b"dapi", "token of Databricks", Usable, hex, 32..=32, any),
    kind(b"SG.", "API key of SendGrid", Usable, body::dotted, 66..=66, key_with_digits),
    kind(b"hvs.", "token of HashiCorp Vault", Usable, key, 90..=120, any),
    kind(b"eyJ", "JSON web token", Usable, body::dotted, 30..=8192, jwt),
    kind(b"-----BEGIN ", "private key", Usable, body::pem, 60..=16_384, private_key),
    kind(b"-----BEGIN ", "encrypted private key", Possible, body::pem, 60..=16_384, private_key),
];

/// How the names of the ids of access keys begin.
pub(super) const KEY_ID: &str = "access key id";
/// How far behind its id a secret access key is looked for.
const BEHIND: usize = 128;

/// The secret access key that stands behind the id of one: forty characters of base64.
pub(super) fn key_behind(text: &[u8], from: usize) -> Option<super::Candidate> {
    let mut at = from;
    let upto = from.saturating_add(BEHIND);
    while at < upto {
        let rest = text.get(at..text.len().min(at.saturating_add(128)))?;
        let run = body::base64(rest);
        let found = rest.get(..run).unwrap_or_default();
        let mixed =
            found.iter().any(u8::is_ascii_lowercase) && found.iter().any(u8::is_ascii_digit);
        if run == 40 && mixed && body::is_mixed(found) && !body::is_placeholder(found) {
            return Some(super::Candidate {
                kind: "secret access key of AWS",
                worth: Some(Usable),
                start: at,
                body: at,
                end: at.saturating_add(run),
            });
        }
        at = at.saturating_add(run).saturating_add(1);
    }
    None
}

/// Whether two bytes begin a prefix, or a name of `named.rs` in any case.
pub(super) static BEGINS: [bool; 1 << 16] = {
    let mut table = [false; 1 << 16];
    let mut n = 0;
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "of constants, when this is compiled"
    )]
    {
        while n < KINDS.len() {
            let prefix = KINDS[n].prefix;
            table[(prefix[0] as usize) << 8 | prefix[1] as usize] = true;
            n += 1;
        }
        n = 0;
        while n < super::named::NAMES.len() {
            let name = super::named::NAMES[n].text;
            let (first, second) = (name[0] as usize, name[1] as usize);
            let (big, bigger) =
                (name[0].to_ascii_uppercase() as usize, name[1].to_ascii_uppercase() as usize);
            table[first << 8 | second] = true;
            table[first << 8 | bigger] = true;
            table[big << 8 | second] = true;
            table[big << 8 | bigger] = true;
            n += 1;
        }
        table[(b':' as usize) << 8 | b'/' as usize] = true;
    }
    table
};

/// The kind whose prefix stands at the front.
pub(super) fn of(rest: &[u8]) -> Option<&'static Kind> {
    // The first two bytes tell most of them apart, without a comparison of bytes in memory.
    let begin = rest.first_chunk::<2>()?;
    let begins = |kind: &&Kind| kind.prefix.first_chunk() == Some(begin);
    let found = KINDS.iter().filter(begins).find(|kind| rest.starts_with(kind.prefix))?;
    if found.prefix != b"-----BEGIN " {
        return Some(found);
    }
    // Certificates and public keys begin alike and are no secrets.
    let line = rest.get(..64).unwrap_or(rest);
    let is_key = line.windows(12).any(|part| part == b"PRIVATE KEY-");
    let is_key = is_key || line.windows(18).any(|part| part == b"PRIVATE KEY BLOCK-");
    if !is_key {
        return None;
    }
    let encrypted = body::is_encrypted(rest);
    KINDS
        .iter()
        .rev()
        .find(|kind| kind.prefix == found.prefix && (kind.worth == Possible) == encrypted)
}
