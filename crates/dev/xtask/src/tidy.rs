//! House rules that no linter knows.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Waiting by the clock in a test makes it slow on a good day and flaky on a bad one.
const NOT_IN_TESTS: &str = "sleep(";

pub(crate) fn check() -> Result<String, Vec<String>> {
    let files = tracked_files().map_err(|e| vec![e])?;
    let mut faults = Vec::new();
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        faults.extend(faults_in(file, &text));
    }
    if faults.is_empty() { Ok(format!("{} files", files.len())) } else { Err(faults) }
}

fn tracked_files() -> Result<Vec<PathBuf>, String> {
    let output = Command::new("git").args(["ls-files", "-z"]).output().map_err(|e| format!("git: {e}"))?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.split('\0').filter(|n| !n.is_empty()).map(PathBuf::from).collect())
}

fn faults_in(file: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = file.display();
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let this = file.ends_with("tidy.rs");
    if extension == "toml"
        && file.ends_with("Cargo.toml")
        && text.contains("[package]")
        && !text.contains("[lints]\nworkspace = true")
    {
        faults.push(format!("{name}: lacks `[lints] workspace = true`"));
    }
    let is_test = name.to_string().contains("/tests/") || name.to_string().starts_with("e2e/");
    let mut in_test_module = is_test;
    for (number, line) in text.lines().enumerate() {
        in_test_module |= line.trim() == "#[cfg(test)]";
        if matches!(extension, "rs" | "ts") && in_test_module && !this && line.contains(NOT_IN_TESTS) {
            faults.push(format!("{name}:{}: a test that sleeps", number + 1));
        }
        let absolute = ["/work/", "/home/", "/root/"].iter().any(|p| begins_a_path(line, p));
        if absolute && !this {
            faults.push(format!("{name}:{}: an absolute path of a machine", number + 1));
        }
    }
    faults
}

/// Whether `path` stands in the line as the beginning of a path, not in the middle of one.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !".-_}>".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found() {
        let manifest = faults_in(Path::new("crates/x/Cargo.toml"), "[package]\nname = \"x\"\n");
        assert_eq!(manifest.len(), 1);
        let test = faults_in(Path::new("crates/x/tests/a.rs"), "fn a() { std::thread::sleep(d); }");
        assert_eq!(test.len(), 1);
        assert!(faults_in(Path::new("crates/x/src/a.rs"), "fn a() { std::thread::sleep(d); }").is_empty());
        assert_eq!(faults_in(Path::new("a.sh"), "cd /home/me").len(), 1);
        assert!(faults_in(Path::new("a.ts"), "import \"../src/home/page\"").is_empty());
    }
}
