//! The `OpenAPI` document, from the table of routes.

use serde_json::{Value, json};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use crate::routes;

/// The `OpenAPI` 3.1 document of the API, as indented JSON.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document: what stands at the handlers, and what the table says of every route.
fn document() -> Value {
    let mut whole = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Weighbridge")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "The gate and its record over HTTP. Every call but those to /healthz and /readyz \
                     becomes an entry of the record. Errors are RFC 9457 problems.",
                ))
                .build(),
        )
        .components(Some(ComponentsBuilder::new().build()))
        .build();
    let mut roles = Vec::new();
    for route in routes::table() {
        let Some((schemas, paths)) = route.document else { continue };
        roles.push((route.path, route.method.to_string().to_lowercase(), route.needs.role));
        join(&mut whole, schemas, paths);
    }
    let mut value = serde_json::to_value(&whole).unwrap_or_default();
    for (path, method, role) in roles {
        let operation = &mut value["paths"][&path][&method];
        let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
        let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
        operation["operationId"] = json!(format!("{tag}-{name}"));
        operation["responses"]["default"] = json!({ "$ref": "#/components/responses/problem" });
        name_what_varies(&path, operation);
        if let Some(role) = role {
            operation["x-role"] = json!(role.word());
            operation["security"] = json!([{ "token": [] }, { "session": [] }]);
        }
    }
    // What takes several parts of a path has another name there.
    if let Some(paths) = value["paths"].as_object_mut() {
        let plain = std::mem::take(paths).into_iter();
        *paths = plain.map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    }
    value["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": { "type": "apiKey", "in": "cookie", "name": "weighbridge" },
    });
    value["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "description": "What went wrong: RFC 9457.",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
        },
    });
    value["components"]["responses"] = json!({ "problem": {
        "description": "it did not work, and why",
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
        } },
    } });
    value
}

/// What varies in a path is told, also where its handler says nothing of it.
fn name_what_varies(path: &str, operation: &mut Value) {
    let names = path.split(['{', '}']).skip(1).step_by(2).map(|name| name.trim_start_matches('*'));
    for name in names {
        let known = operation["parameters"].as_array().cloned().unwrap_or_default();
        if !known.iter().any(|parameter| parameter["in"] == "path" && parameter["name"] == name) {
            let text = json!({ "type": "string" });
            let one = json!({ "name": name, "in": "path", "required": true, "schema": text });
            operation["parameters"] = known.into_iter().chain([one]).collect();
        }
    }
}

fn join(
    whole: &mut OpenApi,
    schemas: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
    paths: utoipa::openapi::path::Paths,
) {
    whole.paths.merge(paths);
    if let Some(components) = &mut whole.components {
        components.schemas.extend(schemas);
    }
}
