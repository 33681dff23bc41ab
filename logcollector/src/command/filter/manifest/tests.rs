use super::*;

fn configuration(text: &str) -> Configuration {
    Configuration::parse(&Text { name: "test".to_owned(), bytes: text.as_bytes().to_vec() })
        .unwrap()
}

#[test]
fn roles_are_those_of_the_configuration() {
    let both = Configuration::parse(&Text::read(None).unwrap()).unwrap();
    let one = configuration(r#"{"attempts":{}}"#);
    assert_eq!(roles(None, &both, "c").unwrap(), Role::ALL);
    assert_eq!(roles(Some(Role::AccessLog), &both, "c").unwrap(), [Role::AccessLog]);
    assert_eq!(roles(None, &one, "c").unwrap(), [Role::Attempts]);
    let absent = roles(Some(Role::AccessLog), &one, "c");
    assert!(matches!(absent, Err(Error::NoSection { section: "access_log", .. })));
    assert!(matches!(roles(None, &configuration("{}"), "c"), Err(Error::NoSections { .. })));
}

#[test]
fn what_kubectl_keeps_is_the_compact_object_and_a_little_more() {
    let object = json!({"kind": "EnvoyFilter", "metadata": {"name": "logcollector"}});
    let kept =
        json!({"kind": "EnvoyFilter", "metadata": {"annotations": {}, "name": "logcollector"}});
    assert_eq!(kept_by_kubectl(&object), kept.to_string().len() + 1 + ANNOTATION.len());
}
