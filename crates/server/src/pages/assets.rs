//! What pages load: part of the binary, under names that change with the content.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gate::provenance::hex;
use gate::provenance::keys::sha256;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    /// What follows: the style of parts that other pages have as well.
    more: &'static [u8],
}

impl Asset {
    fn whole(&self) -> Vec<u8> {
        [self.bytes, self.more].concat()
    }
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "style.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/style.css"),
        more: gate::render::run::STYLE.as_bytes(),
    },
    Asset {
        name: "weighbridge.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/weighbridge.js"),
        more: b"",
    },
    Asset {
        name: "htmx.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/htmx.min.js"),
        more: b"",
    },
    Asset {
        name: "mark.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../assets/mark.svg"),
        more: b"",
    },
];

/// For a year: under this name stands nothing else ever.
const CACHE: &str = "public, max-age=31536000, immutable";

fn paths() -> &'static [String; ASSETS.len()] {
    static PATHS: OnceLock<[String; ASSETS.len()]> = OnceLock::new();
    PATHS.get_or_init(|| {
        ASSETS.each_ref().map(|asset| {
            let digest: String =
                hex::encode(sha256(&asset.whole()).as_ref()).chars().take(16).collect();
            format!("/assets/{digest}-{}", asset.name)
        })
    })
}

/// Where an asset is found.
pub(super) fn path(name: &str) -> &'static str {
    let place = ASSETS.iter().position(|asset| asset.name == name);
    place.and_then(|place| paths().get(place)).map_or("/", String::as_str)
}

pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let asked = format!("/assets/{name}");
    let asset = paths().iter().zip(&ASSETS).find(|(path, _)| **path == asked);
    let Some((_, asset)) = asset else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        ("content-type", asset.kind),
        ("cache-control", CACHE),
        ("x-content-type-options", "nosniff"),
    ];
    (headers, asset.whole()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_the_content() {
        for asset in &ASSETS {
            assert!(path(asset.name).ends_with(asset.name), "{}", asset.name);
            assert_eq!(path(asset.name).len(), "/assets/".len() + 17 + asset.name.len());
        }
        assert_eq!(path("nothing"), "/");
    }
}
