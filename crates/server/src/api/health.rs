/// Whether the server lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "it lives", content_type = "text/plain", body = String)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}
