use accesslog::FormatOptions;
use telemetry::File;

use super::*;
use crate::command::filter::formats::{fallback, file, loggers_of_mesh};

const OPERATORS: [&str; 3] = [
    "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    "FILTER_STATE(wasm.upstream_attempts:PLAIN)",
    "FILTER_STATE(wasm.access_log:PLAIN)",
];

fn asked(keeps: bool) -> Asked<'static> {
    Asked { roles: &Role::ALL, keeps, namespace: None, selector: None }
}

/// A MeshConfig as `--mesh-config` reads it.
fn mesh(yaml: &str) -> MeshConfig {
    let mut loader = mesh::Loader::new();
    loader.add_mesh_config("mesh", yaml.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    loaded.inventory.mesh_config(mesh::DEFAULT_REVISION).clone()
}

/// The documents as they are printed.
fn printed(mesh: &MeshConfig, asked: &Asked<'_>) -> Vec<String> {
    let documents = documents(mesh, asked).unwrap().into_iter();
    documents.map(|it| crate::command::document::yaml(&it.comment, &it.document).unwrap()).collect()
}

fn prints_everything(file: &File) {
    let format = file.compile(&FormatOptions::new()).unwrap();
    for operator in OPERATORS {
        assert!(format.has_operator(operator), "{operator}: {}", format.text());
    }
}

#[test]
fn what_is_printed_is_read_back_with_all_operators() {
    for base in [
        "{}",
        "accessLogFormat: '%RESPONSE_CODE% %REQ(:PATH)%'",
        "accessLogEncoding: JSON\naccessLogFormat: '{\"code\":\"%RESPONSE_CODE%\"}'",
        include_str!("../../../../../tests/fixtures/manifests/mesh-attempt-count.yaml"),
    ] {
        let printed = printed(&mesh(base), &asked(false));
        for document in &printed[..2] {
            prints_everything(&fallback(&mesh(document)).unwrap());
        }
        let providers = mesh(&printed[2]);
        for name in [NAME, &json_name()] {
            let default = vec![name.to_owned()];
            let mesh = MeshConfig { default_access_logging: default, ..providers.clone() };
            let loggers = loggers_of_mesh(&mesh);
            assert_eq!(loggers[0].logger.provider.as_deref(), Some(name));
            prints_everything(file(&loggers[0].logger).unwrap());
        }
    }
}

#[test]
fn printing_again_changes_nothing() {
    let once = printed(&MeshConfig::default(), &asked(false));
    let again = printed(&mesh(&once[0]), &asked(false));
    assert_eq!(once[0], again[0]);
    let again = printed(&mesh(&once[1]), &asked(false));
    assert_eq!(once[1], again[1]);
}

#[test]
fn a_telemetry_takes_the_provider_for_the_mesh_or_for_proxies() {
    let telemetry = |asked: &Asked<'_>| documents(&MeshConfig::default(), asked).unwrap().remove(3);
    let wide = telemetry(&asked(true)).document;
    assert_eq!(wide["metadata"]["namespace"], "istio-system");
    assert_eq!(
        wide["spec"]["accessLogging"][0],
        json!({
            "providers": [{"name": "logcollector"}],
            "filter": {"expression": filter::KEEP_EXPRESSION},
        })
    );
    let labels = Selected([("app".to_owned(), "reviews".to_owned())].into());
    let narrow = telemetry(&Asked { selector: Some(&labels), ..asked(false) }).document;
    assert_eq!(narrow["metadata"], json!({"name": "logcollector"}));
    assert_eq!(
        narrow["spec"],
        json!({
            "selector": {"matchLabels": {"app": "reviews"}},
            "accessLogging": [{"providers": [{"name": "logcollector"}]}],
        })
    );
}
