//! Scripts, styles and icons, embedded in the program.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../templates/pages/assets"]
struct Assets;

/// An embedded file.
pub(crate) struct Asset {
    pub(crate) bytes: std::borrow::Cow<'static, [u8]>,
    /// The start of its SHA-256 in hex: changes with its content.
    pub(crate) version: String,
    pub(crate) content_type: &'static str,
}

/// The file of this name, if there is one.
pub(crate) fn asset(name: &str) -> Option<Asset> {
    let content_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let file = Assets::get(name)?;
    let version = file.metadata.sha256_hash()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(Asset {
        bytes: file.data,
        version,
        content_type,
    })
}

/// The names of all of them.
#[cfg(test)]
pub(crate) fn names() -> Vec<String> {
    Assets::iter().map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_content_type() {
        assert!(names().len() >= 5);
        for name in names() {
            assert!(asset(&name).is_some(), "{name}");
        }
        assert!(asset("../layout.html").is_none());
        assert!(asset("none").is_none());
    }
}
