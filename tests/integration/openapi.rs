//! The committed documents are what the code says; `make openapi` writes them anew.

use std::path::Path;

use cacheplane::http::openapi;

fn check(name: &str, document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("openapi")
        .join(name);
    if std::env::var_os("CACHEPLANE_UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, document).expect("write the document");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "openapi/{name} is not what the code says; run `make openapi`"
    );
}

#[test]
fn openapi_documents_are_true() {
    check("admin.json", &openapi::people());
    check("query.json", &openapi::query());
}
