//! The pages are embedded from `web/dist`, which npm builds and git does not keep. An empty folder
//! stands in for it, so that the server builds without npm (and says so instead of the pages).

fn main() {
    let dist = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web/dist");
    if let Err(error) = std::fs::create_dir_all(&dist) {
        println!("cargo::warning=web/dist cannot be made: {error}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../../web/dist");
}
