//! A checked description of how one number is read.

use std::sync::Arc;

use monitor_domain::Number;
use monitor_login::{BodyRule, json_path};
use monitor_requests::Response;

use crate::error::UpstreamError;
use crate::extract::{Extract, ItemName, Scale};
use crate::items::{ItemList, Items, ListedItem};
use crate::request::{Chain, Identity, bare};
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

    /// The same for one item of the list that this reads.
    #[must_use]
    pub fn of_item(&self, item: ItemName) -> Fetch {
        let extract = match self.list() {
            Some(list) => Extract::Item(Arc::clone(list), item),
            None => self.extract.clone(),
        };
        Fetch {
            extract,
            ..self.clone()
        }
    }

    /// The list that it reads, or an item of.
    pub(crate) fn list(&self) -> Option<&Arc<ItemList>> {
        match &self.extract {
            Extract::List(list) | Extract::Item(list, _) => Some(list),
            _ => None,
        }
    }

    /// Takes the number from an answer to this call.
    pub(crate) fn read(&self, response: &Response) -> Result<f64, UpstreamError> {
        let number = self
            .extract
            .apply(response)
            .and_then(|number| self.scaled(number));
        number.map_err(|why| self.wrong(response.masked(&why)))
    }

    /// Takes the items of a list from one, each with its number.
    pub(crate) fn read_items(&self, list: &ItemList, response: &Response) -> Result<Items, UpstreamError> {
        list.read(response)
            .map_err(|why| self.wrong(response.masked(&why)))
    }

    /// The number of an item.
    ///
    /// # Errors
    /// Why there is none.
    pub fn number_of(&self, item: &ListedItem) -> Result<f64, UpstreamError> {
        let number = item.value.clone().and_then(|number| self.scaled(number));
        number.map_err(|why| self.wrong(format!("item {:?}: {why}", item.key)))
    }

    fn scaled(&self, number: f64) -> Result<f64, String> {
        if self.counts && number < 0.0 {
            return Err(format!("{} is negative; a count cannot be", Number(number)));
        }
        self.scale.map_or(Ok(number), |scale| scale.apply(number))
    }

    /// It was read, and the item is not there.
    pub(crate) fn not_listed(&self, ItemName { key, label }: &ItemName) -> UpstreamError {
        UpstreamError::NotListed {
            system: self.system.clone(),
            path: bare(&self.chain.path),
            key: key.clone(),
            label: label.clone(),
        }
    }

    /// An answer to this call that is not what was due.
    pub(crate) fn wrong(&self, why: String) -> UpstreamError {
        UpstreamError::answer(&self.system, &self.chain.path, why)
    }
}
