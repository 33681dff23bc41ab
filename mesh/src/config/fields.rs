//! Reads JSON as protobuf's JSON mapping does: names in `lowerCamelCase` or `snake_case`, null for
//! absent, unknown names left alone.
//!
//! Follows <https://protobuf.dev/programming-guides/json/>.

use serde_json::{Map, Value};

use crate::describe::describe;

/// A field that cannot be what it is given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: expected {expected}, found {found}")]
pub struct FieldError {
    /// The field, such as `extensionProviders[0].name`; empty for the whole.
    pub path: String,
    /// What was expected.
    pub expected: &'static str,
    /// What was found, in words.
    pub found: String,
}

/// The fields of a JSON object, and which of them were asked for.
pub(super) struct Fields<'v> {
    map: &'v Map<String, Value>,
    path: String,
    asked: Vec<&'v str>,
}

/// A value and its path.
pub(super) struct Field<'v> {
    pub(super) value: &'v Value,
    pub(super) path: String,
}

impl<'v> Field<'v> {
    /// The error that this field is not `expected`.
    pub(super) fn error(&self, expected: &'static str) -> FieldError {
        FieldError { path: self.path.clone(), expected, found: describe(self.value) }
    }

    /// The field as a string.
    fn text(&self) -> Result<String, FieldError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.error("a string"))
    }

    /// The field as an object.
    pub(super) fn fields(&self) -> Result<Fields<'v>, FieldError> {
        let map = self.value.as_object().ok_or_else(|| self.error("an object"))?;
        Ok(Fields { map, path: self.path.clone(), asked: Vec::new() })
    }
}

impl<'v> Fields<'v> {
    /// The fields of `value`, which stands at `path`.
    pub(super) fn of(value: &'v Value, path: &str) -> Result<Self, FieldError> {
        Field { value, path: path.to_owned() }.fields()
    }

    /// The path of the field `key`.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The field by its name in `lowerCamelCase`; `None` where it is left out or null.
    pub(super) fn get(&mut self, name: &str) -> Result<Option<Field<'v>>, FieldError> {
        let snake = snake_case(name);
        let keys = if snake == name { vec![name] } else { vec![name, snake.as_str()] };
        let mut found: Option<Field<'v>> = None;
        for key in keys {
            let Some((key, value)) = self.map.get_key_value(key) else { continue };
            self.asked.push(key);
            let field = Field { value, path: self.path_of(key) };
            if found.is_some() {
                let text = "the field in both spellings, `camelCase` and `snake_case`".to_owned();
                return Err(FieldError { path: field.path, expected: "it once", found: text });
            }
            found = Some(field);
        }
        Ok(found.filter(|field| !field.value.is_null()))
    }

    /// A string.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, FieldError> {
        self.get(name)?.map(|field| field.text()).transpose()
    }

    /// A boolean.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, FieldError> {
        let flag =
            |field: Field<'v>| field.value.as_bool().ok_or_else(|| field.error("true or false"));
        self.get(name)?.map(flag).transpose()
    }

    /// An unsigned number of 32 bits, which may be written as a string.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u32>, FieldError> {
        let Some(field) = self.get(name)? else { return Ok(None) };
        let number = match field.value {
            Value::String(text) => text.parse().ok(),
            value => whole(value).and_then(|number| u32::try_from(number).ok()),
        };
        number.map(Some).ok_or_else(|| field.error("a number from 0 to 4294967295"))
    }

    /// The items of a list; `None` where it is left out.
    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Field<'v>>>, FieldError> {
        let Some(field) = self.get(name)? else { return Ok(None) };
        let items = field.value.as_array().ok_or_else(|| field.error("a list"))?;
        let item = |(index, value)| Field { value, path: format!("{}[{index}]", field.path) };
        Ok(Some(items.iter().enumerate().map(item).collect()))
    }

    /// The strings of a list; `None` where it is left out.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, FieldError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        items.iter().map(Field::text).collect::<Result<_, _>>().map(Some)
    }

    /// The names that were never asked for.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &'v str> + use<'_, 'v> {
        self.map.keys().map(String::as_str).filter(|key| !self.asked.contains(key))
    }
}

/// A whole number, also when it is written like `15.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // The cast is exact: the range is that of `u32`.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the number is whole and between 0 and 4294967295"
        )]
        (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
            .then_some(number as u64)
    })
}

/// `accessLogFile` as `access_log_file`.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
