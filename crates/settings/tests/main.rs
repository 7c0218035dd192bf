//! All tests of the config in one binary: what is wrong is said, what is right becomes settings, and what is written about it
//! is true.
#![allow(clippy::unwrap_used)]

mod conf_d;
mod documentation;
mod example_config;
mod kinds;
mod lists;
mod made_up;
mod mistakes;
mod mutated;
mod nothing_names_a_kind;
mod paths;
mod reload;
mod schema;
mod schema_check;
mod schema_refuses;
mod settings;

use monitor_settings::{Diagnostics, Kinds, Loaded};

/// Loads a text with the stock kinds.
fn load_str(name: &str, text: &str, env: &[(String, String)]) -> Result<Loaded, Diagnostics> {
    monitor_settings::load_str(name, text, env, &Kinds::stock())
}

/// The stock kinds that the messages in these tests list. A kind that is added to this project changes none of them.
fn listed_kinds() -> Kinds {
    let mut kinds = Kinds::stock();
    let systems = ["system_a", "system_b", "none"];
    let conditions = [
        "rise", "fall", "change", "above", "below", "outside", "when", "no_data",
    ];
    kinds.systems.retain(|kind| systems.contains(&kind.name));
    kinds.channels.retain(|kind| kind.name == "smtp");
    kinds.conditions.retain(|kind| conditions.contains(&kind.name));
    kinds
}

/// Puts a certificate, which is its own authority, into a folder: `ca.pem` and `client.pem`, with its key as `client.key`.
fn write_certificate(folder: &std::path::Path) {
    let params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let issuer = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    for name in ["ca.pem", "client.pem"] {
        std::fs::write(folder.join(name), issuer.pem()).unwrap();
    }
    std::fs::write(folder.join("client.key"), issuer.key().serialize_pem()).unwrap();
}

/// Variables from pairs.
fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}
