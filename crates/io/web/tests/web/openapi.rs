//! A small checker: is this answer one that the document describes?

use serde_json::{Map, Value};

/// The API's description.
pub(crate) struct Spec(pub(crate) Value);

impl Spec {
    pub(crate) fn load() -> Self {
        Self(serde_json::from_str(&palco_web::openapi_json()).unwrap())
    }

    /// The operation for a request; none if the path is not of the API.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let matching = self.0["paths"].as_object().unwrap().iter().filter(|(template, _)| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
        });
        // A path that is written out wins over one with parameters.
        let best = matching.min_by_key(|(template, _)| template.matches('{').count())?;
        best.1.get(method.to_lowercase())
    }

    /// Panics unless the document describes this answer.
    pub(crate) fn check_answer(
        &self,
        method: &str,
        path: &str,
        status: u16,
        kind: Option<&str>,
        body: &[u8],
    ) {
        let Some(operation) = self.operation(method, path) else { return };
        let responses = &operation["responses"];
        let response = responses.get(status.to_string()).or_else(|| responses.get("default"));
        let what = format!("{method} {path} → {status}");
        let response = response.unwrap_or_else(|| panic!("{what} is not described"));
        if status < 400 {
            assert!(responses.get(status.to_string()).is_some(), "{what} is only described as a refusal");
        }
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            assert!(body.is_empty(), "{what} is described without a body");
            return;
        };
        if method == "HEAD" || status == 304 {
            return;
        }
        let kind = kind.unwrap_or_default().split(';').next().unwrap();
        let described =
            content.get(kind).unwrap_or_else(|| panic!("{what}: {kind:?} is not described: {content:?}"));
        if kind == "application/json" {
            let value = serde_json::from_slice(body).unwrap_or_else(|e| panic!("{what}: {e}"));
            self.check(&described["schema"], &value, &what);
        }
    }

    /// Panics unless the document describes this request.
    pub(crate) fn check_request(&self, method: &str, path: &str, body: &Value) {
        let what = format!("request {method} {path}");
        let operation = self.operation(method, path).unwrap_or_else(|| panic!("{what} is not described"));
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{what} is described without a body");
        self.check(schema, body, &what);
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let target = self.0.pointer(reference.trim_start_matches('#'));
        target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    fn check(&self, schema: &Value, value: &Value, at: &str) {
        if let Err(why) = self.matches(schema, value, at) {
            panic!("{why}");
        }
    }

    fn matches(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = self.resolve(schema);
        for several in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(several).and_then(Value::as_array) {
                let fits: Vec<_> = choices.iter().map(|choice| self.matches(choice, value, at)).collect();
                if fits.iter().any(Result::is_ok) {
                    return Ok(());
                }
                return Err(format!("{at}: {value} is none of {several}: {fits:?}"));
            }
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            all.iter().try_for_each(|part| self.matches(part, value, at))?;
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            return Err(format!("{at}: {value} is not one of {allowed:?}"));
        }
        self.has_type(schema, value, at)?;
        match value {
            Value::Object(object) => self.object(schema, object, at),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(i, item)| self.matches(&schema["items"], item, &format!("{at}[{i}]"))),
            _ => Ok(()),
        }
    }

    fn has_type(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let named = |name: &str| match name {
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            "null" => value.is_null(),
            _ => false,
        };
        let fits = match &schema["type"] {
            Value::String(name) => named(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).any(named),
            _ => true,
        };
        if fits { Ok(()) } else { Err(format!("{at}: {value} is not {}", schema["type"])) }
    }

    fn object(&self, schema: &Value, object: &Map<String, Value>, at: &str) -> Result<(), String> {
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(key) {
                return Err(format!("{at}: {key} is missing"));
            }
        }
        for (key, value) in object {
            let described = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
            match described {
                Some(described) if described.is_object() => {
                    self.matches(described, value, &format!("{at}.{key}"))?;
                }
                Some(Value::Bool(true)) => {}
                // The document says only that it is an object.
                None if schema.get("properties").is_none() => {}
                _ => return Err(format!("{at}: {key} is not described")),
            }
        }
        Ok(())
    }
}

#[test]
fn the_document_is_openapi_3_1_and_whole() {
    let spec = Spec::load();
    assert!(spec.0["openapi"].as_str().unwrap().starts_with("3.1"), "{}", spec.0["openapi"]);
    let paths = spec.0["paths"].as_object().unwrap();
    let mut operations = 0;
    for (path, item) in paths {
        for (method, operation) in
            item.as_object().unwrap().iter().filter(|(key, _)| key.as_str() != "parameters")
        {
            let what = format!("{method} {path}");
            operations += 1;
            let said =
                operation["summary"].as_str().or(operation["description"].as_str()).unwrap_or_default();
            assert!(!said.is_empty(), "{what} says nothing");
            assert!(operation["responses"]["default"].is_object(), "{what} cannot be refused");
            let named: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let wanted: Vec<&str> =
                path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named, wanted, "parameters of {what}");
        }
    }
    assert_eq!(operations, 57, "a route was added or lost: say so here");
    // Every reference leads somewhere.
    fn walk(spec: &Spec, value: &Value) {
        match value {
            Value::Object(object) => {
                if object.contains_key("$ref") {
                    spec.resolve(value);
                }
                object.values().for_each(|value| walk(spec, value));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(spec, value)),
            _ => {}
        }
    }
    walk(&spec, &spec.0);
}

#[test]
fn operation_ids_are_unique() {
    let spec = Spec::load();
    let mut seen = std::collections::BTreeMap::new();
    for (path, item) in spec.0["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let what = format!("{method} {path}");
            if let Some(other) = seen.insert(id.clone(), what.clone()) {
                panic!("{id} is {other} and {what}");
            }
        }
    }
}
