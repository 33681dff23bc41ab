//! The OpenAPI document, as little of it as kubectl needs: that a patch of every kind can be a dry run and
//! knows field validation.
//!
//! kubectl asks for protobuf only, message `Document` of `openapi.v2` (google/gnostic,
//! `openapiv2/OpenAPIv2.proto`); the numbers are those of its fields. Kinds have no schema, which kubectl
//! takes for nothing to check.

use super::kinds::{KINDS, Kind};

/// The document.
pub(crate) fn document() -> Vec<u8> {
    let mut paths = Vec::new();
    for kind in KINDS {
        for version in kind.versions {
            field(&mut paths, 2, &path(kind, version));
        }
    }
    let mut document = Vec::new();
    field(&mut document, 1, b"2.0");
    field(&mut document, 8, &paths);
    document
}

/// A named path whose only operation is a patch.
fn path(kind: &Kind, version: &str) -> Vec<u8> {
    let mut patch = Vec::new();
    for parameter in ["dryRun", "fieldValidation"] {
        let mut query = Vec::new();
        field(&mut query, 2, b"query");
        field(&mut query, 4, parameter.as_bytes());
        // An item that is a parameter, not in the body, but in the query.
        field(&mut patch, 8, &wrapped(1, &wrapped(2, &wrapped(3, &query))));
    }
    let names = format!("group: '{}'\nkind: {}\nversion: {version}\n", kind.group, kind.kind);
    let mut extension = Vec::new();
    field(&mut extension, 1, b"x-kubernetes-group-version-kind");
    field(&mut extension, 2, &wrapped(2, names.as_bytes()));
    field(&mut patch, 13, &extension);
    let mut path = Vec::new();
    let name = format!("/{}/{}/{{name}}", kind.api_version(version), kind.plural);
    field(&mut path, 1, name.as_bytes());
    field(&mut path, 2, &wrapped(8, &patch));
    path
}

fn wrapped(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    field(&mut bytes, number, content);
    bytes
}

/// A field of the wire type of strings and messages.
fn field(bytes: &mut Vec<u8>, number: u8, content: &[u8]) {
    bytes.push(number << 3 | 2);
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(content);
}
