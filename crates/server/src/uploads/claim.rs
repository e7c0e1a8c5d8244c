//! What a caller says that a body is: `Repr-Digest` and `Content-Digest` (RFC 9530), `Digest`
//! (RFC 3230).

use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::provenance::hex;

use crate::error::Problem;

/// Every SHA-256 that the headers name, hex. Other algorithms are not looked at; one that is named
/// and cannot be read is refused.
pub(crate) fn claimed(headers: &HeaderMap) -> Result<Vec<String>, Problem> {
    let mut claims = Vec::new();
    for (header, structured) in [("repr-digest", true), ("content-digest", true), ("digest", false)]
    {
        for value in headers.get_all(header) {
            let value = value.to_str().map_err(|_| unread(header))?;
            for part in value.split(',') {
                let (name, digest) = part.trim().split_once('=').ok_or_else(|| unread(header))?;
                if !name.eq_ignore_ascii_case("sha-256") {
                    continue;
                }
                let digest = if structured {
                    digest.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'))
                } else {
                    Some(digest)
                };
                let digest = digest.and_then(|digest| STANDARD.decode(digest).ok());
                let digest = digest.filter(|digest| digest.len() == 32);
                claims.push(hex::encode(&digest.ok_or_else(|| unread(header))?));
            }
        }
    }
    Ok(claims)
}

fn unread(header: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("the header `{header}` cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_form() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let base = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            claimed(&headers)
        };
        for (name, value) in [
            ("repr-digest", format!("sha-256=:{base}:")),
            ("content-digest", format!("sha-512=:AAAA:, sha-256=:{base}:")),
            ("digest", format!("SHA-256={base}")),
        ] {
            assert_eq!(read(name, &value).unwrap(), [abc], "{value}");
        }
        assert_eq!(read("digest", "md5=AAAA").unwrap(), [""; 0]);
        for (name, value) in [
            ("repr-digest", format!("sha-256={base}")),
            ("digest", "sha-256=AAAA".to_owned()),
            ("digest", "nothing".to_owned()),
        ] {
            assert!(read(name, &value).is_err(), "{value}");
        }
    }
}
