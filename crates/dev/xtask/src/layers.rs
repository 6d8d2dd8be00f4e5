//! The folder is the layer: `base ← core ← {engine, io} ← app`; `dev` sees all and nobody
//! sees `dev`, but in tests. `io` crates do not see each other (DESIGN.md §2).

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Edges between cores that are allowed: one core speaks in another's words.
const CORE_TO_CORE: &[(&str, &str)] = &[
    // The stage tells the mixer what to draw, in the mixer's own messages.
    ("palco-stage", "palco-mix"),
];

/// What a core must not depend on, directly.
const NOT_IN_CORE: &[&str] =
    &["tokio", "axum", "hyper", "mio", "socket2", "rustix", "libc", "gstreamer", "ureq", "palco-realtime"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layer {
    Base,
    Core,
    Engine,
    Io,
    App,
    Dev,
}

pub(crate) fn check() -> Result<String, Vec<String>> {
    let metadata = metadata().map_err(|e| vec![e])?;
    let faults = faults(&metadata);
    if faults.is_empty() {
        let count = metadata["packages"].as_array().map_or(0, Vec::len);
        Ok(format!("{count} crates keep to the picture in DESIGN.md §2"))
    } else {
        Err(faults)
    }
}

fn metadata() -> Result<Value, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))
}

fn layer_of(package: &Value) -> Option<Layer> {
    let manifest = package["manifest_path"].as_str()?;
    let inside = manifest.rsplit_once("/crates/")?.1;
    match inside.split('/').next()? {
        "base" => Some(Layer::Base),
        "core" => Some(Layer::Core),
        "engine" => Some(Layer::Engine),
        "io" => Some(Layer::Io),
        "app" => Some(Layer::App),
        "dev" => Some(Layer::Dev),
        _ => None,
    }
}

fn faults(metadata: &Value) -> Vec<String> {
    let empty = Vec::new();
    let packages = metadata["packages"].as_array().unwrap_or(&empty);
    let mut layers = BTreeMap::new();
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        match layer_of(package) {
            Some(layer) => drop(layers.insert(name.to_owned(), layer)),
            None => faults.push(format!("{name} is in no layer's folder")),
        }
    }
    for package in packages {
        let from = package["name"].as_str().unwrap_or_default();
        let Some(&layer) = layers.get(from) else { continue };
        for dependency in package["dependencies"].as_array().unwrap_or(&empty) {
            let to = dependency["name"].as_str().unwrap_or_default();
            let in_tests = dependency["kind"] == "dev";
            if layer == Layer::Core && !in_tests && NOT_IN_CORE.contains(&to) {
                faults.push(format!("{from} is a core and must not depend on {to}"));
            }
            let Some(&target) = layers.get(to) else { continue };
            if !allowed((from, layer), (to, target), in_tests) {
                faults.push(format!("{from} ({layer:?}) must not depend on {to} ({target:?})"));
            }
        }
    }
    faults
}

fn allowed((from, layer): (&str, Layer), (to, target): (&str, Layer), in_tests: bool) -> bool {
    use Layer::{App, Base, Core, Dev, Engine, Io};
    match (layer, target) {
        (_, Dev) => layer == Dev || in_tests,
        (Dev, _) | (Core | Engine | Io | App, Base) | (Engine | Io | App, Core) | (App, Io) => true,
        (Core, Core) => CORE_TO_CORE.contains(&(from, to)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workspace(edges: &[(&str, &str, &str)]) -> Value {
        let folders = [
            ("palco-base", "base"),
            ("palco-mix", "core/mix"),
            ("palco-stage", "core/stage"),
            ("palco-web", "io/web"),
            ("palco-net", "io/net"),
            ("palco-mixer", "engine/mixer"),
            ("palco", "app/palco"),
            ("palco-netem", "dev/netem"),
        ];
        let packages: Vec<Value> = folders
            .iter()
            .map(|(name, folder)| {
                let dependencies: Vec<Value> = edges
                    .iter()
                    .filter(|(from, ..)| from == name)
                    .map(|(_, to, kind)| json!({"name": to, "kind": if kind.is_empty() { Value::Null } else { json!(kind) }}))
                    .collect();
                json!({"name": name, "manifest_path": format!("/x/crates/{folder}/Cargo.toml"), "dependencies": dependencies})
            })
            .collect();
        json!({ "packages": packages })
    }

    #[test]
    fn the_picture_is_allowed() {
        let edges = [
            ("palco-stage", "palco-mix", ""),
            ("palco-mix", "palco-base", ""),
            ("palco-web", "palco-stage", ""),
            ("palco-mixer", "palco-mix", ""),
            ("palco", "palco-web", ""),
            ("palco-mix", "palco-netem", "dev"),
        ];
        assert_eq!(faults(&workspace(&edges)), Vec::<String>::new());
    }

    #[test]
    fn each_edge_outside_the_picture_is_named() {
        for edge in [
            ("palco-web", "palco-net", ""),
            ("palco-mix", "palco-web", ""),
            ("palco-mix", "palco-stage", ""),
            ("palco-mixer", "palco-net", ""),
            ("palco", "palco-mixer", ""),
            ("palco-web", "palco-netem", ""),
            ("palco-mix", "tokio", ""),
            ("palco-base", "palco-mix", ""),
        ] {
            let found = faults(&workspace(&[edge]));
            assert_eq!(found.len(), 1, "{edge:?}: {found:?}");
            assert!(found[0].contains(edge.0) && found[0].contains(edge.1));
        }
    }
}
