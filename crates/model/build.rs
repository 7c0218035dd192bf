//! Makes cargo embed the migrations anew when one of them changes, is added or is removed.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    watch(Path::new("migrations"));
}

/// Cargo checks the time of a folder itself only, so every folder and file below is named.
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            watch(&entry.path());
        } else {
            println!("cargo::rerun-if-changed={}", entry.path().display());
        }
    }
}
