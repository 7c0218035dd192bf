//! A checked description of how one number is read.

use monitor_domain::Number;
use monitor_login::{BodyRule, json_path};
use monitor_requests::Response;

use crate::error::UpstreamError;
use crate::extract::{Extract, Scale};
use crate::request::{Chain, Identity};
use crate::settings::FetchSettings;

/// Where a number comes from: a call to a system, and the way to take the number from the answer.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Name of the system to read from.
    pub system: String,
    /// What is requested.
    pub(crate) chain: Chain,
    /// How the number is taken.
    pub extract: Extract,
    /// What it is multiplied by.
    pub scale: Option<Scale>,
    /// The number counts things, so a negative one (many systems answer -1 for "I do not know") is unreadable.
    pub counts: bool,
    /// What the JSON of a good answer says. Where there is none, that of the system counts.
    pub ok: Option<BodyRule>,
}

impl Fetch {
    /// The reference protocol of Systems A and B: `GET path` answers `{"total": N}` with a count.
    ///
    /// # Panics
    /// Where `path` is none, such as `/api/totals/x`.
    pub fn total(system: &str, path: &str) -> Fetch {
        let settings = FetchSettings {
            system: Some(system.to_owned()),
            path: Some(path.to_owned()),
            ..FetchSettings::default()
        };
        let chain = settings.request().of_fetch(&mut Vec::new());
        Fetch {
            system: system.to_owned(),
            chain: chain.expect("a path of the program"),
            extract: Extract::Value(json_path("$.total").expect("a constant JSONPath")),
            scale: None,
            counts: true,
            ok: None,
        }
    }

    /// Equal for fetches that request the same, whatever each takes from the answer: read at the same time, they share a call.
    pub fn identity(&self) -> &Identity {
        self.chain.identity()
    }

    /// Takes the number from an answer to this call.
    pub(crate) fn read(&self, response: &Response) -> Result<f64, UpstreamError> {
        let number = self.extract.apply(response).and_then(|number| {
            if self.counts && number < 0.0 {
                return Err(format!("{} is negative; a count cannot be", Number(number)));
            }
            self.scale.map_or(Ok(number), |scale| scale.apply(number))
        });
        number.map_err(|why| UpstreamError::answer(&self.system, &self.chain.path, response.masked(&why)))
    }
}
