//! Embeds the templates anew when a file is added to them or taken away.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
