//! What an object says it is, and the object as a type.

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::error::Problem;
use super::parse::Body;
use crate::config;

impl Body<'_> {
    /// The object as its type.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        match self {
            // The path is only kept track of when something is wrong: it costs a third of the time.
            Self::Json(text) => match serde_json::from_str(text) {
                Ok(object) => Ok(object),
                Err(_) => from_tree(&self.tree()?),
            },
            Self::Tree(value) => from_tree(value),
        }
    }

    /// The object as a tree.
    fn tree(&self) -> Result<Value, Problem> {
        match self {
            Self::Json(text) => serde_json::from_str(text)
                .map_err(|error| Problem::TooMuch { message: error.to_string() }),
            Self::Tree(value) => Ok(value.clone()),
        }
    }

    /// The object as `Kind/namespace/name`, as far as it says.
    pub(super) fn display_name(&self) -> Option<String> {
        let tree = self.tree().ok()?;
        let text = |path: &str| tree.pointer(path).and_then(Value::as_str);
        let parts = ["/kind", "/metadata/namespace", "/metadata/name"];
        let known: Vec<_> = parts.into_iter().filter_map(text).collect();
        (!known.is_empty()).then(|| known.join("/"))
    }
}

/// A value as a type, with the path of what is wrong.
pub(super) fn from_tree<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let mut message = error.inner().to_string();
        if message.starts_with("invalid type: boolean") && message.ends_with("a string") {
            message
                .push_str("; YAML takes unquoted words such as `n`, `on` and `yes` for booleans");
        }
        Problem::Field { path, message }
    })
}

/// What an object is.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
}

impl Head {
    /// The head of an object, `default` where it has none of its own.
    pub(super) fn of(body: &Body<'_>, default: Option<&(String, String)>) -> Result<Self, Problem> {
        let (api_version, kind) = match body {
            Body::Json(text) => {
                let mut head = Peek::default();
                // Stops, with an error, as soon as both are known.
                let _ = (&mut head).deserialize(&mut serde_json::Deserializer::from_str(text));
                if !head.is_object {
                    return Err(Problem::not_an_object(&body.tree()?));
                }
                (head.api_version, head.kind)
            }
            Body::Tree(Value::Object(map))
                if !map.contains_key("kind") && config::is_mesh_configuration(map) =>
            {
                return Err(Problem::MeshConfiguration);
            }
            Body::Tree(Value::Object(map)) => {
                let text = |key| map.get(key).and_then(Value::as_str).map(str::to_owned);
                (text("apiVersion"), text("kind"))
            }
            Body::Tree(value) => return Err(Problem::not_an_object(value)),
        };
        let api_version = api_version.or_else(|| default.map(|default| default.0.clone()));
        let kind = kind.or_else(|| default.map(|default| default.1.clone()));
        Ok(Self {
            api_version: api_version.ok_or(Problem::NoKind { missing: "apiVersion" })?,
            kind: kind.ok_or(Problem::NoKind { missing: "kind" })?,
        })
    }
}

/// Looks for `apiVersion` and `kind` at the start of a JSON object, where kubectl prints them.
#[derive(Default)]
struct Peek {
    is_object: bool,
    api_version: Option<String>,
    kind: Option<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Peek {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Peek {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.is_object = true;
        while self.api_version.is_none() || self.kind.is_none() {
            let Some(key) = map.next_key::<String>()? else { break };
            match key.as_str() {
                "apiVersion" => self.api_version = Some(map.next_value()?),
                "kind" => self.kind = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
